#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "common/base/files.h"
#include "controller/cli/commands/commands.h"
#include "controller/cli/output.h"
#include "controller/cli/render/format.h"
#include "controller/cli/render/plan.h"
#include "controller/cli/render/text.h"
#include "controller/cli/watch.h"

namespace drover::cli {
namespace {

using Rollouts = v1::RolloutService::Stub;

constexpr Millis kCalm{10 * 60 * 1000};
constexpr Millis kCalmPoll{2'000};

struct PlanArgs {
  v1::RolloutKind kind = v1::ROLLOUT_KIND_UPGRADE;
  std::string cluster;
  std::string to;
  std::string image;
  std::string strategy = "rolling";
  // Of `restart`: the members; none: all.
  std::vector<std::string> members;
  bool accept_downtime = false;
  // Of `plan -o`.
  std::string out;
  // Of `apply`: a file or an id.
  std::string plan;
  std::vector<std::string> via;
  bool one_hop = false;
  bool accept_no_return = false;
  WaiveArgs waive;
  bool adopt = false;
  bool yes = false;
  bool detach = false;
};

grpc::Status CreatePlan(Session& session, const PlanArgs& args, v1::Plan& plan) {
  v1::CreatePlanRequest request;
  request.set_cluster(args.cluster);
  request.set_kind(args.kind);
  request.set_strategy(args.strategy == "full" ? v1::STRATEGY_FULL : v1::STRATEGY_ROLLING);
  request.set_to_version(args.to);
  request.set_image(args.image);
  request.set_adopt(args.adopt);
  for (const std::string& member : args.members) request.add_members(member);
  request.set_accept_downtime(args.accept_downtime);
  request.set_accept_no_return(args.accept_no_return);
  request.set_follow_path(args.kind == v1::ROLLOUT_KIND_UPGRADE && !args.one_hop && !args.adopt);
  for (const std::string& version : args.via) request.add_via(version);
  for (const std::string& check : args.waive.checks) request.add_waive(check);
  request.set_waive_reason(args.waive.reason);
  v1::CreatePlanResponse response;
  const grpc::Status status = session.Call(session.connection().rollouts(), &Rollouts::CreatePlan,
                                           request, response, kObserveTimeout);
  plan.Swap(response.mutable_plan());
  return status;
}

// With which the way goes on, or begins again, whatever has been done of it.
std::string UpgradeCommand(const PlanArgs& args) {
  std::string command = "drover upgrade " + args.cluster + " --to " + args.to;
  for (const std::string& version : args.via) command += " --via " + version;
  if (!args.image.empty()) command += " --image " + args.image;
  if (args.accept_no_return) command += " --accept-no-return";
  if (args.strategy != "rolling") command += " --strategy " + args.strategy;
  return command;
}

Exit MakePlan(Session& session, const PlanArgs& args) {
  v1::Plan plan;
  const grpc::Status status = CreatePlan(session, args, plan);
  if (!status.ok()) return session.Fail(status);
  if (!args.out.empty()) {
    const Status written = WriteFileAtomically(args.out, ToJson(plan));
    if (!written.ok()) return session.Fail(written);
  }
  const Exit exit = session.Show(plan, RenderPlan(plan, session.OutView()));
  if (exit != Exit::kOk) return exit;
  if (IsBlocked(plan)) return Exit::kRefused;
  session.Say("nothing was changed; start it with: drover apply " +
              (args.out.empty() ? plan.id() : args.out));
  if (plan.hops_size() > 1) {
    session.Say("that is the first of " + std::to_string(plan.hops_size()) +
                " hops; all of them, one after the other: " + UpgradeCommand(args));
  }
  return Exit::kOk;
}

// What the rollout is to be watched from; a started one is watched from its first event.
Exit Follow(Session& session, const PlanArgs& args, const v1::Rollout& rollout) {
  if (args.detach) {
    const Exit exit =
        session.Show(rollout, {Line("rollout " + Sanitize(rollout.id()) + " started")});
    session.Say("look with: drover rollout watch " + rollout.id());
    return exit;
  }
  WatchOptions options;
  options.id = rollout.id();
  return Watch(session, options);
}

Exit Start(Session& session, const PlanArgs& args, const v1::Plan& plan) {
  session.Explain(RenderPlan(plan, session.is_table() ? session.OutView() : session.ErrView()));
  if (IsBlocked(plan)) {
    session.Say("error: refused: a check blocks; nothing was changed", Tone::kBad);
    return Exit::kRefused;
  }
  const std::string versions = Versions(plan.from_version(), plan.to_version());
  if (!session.Confirm("\n" + KindWord(plan.kind()) + " " + plan.cluster() +
                           (versions.empty() ? "" : " " + versions) + " now?",
                       args.yes)) {
    session.Say("not started: nothing was changed; later with: drover apply " + plan.id());
    return Exit::kError;
  }
  v1::StartRolloutRequest request;
  request.set_plan_id(plan.id());
  v1::StartRolloutResponse response;
  const grpc::Status status = session.Call(session.connection().rollouts(), &Rollouts::StartRollout,
                                           request, response, kObserveTimeout);
  if (status.ok()) {
    session.Explain({Line()});
    const Exit exit = Follow(session, args, response.rollout());
    // That is what was asked for; to `rollout watch` it is 6.
    return exit == Exit::kRolledBack ? Exit::kOk : exit;
  }
  const Exit exit = session.Fail(status);
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE ||
      status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    session.Say("it may have begun all the same; look with: drover rollout show " + plan.id());
  }
  return exit;
}

// What can't work is refused before anything is called.
Status CanRun(const Session& session, const PlanArgs& args) {
  if (session.options().format == Format::kNdjson && args.detach) {
    return InvalidArgument("-o ndjson prints events, and --detach waits for none");
  }
  return session.CanConfirm(args.yes);
}

// After a hop shards still move for a while. Where that is all that blocks the plan, it is made
// again until it is over.
grpc::Status CreateNextPlan(Session& session, const PlanArgs& args, v1::Plan& plan) {
  const auto calms_down = [](const v1::Plan& made) {
    return IsBlocked(made) &&
           std::all_of(made.checks().begin(), made.checks().end(), [](const v1::CheckResult& c) {
             return c.verdict() != v1::VERDICT_BLOCK || c.id() == "P2" || c.id() == "P3";
           });
  };
  const auto until = std::chrono::steady_clock::now() + kCalm;
  for (bool said = false;; said = true) {
    plan.Clear();
    const grpc::Status status = CreatePlan(session, args, plan);
    if (!status.ok() || !calms_down(plan) || std::chrono::steady_clock::now() > until) {
      return status;
    }
    if (!said) {
      session.Say("waits for shards that still move after the hop before, at most " +
                  FormatDuration(kCalm) + "; Ctrl-C ends the waiting and changes nothing");
    }
    std::this_thread::sleep_for(kCalmPoll);
  }
}

// Each hop is worked out from what the cluster runs then, so that the same command goes on with a
// way that was left.
Exit Upgrade(Session& session, const PlanArgs& args) {
  const Status can = CanRun(session, args);
  if (!can.ok()) return session.Fail(can);
  int hops = 0;
  for (int hop = 1;; ++hop) {
    v1::Plan plan;
    const grpc::Status status =
        hop == 1 ? CreatePlan(session, args, plan) : CreateNextPlan(session, args, plan);
    if (hop == 1) hops = plan.hops_size();
    const std::string again = hops > 1 ? UpgradeCommand(args) : "";
    const Exit exit = status.ok() ? Start(session, args, plan) : session.Fail(status);
    const bool last = plan.final_version().empty() || args.detach;
    if (exit == Exit::kOk && !last) {
      session.Say("\nhop " + std::to_string(hop) + " of " + std::to_string(hops) +
                  " is done: " + args.cluster + " runs " + plan.to_version() + "; the next hop:");
      continue;
    }
    if (!again.empty() && (exit != Exit::kOk || args.detach)) {
      session.Say("the way has " + std::to_string(hops) +
                  " hops; go on, once nothing runs: " + again);
    }
    return exit;
  }
}

// Tier 0: nothing has to be undone but the rollout itself.
Exit AbortInstead(Session& session, const RollBackArgs& args, const v1::Rollout& rollout) {
  session.Say("rollback of " + rollout.id() + ": tier 0, the new image has opened no volume. " +
              "The rollout is aborted, and members that it stopped start again with the old image. "
              "Nothing is lost.");
  if (args.plan_only) return Exit::kOk;
  if (!session.Confirm("\nabort rollout " + rollout.id() + " now?", args.yes)) return Exit::kError;
  v1::AbortRolloutRequest request;
  request.set_id(rollout.id());
  request.set_reason("rolled back");
  v1::AbortRolloutResponse response;
  const grpc::Status status =
      session.Call(session.connection().rollouts(), &Rollouts::AbortRollout, request, response);
  if (!status.ok()) return session.Fail(status);
  PlanArgs follow;
  follow.detach = args.detach;
  return Follow(session, follow, response.rollout());
}

bool LooksLikePlanId(const std::string& text) {
  return !text.empty() && text.size() <= 8 &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

StatusOr<std::string> PlanId(const std::string& argument) {
  struct stat file {};
  if (stat(argument.c_str(), &file) != 0 || !S_ISREG(file.st_mode)) {
    if (LooksLikePlanId(argument)) return argument;
    return InvalidArgument("`" + argument +
                           "` is neither a file nor the id of a plan (8 digits 0-9, a-f); write "
                           "one with: drover plan NAME --to VERSION -o FILE");
  }
  DROVER_ASSIGN_OR_RETURN(const std::string json, ReadFile(argument));
  v1::Plan plan;
  DROVER_RETURN_IF_ERROR(FromJson(json, argument, plan));
  if (plan.id().empty()) return InvalidArgument(argument + " holds no plan: it has no id");
  return plan.id();
}

Exit Apply(Session& session, const PlanArgs& args) {
  const Status can = CanRun(session, args);
  if (!can.ok()) return session.Fail(can);
  const StatusOr<std::string> id = PlanId(args.plan);
  if (!id.ok()) return session.Fail(id.status());
  v1::GetPlanRequest request;
  request.set_id(*id);
  v1::GetPlanResponse response;
  const grpc::Status status =
      session.Call(session.connection().rollouts(), &Rollouts::GetPlan, request, response);
  if (!status.ok()) return session.Fail(status);
  return Start(session, args, response.plan());
}

void AddDowntime(CLI::App* sub, PlanArgs& args) {
  sub->add_flag("--accept-downtime", args.accept_downtime,
                "The cluster may be down while its only cluster manager restarts");
}

void AddStrategy(CLI::App* sub, PlanArgs& args) {
  sub->add_option("--strategy", args.strategy, "rolling (default) or full")
      ->check(CLI::IsMember({"rolling", "full"}))
      ->type_name("STRATEGY");
  AddWaive(sub, args.waive);
}

void AddTarget(CLI::App* sub, PlanArgs& args) {
  AddName(sub, "name", args.cluster, "CLUSTER", "The cluster");
  sub->add_option("--to", args.to, "The version to go to")->type_name("VERSION")->required();
  sub->add_option("--via", args.via, "A version to stop over at; may be given several times")
      ->type_name("VERSION")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  sub->add_flag("--accept-no-return", args.accept_no_return,
                "Do not pause before the last member of the old major version stops");
  sub->add_flag("--one-hop", args.one_hop, "Refuse a way that needs more than one hop");
  sub->add_option("--image", args.image,
                  "Full image reference instead of the tag's replacement; {version} in it stands "
                  "for the version")
      ->type_name("REF");
  AddStrategy(sub, args);
  AddDowntime(sub, args);
}

void AddStart(CLI::App* sub, PlanArgs& args) {
  sub->add_flag("-y,--yes", args.yes, "Do not ask");
  sub->add_flag("--detach", args.detach, "Start it and do not watch");
}

}  // namespace

Exit RollBack(Session& session, const RollBackArgs& args) {
  PlanArgs start;
  start.yes = args.yes || args.plan_only;
  start.detach = args.detach;
  const Status can = CanRun(session, start);
  if (!can.ok()) return session.Fail(can);
  v1::RollBackRolloutRequest request;
  request.set_id(args.id);
  request.set_tier(args.tier);
  v1::RollBackRolloutResponse response;
  const grpc::Status status =
      session.Call(session.connection().rollouts(), &Rollouts::RollBackRollout, request, response,
                   kObserveTimeout);
  if (!status.ok()) return session.Fail(status);
  if (!response.has_plan()) return AbortInstead(session, args, response.rollout());
  if (!args.plan_only) return Start(session, start, response.plan());
  const Exit exit = session.Show(response.plan(), RenderPlan(response.plan(), session.OutView()));
  if (exit != Exit::kOk) return exit;
  session.Say("nothing was changed; start it with: drover apply " + response.plan().id());
  return IsBlocked(response.plan()) ? Exit::kRefused : Exit::kOk;
}

void AddWaive(CLI::App* sub, WaiveArgs& args) {
  CLI::Option* const waive =
      sub->add_option("--waive", args.checks, "Go on although this check blocks; may be repeated")
          ->type_name("CHECK")
          ->allow_extra_args(false);
  CLI::Option* const reason =
      sub->add_option("--reason", args.reason, "Why the checks are waived; kept in the record")
          ->type_name("TEXT");
  waive->needs(reason);
  reason->needs(waive);
}

void AddPlans(CLI::App& app, Command& selected) {
  auto args = std::make_shared<PlanArgs>();
  CLI::App* sub = app.add_subcommand("plan", "Work out an upgrade; changes nothing");
  AddTarget(sub, *args);
  sub->add_option("-o,--out", args->out, "Write the plan here")->type_name("FILE");
  OnRun(sub, selected, args, &MakePlan);

  args = std::make_shared<PlanArgs>();
  sub = app.add_subcommand("apply", "Start a plan and watch it");
  AddName(sub, "plan", args->plan, "PLAN", "A file written by `plan -o`, or a plan's id");
  AddStart(sub, *args);
  OnRun(sub, selected, args, &Apply);

  args = std::make_shared<PlanArgs>();
  sub = app.add_subcommand("upgrade", "Plan, confirm, start and watch an upgrade");
  AddTarget(sub, *args);
  AddStart(sub, *args);
  OnRun(sub, selected, args, &Upgrade);

  args = std::make_shared<PlanArgs>();
  args->kind = v1::ROLLOUT_KIND_RESTART;
  sub = app.add_subcommand("restart", "Plan, confirm, start and watch a rolling restart");
  AddName(sub, "name", args->cluster, "CLUSTER", "The cluster");
  sub->add_option("--members", args->members, "Only these, by the names of their nodes")
      ->delimiter(',')
      ->type_name("A,B");
  AddStrategy(sub, *args);
  AddDowntime(sub, *args);
  AddStart(sub, *args);
  OnRun(sub, selected, args, &Upgrade);
}

void AddAdopt(CLI::App& clusters, Command& selected) {
  auto args = std::make_shared<PlanArgs>();
  args->adopt = true;
  CLI::App* sub =
      clusters.add_subcommand("adopt", "Go on with an upgrade whose controller is gone for good");
  AddName(sub, "name", args->cluster, "CLUSTER", "The cluster");
  sub->add_option("--to", args->to, "The version it goes to; default: what its snapshot says")
      ->type_name("VERSION");
  sub->add_option("--image", args->image, "Full image reference instead of the tag's replacement")
      ->type_name("REF");
  AddDowntime(sub, *args);
  AddWaive(sub, args->waive);
  AddStart(sub, *args);
  OnRun(sub, selected, args, &Upgrade);
}

}  // namespace drover::cli
