// The ways back of `drover snapshot`: restore, prove, delete, prune.
#include <chrono>
#include <vector>

#include "controller/cli/commands/commands.h"
#include "controller/cli/render/format.h"
#include "controller/cli/render/listings.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

using Snapshots = v1::SnapshotService::Stub;

// Deleting reads and writes the whole repository's index.
constexpr Millis kDeleteTimeout{600'000};

struct RestoreArgs {
  std::string cluster, name, prefix;
  std::vector<std::string> indices;
  uint32_t sample = 3;
  bool global_state = false;
  bool yes = false;
};

struct DeleteArgs {
  std::string cluster;
  std::vector<std::string> names;
  uint32_t keep = 5;
  std::string age;
  bool yes = false;
};

std::string Indexes(int count) {
  return std::to_string(count) + (count == 1 ? " index" : " indexes");
}

std::string Progress(const v1::RestoreProgress& progress) {
  std::string text = Sanitize(progress.text());
  text += HowFar(progress);
  for (const v1::CountedIndex& index : progress.counted()) {
    text +=
        index.closed() ? " · closed, not counted" : " · " + Count(index.documents(), "document");
  }
  return text;
}

// Reads a stream of progress to its end; what was counted stays in `counted`.
template <typename Response>
grpc::Status Follow(Session& session, grpc::ClientReader<Response>& reader,
                    v1::RestoreProgress* all) {
  Response response;
  while (reader.Read(&response)) {
    const v1::RestoreProgress& progress = response.progress();
    session.Say(Progress(progress), progress.counted().empty() ? Tone::kPlain : Tone::kGood);
    for (const v1::CountedIndex& index : progress.counted()) *all->add_counted() = index;
  }
  return reader.Finish();
}

template <typename Request>
Request RequestOf(const RestoreArgs& args) {
  Request request;
  request.set_cluster(args.cluster);
  request.set_name(args.name);
  for (const std::string& index : args.indices) request.add_indices(index);
  request.set_prefix(args.prefix);
  request.set_global_state(args.global_state);
  return request;
}

// What would come back, and what is left alone.
Lines Describe(const v1::PlanRestoreResponse& plan, const RestoreArgs& args) {
  Lines lines;
  lines.push_back(Line("restore of snapshot " + Sanitize(plan.snapshot().name()) + " (" +
                       Sanitize(plan.snapshot().version()) + ") into " + args.cluster));
  for (const v1::RestoredIndex& index : plan.indices()) {
    std::string text = Sanitize(index.name());
    if (index.target() != index.name()) text += " as " + Sanitize(index.target());
    lines.push_back(Line("  + ", Tone::kGood).Add(text));
  }
  for (const v1::LeftIndex& left : plan.left_alone()) {
    lines.push_back(Line("  - ", Tone::kDim)
                        .Add(Sanitize(left.name()) + " is left alone: " + Sanitize(left.reason())));
  }
  if (plan.global_state()) {
    lines.push_back(
        Line("  ! the cluster's settings and templates are replaced by those of the "
             "snapshot",
             Tone::kBad));
  }
  return lines;
}

Exit Restore(Session& session, const RestoreArgs& args) {
  if (const Status can = session.CanConfirm(args.yes); !can.ok()) return session.Fail(can);
  v1::PlanRestoreResponse plan;
  const grpc::Status planned =
      session.Call(session.connection().snapshots(), &Snapshots::PlanRestore,
                   RequestOf<v1::PlanRestoreRequest>(args), plan, kObserveTimeout);
  if (!planned.ok()) return session.Fail(planned);
  session.SayLines(Describe(plan, args));
  if (!session.Confirm(
          "\nrestore " + Indexes(plan.indices_size()) + " into " + args.cluster + " now?",
          args.yes)) {
    session.Say("not begun: nothing was changed");
    return Exit::kError;
  }
  auto request = RequestOf<v1::RestoreSnapshotRequest>(args);
  // What was shown is what comes back, also where an index was made meanwhile.
  request.clear_indices();
  for (const v1::RestoredIndex& index : plan.indices()) request.add_indices(index.name());
  grpc::ClientContext context;
  session.SetDeadline(context);
  const Interrupts::Scope scope(*session.env().interrupts, [&context] { context.TryCancel(); });
  const auto reader = session.connection().snapshots().RestoreSnapshot(&context, request);
  v1::RestoreProgress all;
  const grpc::Status status = Follow(session, *reader, &all);
  if (status.error_code() == grpc::StatusCode::CANCELLED) {
    session.Say("left: the restore goes on in the cluster; drover index ls " + args.cluster +
                " shows what is there");
    return Exit::kWatchEnded;
  }
  if (!status.ok()) return session.Fail(status);
  return session.Show(all, RenderCounted(all.counted(), session.OutView()));
}

Exit Prove(Session& session, const RestoreArgs& args) {
  v1::ProveSnapshotRequest request;
  request.set_cluster(args.cluster);
  request.set_name(args.name);
  request.set_sample(args.sample);
  grpc::ClientContext context;
  session.SetDeadline(context);
  const Interrupts::Scope scope(*session.env().interrupts, [&context] { context.TryCancel(); });
  const auto reader = session.connection().snapshots().ProveSnapshot(&context, request);
  v1::RestoreProgress all;
  const grpc::Status status = Follow(session, *reader, &all);
  if (status.error_code() == grpc::StatusCode::CANCELLED) {
    session.Say("left: what was restored for the proof is deleted");
    return Exit::kWatchEnded;
  }
  if (!status.ok()) return session.Fail(status);
  const Exit exit = session.Show(all, RenderCounted(all.counted(), session.OutView()));
  if (exit == Exit::kOk) {
    session.Say(
        "proven: " + Indexes(all.counted_size()) + " of snapshot " + args.name + " came back whole",
        Tone::kGood);
  }
  return exit;
}

Exit DeleteNamed(Session& session, const DeleteArgs& args, const std::vector<std::string>& names) {
  if (!session.Confirm(
          "\ndelete " + Count(names.size(), "snapshot") + " of " + args.cluster + " for good?",
          args.yes)) {
    session.Say("nothing was deleted");
    return Exit::kError;
  }
  v1::DeleteSnapshotsRequest request;
  request.set_cluster(args.cluster);
  for (const std::string& name : names) request.add_names(name);
  v1::DeleteSnapshotsResponse response;
  const grpc::Status status =
      session.Call(session.connection().snapshots(), &Snapshots::DeleteSnapshots, request, response,
                   kDeleteTimeout);
  if (!status.ok()) return session.Fail(status);
  Lines lines;
  for (const std::string& name : response.deleted()) {
    lines.push_back(Line("deleted ").Add(Sanitize(name), Tone::kBold));
  }
  for (const std::string& repository : response.unregistered()) {
    lines.push_back(Line("unregistered its repository ").Add(Sanitize(repository)));
  }
  return session.Show(response, lines);
}

Exit Delete(Session& session, const DeleteArgs& args) {
  if (const Status can = session.CanConfirm(args.yes); !can.ok()) return session.Fail(can);
  for (const std::string& name : args.names) session.Say("  " + name);
  return DeleteNamed(session, args, args.names);
}

Exit Prune(Session& session, const DeleteArgs& args) {
  if (const Status can = session.CanConfirm(args.yes); !can.ok()) return session.Fail(can);
  v1::ListExpiredSnapshotsRequest request;
  request.set_cluster(args.cluster);
  request.set_keep(args.keep);
  if (!args.age.empty()) {
    const std::optional<Millis> age = ParseDuration(args.age);
    if (!age) {
      return session.Fail("--older-than `" + args.age + "` is no duration; for example 12h, 720h");
    }
    request.mutable_age()->set_seconds(age->count() / 1000);
  }
  v1::ListExpiredSnapshotsResponse response;
  const grpc::Status status = session.Call(session.connection().snapshots(),
                                           &Snapshots::ListExpiredSnapshots, request, response);
  if (!status.ok()) return session.Fail(status);
  for (const std::string& problem : response.unreadable()) {
    session.Say(Sanitize(problem), Tone::kWarn);
  }
  if (response.snapshots().empty()) {
    session.Say("nothing to delete: of the snapshots that Drover took the newest " +
                Count(args.keep, "whole one") + (args.keep == 1 ? " stays" : " stay"));
    return Exit::kOk;
  }
  session.SayLines(RenderSnapshots(response.snapshots(), session.ErrView()));
  std::vector<std::string> names;
  for (const v1::Snapshot& snapshot : response.snapshots()) names.push_back(snapshot.name());
  return DeleteNamed(session, args, names);
}

CLI::App* AddRestore(CLI::App& group, Command& selected, const std::string& name,
                     const std::string& what, Exit (*run)(Session&, const RestoreArgs&),
                     const std::shared_ptr<RestoreArgs>& args) {
  CLI::App* sub = group.add_subcommand(name, what);
  AddName(sub, "cluster", args->cluster, "CLUSTER", "The cluster");
  AddName(sub, "snapshot", args->name, "SNAPSHOT", "The snapshot");
  OnRun(sub, selected, args, run);
  return sub;
}

}  // namespace

