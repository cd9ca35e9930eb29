// What the cases with faults share: the controller's events as they come, processes that are
// killed within milliseconds, an upgrade under load, and what must be so after it.
#ifndef DROVER_TESTS_LAB_FAULT_FIXTURE_H_
#define DROVER_TESTS_LAB_FAULT_FIXTURE_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "tests/lab/lab_fixture.h"

namespace drover::lab {

using Match = std::function<bool(const json& event)>;

// `drover events --follow`, read by a thread of its own. An event is seen here some milliseconds
// after it was committed.
class Feed {
 public:
  // Begins behind the last event that there is now.
  Feed();
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // The next event that matches, behind the one that the last call returned; null and a failure of
  // the test that names `what` where none came within `limit`.
  json Await(const std::string& what, const Match& match, Millis limit = Millis(120'000));
  // Follows anew, without a gap: after a restart of the controller, which need not answer yet.
  void Reconnect();
  // All events since the beginning.
  std::vector<json> Events() const;
  bool Has(const Match& match) const;

 private:
  void Follow();
  void Unfollow();
  void Read(int fd);

  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::vector<json> events_;  // guarded by mutex_
  uint64_t last_ = 0;         // guarded by mutex_
  size_t seen_ = 0;           // the first event that Await has not looked at
  pid_t follower_ = -1;
  std::thread reader_;
};

// A member enters this step ("STOP"), the rollout this state ("ROLLING").
Match Step(const std::string& step);
Match State(const std::string& state);
Match Kind(const std::string& kind);

// The pids of the controller, and of a host's agent; none while it does not run.
std::vector<pid_t> ControllerPids();
std::vector<pid_t> AgentPids(const std::string& host);
// The process and everything it started, directly or not.
std::vector<pid_t> WithDescendants(pid_t pid);
// kill -9, and waits until they are gone.
void KillNow(const std::vector<pid_t>& pids);
// When the process started, by the kernel's account.
Time StartOf(pid_t pid);
Time TimeOf(const json& event);

// Puts text (or permissions) back at the end of the case, whatever happened.
class AtEnd {
 public:
  explicit AtEnd(std::function<void()> action) : action_(std::move(action)) {}
  ~AtEnd() {
    if (action_) action_();
  }
  void Now() {
    if (action_) std::exchange(action_, nullptr)();
  }

 private:
  std::function<void()> action_;
};

// A cluster `fault` of three nodes. A case upgrades it from what the case before left: 2.17.1 to
// 2.19.1, 2.19.1 to 2.19.4; a new one is made where it is not whole.
class FaultTest : public LabTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Begins the upgrade under load and returns; feed() has its events from the first on.
  void Begin(const Arguments& options = {});
  Feed& feed() { return *feed_; }
  const std::string& id() const { return id_; }

  void KillController();
  // Starts the controller and follows its events again.
  void StartController();
  void StartAgent(const std::string& host) { MustLab({"drover", "agent", "start", host}); }

  // A host that has the image already has nothing to pull.
  void ForgetImage(const std::string& host);

  // The exit status of `drover rollout watch` once the rollout has ended or is paused.
  int AwaitEnd(Millis limit = Millis(300'000));
  json Show();

  // What an upgrade must have kept, but for the versions: documents, settings, files.
  // `stops`: how often a member's container must have ended and begun, by its name, else once;
  // below 0 it is not looked at.
  json ExpectKept(const std::map<std::string, int>& stops = {}, bool stop_load = true);
  // All of that, and every member at the target.
  void ExpectUpgraded(const std::map<std::string, int>& stops = {});

  static constexpr char kName[] = "fault";
  std::string from_, to_;
  // A tag in place of the version: of an image that was made for the case.
  std::string tag_;
  // Lines for the cluster file's rules.
  std::string rules_;

 private:
  void Apply();

  std::unique_ptr<Feed> feed_;
  std::string id_;
};

}  // namespace drover::lab

#endif  // DROVER_TESTS_LAB_FAULT_FIXTURE_H_
