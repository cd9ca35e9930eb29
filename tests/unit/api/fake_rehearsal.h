// A host and a node for rehearsals, faked.
#ifndef DROVER_TESTS_UNIT_API_FAKE_REHEARSAL_H_
#define DROVER_TESTS_UNIT_API_FAKE_REHEARSAL_H_

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "controller/fleet/rehearsal_hosts.h"
#include "controller/opensearch/rehearsal_node.h"

namespace drover::api {

class FakeRehearsalHosts final : public fleet::RehearsalHosts {
 public:
  void StartRehearsal(const std::string& host, const std::string& /*id*/,
                      const fleet::RehearsalOrder& order, Looked done) override {
    {
      const std::lock_guard lock(mutex_);
      started.push_back(host + " " + order.image);
    }
    if (start_error.ok()) {
      done(View());
    } else {
      done(start_error);
    }
  }
  void LookAtRehearsal(const std::string&, const std::string&, Looked done) override {
    if (look_error.ok()) {
      done(View());
    } else {
      done(look_error);
    }
  }
  void EndRehearsal(const std::string&, const std::string&, bool keep, Looked done) override {
    {
      const std::lock_guard lock(mutex_);
      ended.push_back(keep);
    }
    done(fleet::RehearsalView());
  }
  void CallRehearsal(const std::string&, const std::string&, const fleet::NodeCall&,
                     std::function<void(StatusOr<fleet::NodeAnswer>)> done) override {
    done(Unimplemented("fake"));
  }

  std::vector<std::string> Started() {
    const std::lock_guard lock(mutex_);
    return started;
  }
  // Whether each that ended was kept.
  std::vector<bool> Ended() {
    const std::lock_guard lock(mutex_);
    return ended;
  }

  fleet::RehearsalView view = {.state = fleet::RehearsalView::State::kRunning,
                               .progress = "",
                               .container = "drover-rehearsal-1",
                               .exit_code = 0,
                               .oom_killed = false,
                               .log = {},
                               .error = {}};
  Status start_error, look_error;

 private:
  fleet::RehearsalView View() const { return view; }

  std::mutex mutex_;
  std::vector<std::string> started;
  std::vector<bool> ended;
};

class FakeRehearsalNode final : public opensearch::RehearsalNode {
 public:
  StatusOr<std::string> Version() override { return version; }
  Status RegisterReadOnly(const rollout::RepositoryView&) override { return repository_error; }
  StatusOr<rollout::SnapshotView> FindSnapshot(const std::string&, const std::string&) override {
    rollout::SnapshotView view;
    if (sees_snapshot) view.state = "SUCCESS";
    return view;
  }
  StatusOr<std::vector<std::string>> RestoreGlobalState(const std::string&,
                                                        const std::string&) override {
    return archived;
  }
  Status BeginRestore(const std::string&, const std::string&, const std::string& index) override {
    const auto found = refused.find(index);
    return found == refused.end() ? OkStatus() : FailedPrecondition(found->second);
  }
  StatusOr<opensearch::RestoreProgress> LookAtRestore(const std::string&) override {
    return progress;
  }
  StatusOr<opensearch::ServedIndex> LookAtIndex(const std::string& index) override {
    return served[index];
  }

  StatusOr<std::string> version = std::string("3.8.0");
  Status repository_error;
  bool sees_snapshot = true;
  StatusOr<std::vector<std::string>> archived = std::vector<std::string>();
  std::map<std::string, std::string> refused;  // index → the node's words
  opensearch::RestoreProgress progress;        // ended: no shard is missing
  std::map<std::string, opensearch::ServedIndex> served;
};

}  // namespace drover::api

#endif  // DROVER_TESTS_UNIT_API_FAKE_REHEARSAL_H_
