// Promise 10: whatever is outstanding has a wait that says what for, since when and until when.
#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

struct Words {
  std::string reason, ends_when;
  std::optional<Time> until;
};

// For an action whose step did not say more. Limits are those of the calls themselves.
struct Describe {
  const Engine& e;

  Words operator()(const ObserveWorld&) const {
    return {"the cluster to be looked at", "the cluster answers", {}};
  }
  Words operator()(const StartOperation& start) const {
    const std::string& host = start.order.host;
    if (e.Lost(host)) {
      return {"the agent of " + host + ", which is not connected",
              "the agent of " + host + " connects",
              {}};
    }
    const std::string verb = VerbName(start.order.verb);
    return {verb + " on " + start.order.host, verb + " ends", start.order.deadline};
  }
  Words operator()(const CancelOperation&) const { return {"a cancel", "it is sent", {}}; }
  Words operator()(const TakeSnapshot& take) const {
    return {"snapshot " + take.name, "the cluster answers about it", {}};
  }
  Words operator()(const DeleteSnapshot& order) const {
    return {"the unfinished snapshot " + order.name + " to be deleted", "the cluster answers", {}};
  }
  Words operator()(const PutSettings&) const {
    return {"cluster settings that are being put", "the cluster answers", {}};
  }
  Words operator()(const ClearArchived&) const {
    return {"archived settings to be taken away", "the cluster answers", {}};
  }
  Words operator()(const Flush&) const { return {"the flush", "the flush ends", {}}; }
  Words operator()(const RetryFailedShards&) const {
    return {"the cluster to try failed shards again", "the cluster answers", {}};
  }
  Words operator()(const AddVotingExclusion&) const {
    return {"the vote to move to the other cluster manager", "the cluster answers", {}};
  }
  Words operator()(const ClearVotingExclusions&) const {
    return {"the voting exclusions to be taken back", "the cluster answers", {}};
  }
  Words operator()(const StopPolicies&) const {
    return {"snapshot policies to be stopped", "the cluster answers", {}};
  }
  Words operator()(const StartPolicies&) const {
    return {"snapshot policies to be started again", "the cluster answers", {}};
  }
  Words operator()(const RegisterRepository& order) const {
    return {"repository " + order.name + " to be registered", "the cluster answers", {}};
  }
  Words operator()(const RestoreSnapshot& order) const {
    return {"snapshot " + order.snapshot + " to be asked back", "the cluster answers", {}};
  }
  Words operator()(const AwaitHealth& await) const {
    return {"the cluster's health", "the cluster answers", e.now() + await.timeout};
  }
  Words operator()(const ReadNodes&) const {
    return {"the list of nodes", "the cluster answers", {}};
  }
  Words operator()(const ReadContainer& read) const {
    return {"the container of " + read.service + " on " + read.host, "its agent answers", {}};
  }
  Words operator()(const ReadLog& read) const {
    return {"the log of " + read.service + " on " + read.host, "its agent answers", {}};
  }
  Words operator()(const SetTimer& timer) const {
    return {"the next try", "its time has come", timer.at};
  }
};

// Kept although no action is outstanding: an operator, or the members' own waits, end it.
bool OwnWaitStands(Phase phase) {
  return phase == Phase::kPaused || phase == Phase::kPrefetching || phase == Phase::kPlanned;
}

}  // namespace

void Engine::TidyWaits() {
  if (HasEnded(r().phase)) return;
  const bool shards = r().phase == Phase::kRolling && Busy(kOwnSlot);
  if (!Busy(kOwnSlot) && !OwnWaitStands(r().phase)) r().wait.reset();
  for (int i = 0; i < slots(); ++i) {
    const bool recovers = shards && member(i).step == MemberStep::kRecovered;
    if (!Busy(i) && !recovers) member(i).wait.reset();
  }
  for (const Outstanding& o : r().outstanding) {
    if (o.member == kClockSlot) continue;
    const std::optional<Wait>& wait = o.member == kOwnSlot ? r().wait : member(o.member).wait;
    if (wait) continue;
    const Words words = std::visit(Describe{*this}, o.action);
    WaitFor(o.member, words.reason, words.until, words.ends_when);
  }
}

}  // namespace drover::rollout
