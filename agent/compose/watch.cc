#include <algorithm>
#include <thread>

#include "agent/compose/compose_verbs.h"

namespace drover::agent {
namespace {

using std::chrono::steady_clock;

// Events of one change come in a burst.
constexpr Millis kBurst{5};
constexpr int kMaxBurst = 200;
constexpr Millis kRetryEngine{2000};

}  // namespace

bool ComposeVerbs::IsOurs(const EngineEvent& event) {
  const StatusOr<std::string> folder = ResolvePath(Label(event.attributes, kWorkingDirLabel));
  if (!folder.ok()) return false;
  for (const std::string& root : parts_.policy->Current()->ResolvedRoots()) {
    if (LiesUnder(*folder, root)) return true;
  }
  return false;
}

bool ComposeVerbs::WaitForChange(Millis timeout) {
  // Called all the time, connected or not.
  rehearsals_.Tend();
  const std::lock_guard<std::mutex> lock(watch_mutex_);
  const auto until = steady_clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(until - steady_clock::now());
    if (left <= Millis(0)) return false;
    if (events_ == nullptr) {
      StatusOr<std::unique_ptr<EventStream>> opened = parts_.engine->WatchContainers(kProjectLabel);
      if (opened.ok()) {
        events_ = *std::move(opened);
        // What happened while nobody watched is news, except at the start.
        const bool again = watched_before_ || engine_lost_;
        watched_before_ = true;
        engine_lost_ = false;
        if (again) return true;
      } else {
        const bool first_time = !engine_lost_;
        engine_lost_ = true;
        if (first_time && watched_before_) return true;
        std::this_thread::sleep_for(std::min(left, kRetryEngine));
        continue;
      }
    }
    const StatusOr<EngineEvent> event = events_->Next(left);
    if (event.ok()) {
      if (!IsOurs(*event)) continue;
      for (int i = 0; i < kMaxBurst; ++i) {
        const StatusOr<EngineEvent> more = events_->Next(kBurst);
        if (more.ok()) continue;
        if (more.status().code() != StatusCode::kDeadlineExceeded) events_.reset();
        break;
      }
      return true;
    }
    if (event.status().code() == StatusCode::kDeadlineExceeded) return false;
    events_.reset();  // opened again at once; a daemon that is gone is found out then
  }
}

}  // namespace drover::agent
