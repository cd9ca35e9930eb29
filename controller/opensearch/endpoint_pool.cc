#include "controller/opensearch/endpoint_pool.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace drover::opensearch {

EndpointPool::EndpointPool(std::vector<std::string> urls, Millis memory)
    : urls_(std::move(urls)), memory_(memory), memories_(urls_.size()) {}

bool EndpointPool::FailedLately(const Memory& memory, Moment now) const {
  return memory.failed.has_value() && now - *memory.failed < memory_;
}

std::vector<size_t> EndpointPool::Order(const std::vector<std::string>& avoid_nodes) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Moment now = std::chrono::steady_clock::now();
  using Key = std::tuple<bool, bool, Moment, size_t>;
  std::vector<std::pair<Key, size_t>> keyed;
  for (size_t i = 0; i < urls_.size(); ++i) {
    const Memory& memory = memories_[i];
    const bool avoided =
        !memory.node_name.empty() &&
        std::find(avoid_nodes.begin(), avoid_nodes.end(), memory.node_name) != avoid_nodes.end();
    const bool failed = FailedLately(memory, now);
    const size_t distance = (i + urls_.size() - current_) % urls_.size();
    keyed.push_back({{avoided, failed, failed ? *memory.failed : Moment{}, distance}, i});
  }
  std::sort(keyed.begin(), keyed.end());
  std::vector<size_t> order;
  for (const auto& [key, endpoint] : keyed) order.push_back(endpoint);
  return order;
}

bool EndpointPool::Answered(size_t endpoint) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool had_failed = memories_[endpoint].failed.has_value();
  memories_[endpoint].failed.reset();
  return had_failed;
}

bool EndpointPool::Failed(size_t endpoint, const std::string& reason, bool timed_out) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Memory& memory = memories_[endpoint];
  const bool had_failed = memory.failed.has_value();
  memory.failed = std::chrono::steady_clock::now();
  memory.reason = reason;
  memory.timed_out = timed_out;
  return !had_failed;
}

void EndpointPool::Prefer(size_t endpoint) {
  const std::lock_guard<std::mutex> lock(mutex_);
  current_ = endpoint;
}

std::optional<std::string> EndpointPool::LatelyTimedOut(size_t endpoint) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Memory& memory = memories_[endpoint];
  if (!memory.timed_out || !FailedLately(memory, std::chrono::steady_clock::now())) {
    return std::nullopt;
  }
  return memory.reason;
}

void EndpointPool::SetNodeName(size_t endpoint, const std::string& name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  memories_[endpoint].node_name = name;
}

std::string EndpointPool::NodeName(size_t endpoint) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return memories_[endpoint].node_name;
}

}  // namespace drover::opensearch
