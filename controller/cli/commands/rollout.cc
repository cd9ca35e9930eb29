#include "controller/cli/render/rollout.h"
#include "controller/cli/commands/commands.h"
#include "controller/cli/render/format.h"
#include "controller/cli/render/listings.h"
#include "controller/cli/render/text.h"
#include "controller/cli/watch.h"

namespace drover::cli {
namespace {

using Rollouts = v1::RolloutService::Stub;

struct RolloutArgs {
  std::string id;
  std::string cluster;
  std::string reason;
  std::string skip;
  uint64_t since = 0;
  bool watch = false;
  bool through_pauses = false;
};

Exit List(Session& session, const RolloutArgs& args) {
  v1::ListRolloutsRequest request;
  request.set_cluster(args.cluster);
  v1::ListRolloutsResponse response;
  const grpc::Status status =
      session.Call(session.connection().rollouts(), &Rollouts::ListRollouts, request, response);
  if (!status.ok()) return session.Fail(status);
  return session.Show(response, RenderRollouts(response.rollouts(), session.OutView()));
}

grpc::Status Get(Session& session, const std::string& id, v1::Rollout& rollout) {
  v1::GetRolloutRequest request;
  request.set_id(id);
  v1::GetRolloutResponse response;
  const grpc::Status status =
      session.Call(session.connection().rollouts(), &Rollouts::GetRollout, request, response);
  rollout.Swap(response.mutable_rollout());
  return status;
}

Exit ShowOne(Session& session, const RolloutArgs& args) {
  v1::Rollout rollout;
  const grpc::Status status = Get(session, args.id, rollout);
  if (!status.ok()) return session.Fail(status);
  return session.Show(rollout, RenderRollout(rollout, session.OutView()));
}

Exit WatchOne(Session& session, const RolloutArgs& args) {
  // The whole id from its beginning, and a plain error where there is no such rollout.
  v1::Rollout rollout;
  const grpc::Status status = Get(session, args.id, rollout);
  if (!status.ok()) return session.Fail(status);
  WatchOptions options;
  options.id = rollout.id();
  options.since = args.since;
  options.through_pauses = args.through_pauses;
  return Watch(session, options);
}

template <typename Request, typename Response>
Exit Control(Session& session, const RolloutArgs& args, Request request,
             grpc::Status (Rollouts::*method)(grpc::ClientContext*, const Request&, Response*)) {
  request.set_id(args.id);
  Response response;
  const grpc::Status status =
      session.Call(session.connection().rollouts(), method, request, response);
  if (!status.ok()) return session.Fail(status);
  const v1::Rollout& rollout = response.rollout();
  if (args.watch) {
    WatchOptions options;
    options.id = rollout.id();
    options.since = rollout.sequence();
    if (rollout.state() == v1::ROLLOUT_STATE_PAUSED) options.resumed_at = rollout.sequence();
    return Watch(session, options);
  }
  Line line("rollout " + Sanitize(rollout.id()) + " ");
  line.Add(StateBadge(rollout.state()));
  if (!rollout.reason().empty()) line.Add(": " + Sanitize(rollout.reason()));
  const Exit exit = session.Show(rollout, {line});
  if (!HasEnded(rollout.state())) {
    session.Say("look with: drover rollout watch " + rollout.id());
  }
  return exit;
}

Exit Pause(Session& session, const RolloutArgs& args) {
  return Control(session, args, v1::PauseRolloutRequest(), &Rollouts::PauseRollout);
}

Exit Resume(Session& session, const RolloutArgs& args) {
  v1::ResumeRolloutRequest request;
  request.set_skip(args.skip);
  return Control(session, args, request, &Rollouts::ResumeRollout);
}

Exit Approve(Session& session, const RolloutArgs& args) {
  return Control(session, args, v1::ApproveRolloutRequest(), &Rollouts::ApproveRollout);
}

Exit Abort(Session& session, const RolloutArgs& args) {
  v1::AbortRolloutRequest request;
  request.set_reason(args.reason);
  return Control(session, args, request, &Rollouts::AbortRollout);
}

CLI::App* AddOne(CLI::App* group, Command& selected, std::shared_ptr<RolloutArgs> args,
                 const std::string& name, const std::string& what,
                 Exit (*run)(Session&, const RolloutArgs&)) {
  CLI::App* sub = group->add_subcommand(name, what);
  AddName(sub, "id", args->id, "ROLLOUT", "Id of the rollout, or its beginning");
  OnRun(sub, selected, args, run);
  return sub;
}

}  // namespace

void AddRollouts(CLI::App& app, Command& selected) {
  CLI::App* group = app.add_subcommand("rollout", "Rollouts: look at them and steer them");
  group->require_subcommand(1);
  auto args = std::make_shared<RolloutArgs>();
  CLI::App* sub = group->add_subcommand("ls", "All rollouts, the newest first");
  sub->add_option("--cluster", args->cluster, "Only those of this cluster")->type_name("CLUSTER");
  OnRun(sub, selected, args, &List);
  AddOne(group, selected, args, "show", "How a rollout stands", &ShowOne);
  sub = AddOne(group, selected, args, "watch", "Follow a rollout to its end", &WatchOne);
  sub->add_option("--since", args->since, "Only events after this sequence number")->type_name("N");
  sub->add_flag("--through-pauses", args->through_pauses,
                "Go on while it is paused, instead of ending with exit code 5");
  AddOne(group, selected, args, "pause", "Stop before the next member", &Pause);
  sub = AddOne(group, selected, args, "resume",
               "Go on after a pause; a failed member is tried again", &Resume);
  sub->add_option("--skip", args->skip, "Go on without this member; it is left as it is")
      ->type_name("MEMBER");
  sub->add_flag("-w,--watch", args->watch, "Then watch it");
  sub = AddOne(group, selected, args, "abort", "End it and put settings back", &Abort);
  sub->add_option("--reason", args->reason, "For the record");
  sub->add_flag("-w,--watch", args->watch, "Then watch it");
  sub = AddOne(group, selected, args, "approve", "Let it go on where it waits for you", &Approve);
  sub->add_flag("-w,--watch", args->watch, "Then watch it");
  auto back = std::make_shared<RollBackArgs>();
  sub = group->add_subcommand("rollback",
                              "Go back to the version before: says how and what it "
                              "costs, asks, does it");
  AddName(sub, "id", back->id, "ROLLOUT", "Id of the rollout to undo, or its beginning");
  sub->add_option(
         "--tier", back->tier,
         "1 rebuild members from their replicas, 2 put cold copies back, 3 a fresh cluster "
         "from the snapshot; default: the best that is open")
      ->type_name("N");
  sub->add_flag("--plan", back->plan_only, "Only say what it would do; start it with drover apply");
  sub->add_flag("-y,--yes", back->yes, "Do not ask");
  sub->add_flag("--detach", back->detach, "Start it and do not watch");
  OnRun(sub, selected, back, &RollBack);
}

}  // namespace drover::cli
