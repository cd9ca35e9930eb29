#include <vector>

#include "controller/cli/commands/commands.h"
#include "controller/cli/render/format.h"
#include "controller/cli/render/listings.h"
#include "controller/cli/render/text.h"
#include "controller/cli/screen.h"

namespace drover::cli {
namespace {

using Snapshots = v1::SnapshotService::Stub;

struct SnapshotArgs {
  std::string cluster;
  std::string name;
};

std::string Progress(const v1::Snapshot& snapshot) {
  return "snapshot " + Sanitize(snapshot.name()) + " " + Sanitize(snapshot.state()) +
         HowFar(snapshot);
}

// Progress goes to stderr: in place on a terminal, else a line where it has changed.
class ProgressPrinter {
 public:
  explicit ProgressPrinter(Session& session) : session_(session) {
    const Environment& env = session.env();
    if (env.err_is_terminal && env.variable("TERM") != "dumb") screen_.emplace(*env.err);
  }

  void Tell(const v1::Snapshot& snapshot) {
    const std::string text = Progress(snapshot);
    if (text == last_) return;
    last_ = text;
    if (screen_) {
      screen_->Draw(Truncate(text, session_.ErrView().width - 1) + "\n");
    } else {
      session_.Say(text);
    }
  }

 private:
  Session& session_;
  std::optional<Screen> screen_;
  std::string last_;
};

Exit Create(Session& session, const SnapshotArgs& args) {
  grpc::ClientContext context;
  session.SetDeadline(context);
  v1::CreateSnapshotRequest request;
  request.set_cluster(args.cluster);
  request.set_name(args.name);
  const auto reader = session.connection().snapshots().CreateSnapshot(&context, request);
  v1::CreateSnapshotResponse response;
  v1::Snapshot last;
  {
    ProgressPrinter progress(session);
    while (reader->Read(&response)) {
      last.Swap(response.mutable_snapshot());
      progress.Tell(last);
    }
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return session.Fail(status);
  const Exit exit = session.Show(last, RenderSnapshot(last, session.OutView()));
  if (exit != Exit::kOk) return exit;
  return last.state() == "SUCCESS" ? Exit::kOk : Exit::kFailed;
}

Exit List(Session& session, const SnapshotArgs& args) {
  v1::ListSnapshotsRequest request;
  request.set_cluster(args.cluster);
  v1::ListSnapshotsResponse response;
  const grpc::Status status =
      session.Call(session.connection().snapshots(), &Snapshots::ListSnapshots, request, response);
  if (!status.ok()) return session.Fail(status);
  for (const std::string& problem : response.unreadable()) {
    session.Say(Sanitize(problem), Tone::kWarn);
  }
  return session.Show(response, RenderSnapshots(response.snapshots(), session.OutView()));
}

Exit ShowOne(Session& session, const SnapshotArgs& args) {
  v1::GetSnapshotRequest request;
  request.set_cluster(args.cluster);
  request.set_name(args.name);
  v1::GetSnapshotResponse response;
  const grpc::Status status =
      session.Call(session.connection().snapshots(), &Snapshots::GetSnapshot, request, response);
  if (!status.ok()) return session.Fail(status);
  return session.Show(response.snapshot(), RenderSnapshot(response.snapshot(), session.OutView()));
}

Exit Verify(Session& session, const SnapshotArgs& args) {
  v1::VerifyRepositoryRequest request;
  request.set_cluster(args.cluster);
  v1::VerifyRepositoryResponse response;
  const grpc::Status status =
      session.Call(session.connection().snapshots(), &Snapshots::VerifyRepository, request,
                   response, kObserveTimeout);
  if (!status.ok()) return session.Fail(status);
  Lines lines;
  const int verified = response.verified_nodes_size();
  const int all = verified + response.missing_nodes_size();
  lines.emplace_back("repository " + Sanitize(response.repository()) + " (" +
                     Sanitize(response.type()) + "): verified by " + std::to_string(verified) +
                     " of " + Count(static_cast<size_t>(all), "node"));
  for (const std::string& node : response.verified_nodes()) {
    lines.push_back(Line("  ✔ ", Tone::kGood).Add(Sanitize(node)));
  }
  for (const std::string& node : response.missing_nodes()) {
    lines.push_back(Line("  ✖ ", Tone::kBad).Add(Sanitize(node) + " did not verify it"));
  }
  const Exit exit = session.Show(response, lines);
  if (exit != Exit::kOk) return exit;
  return response.missing_nodes().empty() ? Exit::kOk : Exit::kRefused;
}

}  // namespace

void AddSnapshots(CLI::App& app, Command& selected) {
  CLI::App* group = app.add_subcommand("snapshot", "Snapshots of a cluster");
  group->require_subcommand(1);
  auto args = std::make_shared<SnapshotArgs>();
  const auto add = [&](const std::string& name, const std::string& what,
                       Exit (*run)(Session&, const SnapshotArgs&)) {
    CLI::App* sub = group->add_subcommand(name, what);
    AddName(sub, "cluster", args->cluster, "CLUSTER", "The cluster");
    OnRun(sub, selected, args, run);
    return sub;
  };
  add("create", "Take a snapshot of the whole cluster", &Create)
      ->add_option("--name", args->name, "Its name (default drover-<time>)");
  add("ls", "The snapshots in its repository", &List);
  CLI::App* show = add("show", "One snapshot", &ShowOne);
  AddName(show, "snapshot", args->name, "SNAPSHOT", "The snapshot");
  add("verify", "Register the repository where it is missing; every node writes to it and reads",
      &Verify);
  AddRestores(*group, selected);
}

}  // namespace drover::cli
