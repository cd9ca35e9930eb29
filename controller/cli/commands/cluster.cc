#include <sys/stat.h>

#include <vector>

#include "common/base/files.h"
#include "controller/cli/commands/commands.h"
#include "controller/cli/render/checks.h"
#include "controller/cli/render/listings.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

using Clusters = v1::ClusterService::Stub;

struct ClusterArgs {
  std::string name;
  std::string file;
  std::string to;
  std::string image;
  WaiveArgs waive;
  bool list = false;
  bool force = false;
};

Exit List(Session& session, const ClusterArgs&) {
  v1::ListClustersResponse response;
  const grpc::Status status = session.Call(session.connection().clusters(), &Clusters::ListClusters,
                                           v1::ListClustersRequest(), response);
  if (!status.ok()) return session.Fail(status);
  return session.Show(response, RenderClusters(response.clusters(), session.OutView()));
}

Exit ShowOne(Session& session, const ClusterArgs& args) {
  v1::GetClusterRequest request;
  request.set_name(args.name);
  v1::GetClusterResponse response;
  const grpc::Status status =
      session.Call(session.connection().clusters(), &Clusters::GetCluster, request, response);
  if (!status.ok()) return session.Fail(status);
  return session.Show(response.cluster(), RenderCluster(response.cluster(), session.OutView()));
}

Exit ListChecks(Session& session) {
  v1::ListChecksResponse response;
  const grpc::Status status = session.Call(session.connection().clusters(), &Clusters::ListChecks,
                                           v1::ListChecksRequest(), response);
  if (!status.ok()) return session.Fail(status);
  return session.Show(response, RenderDefinitions(response.checks(), session.OutView()));
}

Exit Check(Session& session, const ClusterArgs& args) {
  if (args.list) return ListChecks(session);
  if (args.name.empty()) {
    return session.Fail("which cluster? drover cluster check CLUSTER; --list shows all checks");
  }
  v1::CheckClusterRequest request;
  request.set_name(args.name);
  request.set_to_version(args.to);
  request.set_image(args.image);
  for (const std::string& check : args.waive.checks) request.add_waive(check);
  request.set_waive_reason(args.waive.reason);
  v1::CheckClusterResponse response;
  const grpc::Status status = session.Call(session.connection().clusters(), &Clusters::CheckCluster,
                                           request, response, kObserveTimeout);
  if (!status.ok()) return session.Fail(status);
  View view = session.OutView();
  // Asked for by name, the checks are all worth a line.
  view.verbose = true;
  const Exit exit = session.Show(response, RenderChecks(response.checks(), view));
  if (exit != Exit::kOk) return exit;
  return AnyBlocks(response.checks()) ? Exit::kRefused : Exit::kOk;
}

Exit Apply(Session& session, const ClusterArgs& args) {
  const StatusOr<std::string> text = ReadFile(args.file, 1024 * 1024);
  if (!text.ok()) return session.Fail(text.status());
  v1::ApplyClusterRequest request;
  request.set_file(*text);
  request.set_file_name(args.file);
  v1::ApplyClusterResponse response;
  const grpc::Status status = session.Call(session.connection().clusters(), &Clusters::ApplyCluster,
                                           request, response, kObserveTimeout);
  if (!status.ok()) return session.Fail(status);
  const std::string name = Sanitize(response.cluster().name());
  Lines lines;
  lines.emplace_back("cluster " + name +
                     (response.created()             ? " created"
                      : response.changes_size() == 0 ? " is as it was: nothing has changed"
                                                     : " changed"));
  for (const std::string& change : response.changes()) lines.emplace_back("  " + Sanitize(change));
  lines.emplace_back();
  Append(lines, RenderCluster(response.cluster(), session.OutView()));
  return session.Show(response, lines);
}

std::vector<const v1::DiscoveredCluster*> Choose(const v1::DiscoverClustersResponse& response,
                                                 const std::string& name) {
  std::vector<const v1::DiscoveredCluster*> chosen;
  for (const v1::DiscoveredCluster& cluster : response.clusters()) {
    if (name.empty() || cluster.name() == name) chosen.push_back(&cluster);
  }
  return chosen;
}

