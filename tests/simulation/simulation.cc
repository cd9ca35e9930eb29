#include "tests/simulation/simulation.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "tests/simulation/run.h"

namespace drover::simulation {
namespace {

using rollout::Phase;

// When every fault has ended, and until when the rollout must have.
constexpr Millis kCalm{260'000};
constexpr Millis kEnd{3 * 3'600'000};
constexpr Millis kOperatorLooks{10'000};
constexpr Millis kPatience{30'000};
constexpr int kMaxResumes = 8;
constexpr int kMaxStuckLooks = 60;
constexpr int kMaxLeaderlessLooks = 30;
constexpr int kMaxEvents = 200'000;

rollout::ClusterSpec SpecOf(const Scenario& scenario) {
  rollout::ClusterSpec spec;
  spec.name = "search-prod";
  spec.snapshot = {"backups", "fs", {{"location", "/snap"}}};
  for (int i = 1; i <= scenario.members; ++i) {
    spec.endpoints.push_back("http://192.0.2." + std::to_string(i) + ":9200");
    spec.members.push_back({"h" + std::to_string(i), "search", "opensearch", ""});
  }
  for (int i = 1; i <= scenario.companions; ++i) {
    spec.companions.push_back({"h" + std::to_string(i), kCompanionService, kCompanionService,
                               std::string(kCompanionRepository) + ":{version}"});
  }
  spec.rules.max_unavailable = scenario.max_unavailable;
  spec.rules.join_timeout = Millis(60'000);
  spec.rules.recover_stall = Millis(60'000);
  spec.rules.snapshot_stall = Millis(60'000);
  spec.rules.pull_timeout = Millis(120'000);
  spec.rules.stop_timeout = Millis(10'000);
  if (scenario.pause_after_first) spec.rules.pause_after = {"first"};
  return spec;
}

// Opening a database costs as much as a whole run: runs of a thread share one in memory, until it
// has grown or a run has left an unfinished rollout in it.
constexpr int kRunsPerStore = 100;
struct StoreShelf {
  std::unique_ptr<store::Store> store;
  int runs = 0;
};
StoreShelf& Shelf() {
  static thread_local StoreShelf shelf;
  return shelf;
}
}  // namespace

store::Store& StoreFor(const Scenario& scenario) {
  StoreShelf& shelf = Shelf();
  // Epochs go on from run to run and time does not: two controllers would be given the same one.
  const bool two =
      std::any_of(scenario.faults.begin(), scenario.faults.end(),
                  [](const Fault& fault) { return fault.kind == FaultKind::kSecondController; });
  if (shelf.store == nullptr || two || ++shelf.runs > kRunsPerStore) {
    shelf.store.reset();
    shelf.store = std::move(store::OpenStore(store::kInMemory)).value();
    shelf.runs = 0;
  }
  return *shelf.store;
}

namespace {

std::string NextRolloutId() {
  static thread_local uint64_t next = 0;
  std::string id = std::to_string(++next);
  return std::string(id.size() < 8 ? 8 - id.size() : 0, '0') + id;
}

}  // namespace

void Simulation::AddHost(int i) {
  hosts_.push_back(std::make_unique<SimHost>(schedule_, random_, cluster_, promises_, i));
  agents_.push_back(std::make_unique<SimAgent>(
      schedule_, random_, *hosts_.back(),
      [this, i](const OperationId& id, const rollout::OperationEnd& end) {
        network_.SendEnd(i, id, end);
      },
      [this, i] {
        Tell("the agent of h" + std::to_string(i + 1) + " dies");
        network_.OnAgentDied(i);
      }));
  if (i < scenario_.companions) hosts_.back()->AddCompanion();
  network_.Add(*hosts_.back(), *agents_.back());
  network_.Point(i, &first_);
}

void Simulation::Tell(const std::string& line) {
  if (!with_history_) return;
  outcome_.history.push_back(std::to_string(schedule_.elapsed().count()) + " ms  " + line);
}

void Simulation::Plan() {
  rollout::PlanRequest request;
  request.cluster = "search-prod";
  if (scenario_.unreplicated_index) request.waivers = {{"P16", "nobody reads it", "operator"}};
  if (scenario_.restart) {
    request.kind = rollout::Kind::kRestart;
    if (scenario_.restart_one) request.members = {"os-2"};
    promises_.ForbidImages();
  } else {
    request.to_version = NewVersion();
    promises_.WantVersion(NewVersion());
  }
  if (scenario_.full_stop) {
    request.strategy = rollout::Strategy::kFull;
    promises_.AcceptFullStop();
  }
  if (scenario_.managers == 1) {
    request.accept_downtime = true;
    promises_.AcceptDowntimeOf("os-1");
  }
  rollout::World world = first_.Observe(true);
  for (rollout::HostView& view : world.hosts) view.connected = true;
  StatusOr<rollout::Plan> plan =
      rollout::MakePlan(PlanId(NextRolloutId()), request, SpecOf(scenario_), world, {});
  if (!plan.ok()) return promises_.Violated("no plan: " + plan.status().ToString());
  for (const rollout::CheckResult& check : plan->checks) {
    if (check.verdict == rollout::Verdict::kBlock) {
      promises_.Violated("the undisturbed plan is blocked by " + check.id + ": " + check.evidence);
    }
  }
  plan_ = std::make_shared<const rollout::Plan>(std::move(*plan));
}

// The faults are over: whatever was broken is mended, one controller runs.
void Simulation::Calm() {
  Tell("calm: every fault is over");
  calm_ = true;
  for (const Fault& fault : scenario_.faults) {
    if (fault.lasts.count() > 0) Finish(fault);
  }
  if (second_) {
    if (first_.stopped() && second_->stopped()) second_->Revive();
    SimController& stays = Active();
    (&stays == &first_ ? *second_ : first_).Stop();
    for (int i = 0; i < scenario_.members; ++i) network_.Point(i, &stays);
  }
  for (auto& each : hosts_) each->Heal();
}

// An operator looks whether the hosts are there before the upgrade is started; some do not.
bool Simulation::OperatorWaits() {
  if (scenario_.seed % 4 == 1 || schedule_.elapsed() > kPatience) return false;
  for (const auto& each : hosts_) {
    if (!network_.IsConnected(&Active(), each->index())) return true;
  }
  return false;
}

void Simulation::OperatorStarts() {
  if (Ended()) return;
  if (OperatorWaits()) return schedule_.After(Millis(500), [this] { OperatorStarts(); });
  if (Active().rollout().id.empty()) Active().Begin(plan_);
  if (!Active().rollout().id.empty() && Active().rollout().phase == Phase::kPlanned) {
    Active().Ask(rollout::Request::kStart);
  }
  const bool runs = !Active().rollout().id.empty() && Active().rollout().phase != Phase::kPlanned;
  if (!runs) schedule_.After(Millis(1'000), [this] { OperatorStarts(); });
}

// After an end as well: the one that is in charge then may be another controller, which has not
// ended.
void Simulation::OperatorLooks() {
  schedule_.After(kOperatorLooks, [this] { OperatorLooks(); });
  if (Ended()) return;
  if (calm_ && Active().rollout().phase == Phase::kPaused) {
    Active().Ask(resumes_++ < kMaxResumes ? rollout::Request::kResume : rollout::Request::kAbort);
  }
  // Where nothing that can be elected runs and Drover does not know why: a controller that was
  // fenced had stopped it, or it ended after its turn.
  looks_leaderless_ = calm_ && !cluster_.HasManager() ? looks_leaderless_ + 1 : 0;
  if (looks_leaderless_ > kMaxLeaderlessLooks) {
    Tell("the operator starts what is down");
    for (auto& each : hosts_) each->StartByHand();
    looks_leaderless_ = 0;
  }
  // Where what was stopped is what the cluster lacks to take its settings back.
  const bool stuck = calm_ && Active().rollout().phase == Phase::kRestoring;
  looks_stuck_ = stuck ? looks_stuck_ + 1 : 0;
  if (looks_stuck_ > kMaxStuckLooks) Active().Ask(rollout::Request::kAbort);
}

// Without faults nothing is done twice, nothing pauses by itself, and the aim is reached.
void Simulation::CheckUndisturbed() {
  if (Active().rollout().phase != Phase::kSucceeded) {
    promises_.Violated("undisturbed and not SUCCEEDED but " + Name(Active().rollout().phase) +
                       ": " + Active().rollout().reason);
  }
  // The replicas of a single node have no home.
  if (scenario_.members > 1 && !cluster_.Green()) {
    promises_.Violated("undisturbed and SUCCEEDED before every copy was started again");
  }
  // Behind the last batch there is nothing to pause before; before the last old-major node stops,
  // an operator is asked.
  const bool one_batch = scenario_.restart_one || scenario_.members == 1 || scenario_.full_stop;
  const int pauses = (scenario_.pause_after_first && !one_batch ? 1 : 0) +
                     (scenario_.major && !scenario_.full_stop ? 1 : 0);
  if (resumes_ != pauses) {
    promises_.Violated("undisturbed and paused " + std::to_string(resumes_) + " times");
  }
  for (const auto& each : hosts_) {
    const bool left_alone = scenario_.restart_one && each->index() != 1;
    const HostChanges once = left_alone          ? HostChanges{0, 0, 0}
                             : scenario_.restart ? HostChanges{1, 1, 0}
                                                 : HostChanges{1, 1, 1};
    if (each->changes() == once) continue;
    promises_.Violated("undisturbed and " + each->name() + " was not changed exactly once");
  }
}

void Simulation::CheckEnd() {
  const rollout::Rollout& rollout = Active().rollout();
  const std::string state = Name(rollout.phase);
  if (!Ended()) promises_.Violated("the run is over and the rollout is " + state);
  if (scenario_.faults.empty()) CheckUndisturbed();
  // A controller that runs on beside a newer one, until it is fenced, may freeze after that has
  // ended.
  if (cluster_.settings != promises_.settings_before() && !outlived_) {
    promises_.Violated("6: ended as " + state + " and the settings are not as before");
  }
  if (!cluster_.exclusions.empty() && !outlived_) {
    promises_.Violated("6: ended as " + state + " and a node is excluded from voting");
  }
  if (!cluster_.stopped_policies.empty()) {
    promises_.Violated("6: ended as " + state + " and a policy is still stopped");
  }
  std::string outcome;
  for (const std::string& line : rollout.outcome) outcome += line + "\n";
  if (cluster_.HasRuins() && outcome.find("could not be deleted") == std::string::npos) {
    promises_.Violated("a snapshot that is no backup was left behind, unsaid");
  }
  for (const auto& each : hosts_) {
    const std::string node = "os-" + std::to_string(each->index() + 1);
    if (each->stopped_by_verb() && outcome.find(node) == std::string::npos) {
      promises_.Violated("ended as " + state + " and " + node + " was left stopped, unsaid");
    }
    const SimCompanion* companion = each->companion();
    // Why it could not be helped, and not only that it is old or does not run.
    const std::string name =
        std::string(kCompanionService) + "@" + each->name() + " on " + each->name();
    const bool explained = outcome.find(name + " could not be started") != std::string::npos ||
                           outcome.find(name + " was left as it is") != std::string::npos ||
                           (second_ && outcome.find(name + " does not run") != std::string::npos);
    if (companion != nullptr && companion->stopped_by_verb() && !outlived_ && !explained) {
      promises_.Violated("ended as " + state + " and " + name + " was left stopped, unsaid");
    }
  }
}

// What SUCCEEDED says, at the moment when it is said: nodes may die afterwards.
void Simulation::CheckSuccess() {
  for (const auto& each : hosts_) {
    const std::string version = scenario_.restart ? kOldVersion : NewVersion();
    const std::string wanted = std::string(kRepository) + ":" + version;
    const bool runs = each->Container().image_id == std::string("sha256:") + version;
    const SimCompanion* companion = each->companion();
    if (companion != nullptr && !companion->Runs(version)) {
      promises_.Violated("ended as SUCCEEDED and the companion of " + each->name() +
                         " does not run " + version);
    }
    const bool asked = scenario_.restart && (!scenario_.restart_one || each->index() == 1);
    if (asked && !each->made_again()) {
      promises_.Violated("ended as SUCCEEDED and " + each->name() + " was not restarted");
    }
    if (each->file_image() != wanted || !runs) {
      promises_.Violated("ended as SUCCEEDED and " + each->name() + " does not run " + wanted);
    }
  }
}

Outcome Simulation::Run() {
  first_.Start();
  Plan();
  for (int i = 0; i < scenario_.members; ++i) network_.Connect(i);
  ScheduleFaults();
  schedule_.After(Millis(500), [this] { OperatorStarts(); });
  schedule_.After(kOperatorLooks, [this] { OperatorLooks(); });
  schedule_.At(start_ + kCalm, [this] { Calm(); });
  int events = 0;
  // After the end the world runs on until it is calm and what was started has come up.
  std::optional<Time> until;
  while (promises_.violation().empty() && !schedule_.empty()) {
    if (Ended() && (calm_ || scenario_.faults.empty()) && !until) {
      until = schedule_.now() + Millis(180'000);
    }
    if (!Ended()) until.reset();  // the other controller is in charge now
    if (Ended() && !std::exchange(judged_, true)) {
      outlived_ = second_ && !first_.stopped() && !second_->stopped();
      if (Active().rollout().phase == Phase::kSucceeded) CheckSuccess();
    }
    if (until && (schedule_.now() > *until || scenario_.faults.empty())) break;
    if (++events > kMaxEvents || schedule_.elapsed() > kEnd) {
      promises_.Violated(
          "the rollout does not come to an end: " + Name(Active().rollout().phase) +
          (Active().rollout().wait ? ", waits for " + Active().rollout().wait->reason : ""));
    }
    schedule_.RunNext();
  }
  if (promises_.violation().empty()) CheckEnd();
  outcome_.violation = promises_.violation();
  if (!outcome_.violation.empty() || second_) Shelf().runs = kRunsPerStore;
  outcome_.phase = Active().rollout().phase;
  outcome_.touched = std::any_of(
      Active().rollout().members.begin(), Active().rollout().members.end(),
      [](const rollout::MemberState& member) { return member.cells[1].started_at.has_value(); });
  outcome_.commits = first_.store().commits();
  outcome_.actions = first_.actions();
  outcome_.took = schedule_.elapsed();
  for (const auto& each : agents_) outcome_.agent_writes.push_back(each->writes());
  for (const auto& each : hosts_) outcome_.changes.push_back(each->changes());
  for (const rollout::NodeView& node : cluster_.Nodes())
    outcome_.members_at.push_back(node.version);
  return std::move(outcome_);
}

Outcome Simulate(const Scenario& scenario, bool with_history) {
  return Simulation(scenario, with_history).Run();
}

Scenario Shorten(const Scenario& scenario) {
  Scenario shortest = scenario;
  for (size_t i = 0; i < shortest.faults.size();) {
    Scenario shorter = shortest;
    shorter.faults.erase(shorter.faults.begin() + static_cast<std::ptrdiff_t>(i));
    if (Simulate(shorter).violation.empty()) {
      ++i;
    } else {
      shortest = std::move(shorter);
      i = 0;
    }
  }
  return shortest;
}

std::string Report(const Scenario& scenario) {
  const Scenario shortest = Shorten(scenario);
  const Outcome outcome = Simulate(shortest, true);
  std::string text = "broken: " + outcome.violation + "\n" + Describe(shortest) + "\n";
  for (const std::string& line : outcome.history) text += "  " + line + "\n";
  return text;
}

}  // namespace drover::simulation
