#include "tests/simulation/scenario.h"

#include <array>

#include "tests/simulation/random.h"

namespace drover::simulation {
namespace {

enum class Shape { kAtCommit, kAtAction, kAtWrite, kMoment, kSpan };

struct KindInfo {
  const char* name;
  Shape shape;
  bool of_host;
  int longest_s;  // of a span
};

// In the order of FaultKind.
constexpr std::array<KindInfo, kFaultKinds> kKinds = {{
    {"ControllerDiesBeforeCommit", Shape::kAtCommit, false, 0},
    {"ControllerDiesAfterCommit", Shape::kAtCommit, false, 0},
    {"ControllerDiesBeforeAction", Shape::kAtAction, false, 0},
    {"ControllerDiesAfterAction", Shape::kAtAction, false, 0},
    {"ControllerDies", Shape::kMoment, false, 0},
    {"CommitsFail", Shape::kSpan, false, 10},
    {"SecondController", Shape::kMoment, false, 0},
    {"AgentDiesBeforeWrite", Shape::kAtWrite, true, 0},
    {"AgentDiesAfterWrite", Shape::kAtWrite, true, 0},
    {"AgentDies", Shape::kMoment, true, 0},
    {"LinkDown", Shape::kSpan, true, 120},
    {"MessagesDoubled", Shape::kSpan, true, 60},
    {"MessagesLate", Shape::kSpan, true, 60},
    {"HostReboots", Shape::kSpan, true, 150},
    {"HostSlow", Shape::kSpan, true, 60},
    {"EngineDown", Shape::kSpan, true, 40},
    {"DiskFull", Shape::kSpan, true, 60},
    {"RegistryDown", Shape::kSpan, false, 40},
    {"ImageMissing", Shape::kSpan, true, 120},
    {"NodeNeverJoins", Shape::kMoment, true, 0},
    {"NodeEndsAtBoot", Shape::kMoment, true, 0},
    {"NodeCrashLoops", Shape::kMoment, true, 0},
    {"NodeJoinsAndLeaves", Shape::kMoment, true, 0},
    {"NodeBootsSlowly", Shape::kMoment, true, 0},
    {"WrongVersion", Shape::kMoment, true, 0},
    {"StartFails", Shape::kMoment, true, 0},
    {"NodeKilled", Shape::kMoment, true, 0},
    {"IndexRed", Shape::kSpan, false, 120},
    {"RecoveryStuck", Shape::kSpan, false, 120},
    {"SettingsRefused", Shape::kSpan, false, 40},
    {"NoManager", Shape::kSpan, false, 40},
    {"CallsFail", Shape::kSpan, false, 40},
    {"RepliesLost", Shape::kSpan, false, 40},
    {"CallsLate", Shape::kSpan, false, 20},
    {"CallsSlow", Shape::kSpan, false, 40},
    {"SnapshotFails", Shape::kMoment, false, 0},
    {"SnapshotPartial", Shape::kMoment, false, 0},
    {"SnapshotStalls", Shape::kSpan, false, 120},
    {"Pause", Shape::kMoment, false, 0},
    {"Resume", Shape::kMoment, false, 0},
    {"Abort", Shape::kMoment, false, 0},
    {"Approve", Shape::kMoment, false, 0},
}};

const KindInfo& Info(FaultKind kind) { return kKinds[static_cast<size_t>(kind)]; }

// An undisturbed rollout of three members takes about this long and this many writes.
constexpr int kRunMs = 70'000;
constexpr int kRunCommits = 110;
constexpr int kRunActions = 110;
constexpr int kHostWrites = 16;

Fault MakeFault(FaultKind kind, int members, Random& random) {
  Fault fault;
  fault.kind = kind;
  const KindInfo& info = Info(kind);
  if (info.of_host) fault.host = random.Below(members);
  switch (info.shape) {
    case Shape::kAtCommit:
      fault.count = 1 + random.Below(kRunCommits);
      break;
    case Shape::kAtAction:
      fault.count = 1 + random.Below(kRunActions);
      break;
    case Shape::kAtWrite:
      fault.count = 1 + random.Below(kHostWrites);
      break;
    case Shape::kMoment:
      fault.at = Millis(random.Below(kRunMs));
      break;
    case Shape::kSpan:
      fault.at = Millis(random.Below(kRunMs));
      fault.lasts = Millis(500 + random.Below(info.longest_s * 1'000));
      break;
  }
  return fault;
}

std::string Seconds(Millis span) {
  return std::to_string(span.count() / 1'000) + "." + std::to_string(span.count() % 1'000 / 100) +
         " s";
}

// What is rolled, from a stream of its own: a seed keeps its faults whatever is added here.
void ChooseWork(uint64_t seed, Scenario* scenario) {
  Random random(seed * 0x5851f42d4c957f2dULL + 3);
  scenario->restart = random.Chance(20);
  scenario->restart_one = scenario->restart && random.Chance(25);
  if (random.Chance(15)) scenario->managers = 2;
  if (random.Chance(8)) scenario->managers = 1;
  if (scenario->managers == 1 && random.Chance(60)) {
    scenario->members = scenario->max_unavailable = 1;
    scenario->restart_one = false;
  }
  if (random.Chance(25)) scenario->companions = 1 + random.Below(scenario->members > 1 ? 2 : 1);
  // Companions come last: an abort at the usual times hardly meets them.
  if (scenario->companions > 0 && random.Chance(15)) {
    Fault abort;
    abort.kind = FaultKind::kAbort;
    abort.at = Millis(35'000 + random.Below(50'000));
    scenario->faults.push_back(abort);
  }
  scenario->full_stop = random.Chance(15) && !scenario->restart;
}

}  // namespace

Scenario MakeScenario(uint64_t seed) {
  // A stream of its own, so that what goes wrong does not depend on how the run uses chance.
  Random random(seed * 2 + 1);
  Scenario scenario;
  scenario.seed = seed;
  if (random.Chance(15)) {
    scenario.members = 5;
    scenario.max_unavailable = random.Chance(60) ? 2 : 1;
  }
  scenario.pause_after_first = random.Chance(10);
  scenario.unreplicated_index = random.Chance(10);
  scenario.allocation_was_set = random.Chance(20);
  int faults = random.Chance(3) ? 0 : 1 + random.Below(4);
  if (random.Chance(20)) faults += random.Below(6);
  ChooseWork(seed, &scenario);
  for (int i = 0; i < faults; ++i) {
    const auto kind = static_cast<FaultKind>(random.Below(kFaultKinds));
    scenario.faults.push_back(MakeFault(kind, scenario.members, random));
  }
  scenario.major = random.Chance(25) && !scenario.restart;
  return scenario;
}

std::string Name(FaultKind kind) { return Info(kind).name; }

std::string Describe(const Fault& fault) {
  const KindInfo& info = Info(fault.kind);
  std::string text = info.of_host ? "h" + std::to_string(fault.host + 1) + " " : "";
  text += info.name;
  if (info.shape == Shape::kAtCommit) text += " " + std::to_string(fault.count);
  if (info.shape == Shape::kAtAction) text += " " + std::to_string(fault.count);
  if (info.shape == Shape::kAtWrite) text += " " + std::to_string(fault.count);
  if (info.shape == Shape::kMoment || info.shape == Shape::kSpan)
    text += " at " + Seconds(fault.at);
  if (info.shape == Shape::kSpan) text += " for " + Seconds(fault.lasts);
  return text;
}

std::string Describe(const Scenario& scenario) {
  std::string text = "seed " + std::to_string(scenario.seed) + ": " +
                     std::to_string(scenario.members) + " members, max_unavailable " +
                     std::to_string(scenario.max_unavailable);
  if (scenario.companions > 0) text += ", companions " + std::to_string(scenario.companions);
  if (scenario.managers != 3) text += ", managers " + std::to_string(scenario.managers);
  if (scenario.restart) text += scenario.restart_one ? ", restart of os-2" : ", restart";
  if (scenario.pause_after_first) text += ", pause_after first";
  if (scenario.unreplicated_index) text += ", an index without replicas";
  if (scenario.allocation_was_set) text += ", allocation set before";
  if (scenario.major) text += ", to the next major version";
  if (scenario.full_stop) text += ", full stop";
  for (const Fault& fault : scenario.faults) text += "\n  " + Describe(fault);
  return text;
}

}  // namespace drover::simulation