void AddRestores(CLI::App& group, Command& selected) {
  auto restore = std::make_shared<RestoreArgs>();
  CLI::App* sub = AddRestore(group, selected, "restore", "Bring indexes back", &Restore, restore);
  sub->add_option("indices", restore->indices, "Indexes (default all that the cluster lacks)")
      ->type_name("INDEX");
  sub->add_option("--prefix", restore->prefix,
                  "Put before each name: restores beside what is there")
      ->type_name("TEXT");
  sub->add_flag("--global-state", restore->global_state,
                "Settings and templates of the cluster too");
  sub->add_flag("-y,--yes", restore->yes, "Do not ask");

  restore = std::make_shared<RestoreArgs>();
  sub = AddRestore(group, selected, "prove", "Restore a sample beside, count it, delete it", &Prove,
                   restore);
  sub->add_option("--sample", restore->sample, "How many indexes (3)")->check(CLI::Range(1, 100));

  auto removal = std::make_shared<DeleteArgs>();
  sub = group.add_subcommand("delete", "Delete snapshots");
  AddName(sub, "cluster", removal->cluster, "CLUSTER", "The cluster");
  sub->add_option("snapshots", removal->names, "The snapshots")->type_name("SNAPSHOT")->required();
  sub->add_flag("-y,--yes", removal->yes, "Do not ask");
  OnRun(sub, selected, removal, &Delete);

  removal = std::make_shared<DeleteArgs>();
  sub = group.add_subcommand("prune", "Delete old snapshots that Drover took");
  AddName(sub, "cluster", removal->cluster, "CLUSTER", "The cluster");
  sub->add_option("--keep", removal->keep, "Whole ones that stay, the newest (5)")
      ->check(CLI::Range(1, 10'000));
  sub->add_option("--older-than", removal->age, "Only those older than this")
      ->type_name("DURATION");
  sub->add_flag("-y,--yes", removal->yes, "Do not ask");
  OnRun(sub, selected, removal, &Prune);
}

}  // namespace drover::cli
