// A host for tests: verbs that wait until the test lets them go, and count how often they ran.
#ifndef DROVER_TESTS_UNIT_AGENT_SESSION_FAKE_VERBS_H_
#define DROVER_TESTS_UNIT_AGENT_SESSION_FAKE_VERBS_H_

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "agent/compose/verbs.h"
#include "tests/unit/agent/session/fake_controller.h"

namespace drover::agent {

class FakeVerbs final : public HostVerbs {
 public:
  // Run of these operations waits for Release or for a cancel.
  void Hold(const std::string& operation_id) {
    std::lock_guard lock(mutex_);
    held_.insert(operation_id);
  }
  void Release(const std::string& operation_id) {
    std::lock_guard lock(mutex_);
    held_.erase(operation_id);
    changed_.notify_all();
  }
  void WaitRunning(const std::string& operation_id) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(
        changed_.wait_for(lock, kPatience, [&] { return running_.count(operation_id) == 1; }));
  }
  std::vector<std::string> Runs() {
    std::lock_guard lock(mutex_);
    return runs_;
  }
  bool Runs(const std::string& operation_id) {
    std::lock_guard lock(mutex_);
    return running_.count(operation_id) == 1;
  }
  void RefuseWith(const v1::OperationError& error) {
    std::lock_guard lock(mutex_);
    refusal_ = error;
  }
  void Change() {
    std::lock_guard lock(mutex_);
    change_ = true;
    changed_.notify_all();
  }
  void SetProgress(int events) {
    std::lock_guard lock(mutex_);
    progress_events_ = events;
  }
  void SetExamined(v1::OperationState state) {
    std::lock_guard lock(mutex_);
    examined_ = state;
  }
  std::map<std::string, Time> Examined() {
    std::lock_guard lock(mutex_);
    return examined_at_;
  }
  // The bytes FollowLog writes before it waits for its end.
  void SetLog(const std::string& bytes) {
    std::lock_guard lock(mutex_);
    log_ = bytes;
  }

  v1::OperationError Check(const v1::StartOperation&) override {
    std::lock_guard lock(mutex_);
    return refusal_;
  }

  v1::OperationEnd Run(const v1::StartOperation& order, const Progress& progress,
                       const StopRequest& stop) override {
    std::unique_lock lock(mutex_);
    const std::string& id = order.operation_id();
    runs_.push_back(id);
    running_.insert(id);
    changed_.notify_all();
    for (int i = 0; i < progress_events_; ++i) {
      v1::OperationProgress next;
      next.set_current_bytes(i);
      progress(next);
    }
    // The cancel is an atomic without a condition to wait for.
    while (held_.count(id) == 1 && !stop.canceled) {
      changed_.wait_for(lock, std::chrono::milliseconds(5));
    }
    running_.erase(id);
    v1::OperationEnd end;
    end.set_state(stop.canceled ? v1::OPERATION_STATE_FAILED : v1::OPERATION_STATE_SUCCEEDED);
    if (stop.canceled) end.mutable_error()->set_code(v1::OPERATION_ERROR_CODE_CANCELED);
    return end;
  }

  v1::OperationEnd Examine(const v1::StartOperation& order, Time started_at) override {
    std::lock_guard lock(mutex_);
    examined_at_[order.operation_id()] = started_at;
    v1::OperationEnd end;
    end.set_state(examined_);
    return end;
  }

  v1::HostReport Report() override {
    std::lock_guard lock(mutex_);
    v1::HostReport report;
    report.add_disks()->set_total_bytes(++reports_);
    return report;
  }

  void FillHello(v1::Hello* hello) override { hello->set_engine_version("24.0.7"); }

  v1::QueryResult Answer(const v1::Query& query) override {
    v1::QueryResult result;
    result.mutable_project()->set_name(query.inspect_project().project());
    return result;
  }

  Status FollowLog(const v1::TailLog&, const StopRequest& stop,
                   const std::function<bool(const std::string&)>& sink) override {
    std::unique_lock lock(mutex_);
    const std::string log = log_;
    sink(log);
    while (!stop.canceled && sink("more\n")) {
      changed_.wait_for(lock, std::chrono::milliseconds(5));
    }
    return OkStatus();
  }

  bool WaitForChange(Millis timeout) override {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [this] { return change_; });
    return std::exchange(change_, false);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> held_;
  std::set<std::string> running_;
  std::vector<std::string> runs_;
  v1::OperationError refusal_;
  v1::OperationState examined_ = v1::OPERATION_STATE_INTERRUPTED;
  std::map<std::string, Time> examined_at_;
  std::string log_;
  int progress_events_ = 0;
  uint64_t reports_ = 0;
  bool change_ = false;
};

}  // namespace drover::agent

#endif  // DROVER_TESTS_UNIT_AGENT_SESSION_FAKE_VERBS_H_
