// Samples of full stops and of the rollbacks that undo one.
#include "tests/unit/rollout/sample_runs.h"
#include "tests/unit/rollout/undo_runs.h"

namespace drover::rollout::testing {
namespace {

using Boot = Harness::Member::Boot;

MemberStep StepOf(const Harness& h) { return h.rollout().members[0].step; }

bool Works(const Harness& h) {
  for (const Outstanding& o : h.rollout().outstanding) {
    if (o.member == 0) return true;
  }
  return false;
}

// The first member, or with it the rollout, waits for an A.
template <typename A>
Sample FullStopAt(MemberStep step) {
  Harness h = FullStop();
  const auto there = [step](const Harness& now) {
    const bool own = step == MemberStep::kPending || step == MemberStep::kFlush;
    return now.rollout().phase == Phase::kRolling && StepOf(now) == step && Awaits<A>(now) &&
           (own || Works(now));
  };
  h.Run([&] { return there(h); });
  EXPECT_TRUE(there(h)) << Name(step);
  return Take(h);
}

// The new image ends at boot: the rollout pauses with every member down.
Harness Between() {
  Harness h = FullStop();
  for (auto& [name, member] : h.members) member.boot = Boot::kCrashes;
  h.Run([&h] { return h.rollout().phase == Phase::kPaused; });
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  return h;
}

Harness Undoing(int tier) {
  const Harness undone = Between();
  const StatusOr<Plan> plan = UndoOf(undone, tier);
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  Harness h = Back(undone, *plan);
  for (auto& [name, member] : h.members) member.boot = Boot::kJoins;
  return h;
}

Sample UndoingUntil(int tier, const Condition& condition) {
  Harness h = Undoing(tier);
  return Until(h, condition);
}

// The new cluster did not take the repository; it is asked again.
Sample RegistersAgain() {
  Harness h = Undoing(3);
  h.override = [](const Outstanding& action) -> std::optional<EventBody> {
    if (!std::holds_alternative<RegisterRepository>(action.action)) return std::nullopt;
    return CallEnded{action.id, "no endpoint answers"};
  };
  return Until(h, [](const Harness& now) {
    return StepOf(now) == MemberStep::kThaw && Awaits<SetTimer>(now) && !Works(now);
  });
}

Condition Changes() {
  return [](const Harness& h) { return StepOf(h) == MemberStep::kCopy && Works(h); };
}

}  // namespace

std::map<std::string, Sample> RolloutSamplesOfUndo() {
  return {
      {"PAUSED (between versions)", Take(Between())},
      {"CHECKING (undoes)",
       UndoingUntil(2, [](const Harness& h) { return h.rollout().phase == Phase::kChecking; })},
      {"FINISHING (undoes)", UndoingUntil(3,
                                          [](const Harness& h) {
                                            return h.rollout().phase == Phase::kFinishing &&
                                                   Awaits<ObserveWorld>(h);
                                          })},
  };
}

std::map<std::string, Sample> MemberSamplesOfUndo() {
  return {
      {"PENDING (full stop)", FullStopAt<ObserveWorld>(MemberStep::kPending)},
      {"FLUSH (full stop)", FullStopAt<Flush>(MemberStep::kFlush)},
      {"STOP (full stop)", FullStopAt<StartOperation>(MemberStep::kStop)},
      {"COPY (full stop)", FullStopAt<StartOperation>(MemberStep::kCopy)},
      {"SET_IMAGE (full stop)", FullStopAt<StartOperation>(MemberStep::kSetImage)},
      {"UP (full stop)", FullStopAt<StartOperation>(MemberStep::kUp)},
      {"JOINED (full stop)", FullStopAt<AwaitHealth>(MemberStep::kJoined)},
      {"PENDING (undoes)", UndoingUntil(2,
                                        [](const Harness& h) {
                                          return h.rollout().phase == Phase::kRolling &&
                                                 Awaits<ObserveWorld>(h);
                                        })},
      {"COPY (restores)", UndoingUntil(2, Changes())},
      {"COPY (sets aside)", UndoingUntil(3, Changes())},
      {"THAW (registers)",
       UndoingUntil(3, [](const Harness& h) { return Awaits<RegisterRepository>(h); })},
      {"THAW (registers again)", RegistersAgain()},
      {"THAW (restores)",
       UndoingUntil(3, [](const Harness& h) { return Awaits<RestoreSnapshot>(h); })},
      {"THAW (restored)", UndoingUntil(3,
                                       [](const Harness& h) {
                                         return StepOf(h) == MemberStep::kThaw &&
                                                Awaits<AwaitHealth>(h);
                                       })},
  };
}

}  // namespace drover::rollout::testing