std::string Names(const v1::DiscoverClustersResponse& response) {
  std::vector<std::string> names;
  for (const v1::DiscoveredCluster& cluster : response.clusters()) names.push_back(cluster.name());
  return Join(names, ", ");
}

Exit WriteFile(Session& session, const v1::DiscoveredCluster& cluster, const ClusterArgs& args) {
  struct stat existing {};
  if (!args.force && stat(args.file.c_str(), &existing) == 0) {
    return session.Fail(args.file + " is there already; --force replaces it, or name another file");
  }
  const Status written = WriteFileAtomically(args.file, cluster.file());
  if (!written.ok()) return session.Fail(written);
  session.Say("cluster " + cluster.name() + " written to " + args.file +
              "; read it, edit it, then: drover cluster apply " + args.file);
  return Exit::kOk;
}

void SayNotes(Session& session, const v1::DiscoveredCluster& cluster) {
  for (const std::string& note : cluster.notes()) {
    session.Say("to do in " + cluster.name() + ": " + note, Tone::kWarn);
  }
}

Exit Discover(Session& session, const ClusterArgs& args) {
  v1::DiscoverClustersResponse response;
  const grpc::Status status =
      session.Call(session.connection().clusters(), &Clusters::DiscoverClusters,
                   v1::DiscoverClustersRequest(), response, kObserveTimeout);
  if (!status.ok()) return session.Fail(status);
  const auto chosen = Choose(response, args.name);
  if (chosen.empty()) {
    return session.Fail(response.clusters().empty()
                            ? "no OpenSearch node found in the projects of the connected hosts; "
                              "look with: drover host ls"
                            : "no cluster `" + args.name + "` found; found: " + Names(response));
  }
  if (!args.file.empty() && chosen.size() > 1) {
    return session.Fail("more than one cluster found: " + Names(response) +
                        "; name the one to write: drover cluster discover NAME -o " + args.file);
  }
  Lines lines;
  for (const v1::DiscoveredCluster* cluster : chosen) {
    SayNotes(session, *cluster);
    if (!args.file.empty()) return WriteFile(session, *cluster, args);
    if (cluster != chosen.front()) lines.emplace_back("---");
    std::string file = cluster->file();
    if (!file.empty() && file.back() == '\n') file.pop_back();
    lines.emplace_back(Sanitize(file));
  }
  return session.Show(response, lines);
}

}  // namespace

void AddClusters(CLI::App& app, Command& selected) {
  CLI::App* group = app.add_subcommand("cluster", "The clusters that Drover knows");
  group->require_subcommand(1);
  auto args = std::make_shared<ClusterArgs>();
  CLI::App* sub = group->add_subcommand("discover", "Write a cluster file from what agents report");
  sub->add_option("name", args->name, "Only this cluster");
  sub->add_option("-o,--out", args->file, "Write the cluster file here")->type_name("FILE");
  sub->add_flag("--force", args->force, "Replace the file where it exists");
  OnRun(sub, selected, args, &Discover);
  sub = group->add_subcommand("apply", "Make a cluster file known to the controller");
  AddName(sub, "file", args->file, "FILE", "The cluster file");
  OnRun(sub, selected, args, &Apply);
  OnRun(group->add_subcommand("ls", "All clusters"), selected, args, &List);
  sub = group->add_subcommand("show", "One cluster with its members");
  AddName(sub, "name", args->name, "CLUSTER", "The cluster");
  OnRun(sub, selected, args, &ShowOne);
  sub = group->add_subcommand("check", "Preflight alone: verdict, evidence, remedy");
  AddName(sub, "name", args->name, "CLUSTER", "The cluster")->required(false);
  sub->add_option("--to", args->to, "The version to go to")->type_name("VERSION");
  sub->add_option("--image", args->image, "The image to go to")->type_name("REF");
  sub->add_flag("--list", args->list, "Show all checks that there are, of no cluster");
  AddWaive(sub, args->waive);
  OnRun(sub, selected, args, &Check);
  AddAdopt(*group, selected);
}

}  // namespace drover::cli
