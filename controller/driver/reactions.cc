#include "controller/driver/reactions.h"

#include <algorithm>
#include <cstdio>

namespace drover::driver {
namespace {

constexpr size_t kMaxSamples = 100'000;

double Percentile(const std::vector<double>& sorted, double fraction) {
  const auto index = static_cast<size_t>(fraction * static_cast<double>(sorted.size() - 1) + 0.5);
  return sorted[index];
}

}  // namespace

void Reactions::Add(const RolloutId& rollout, double milliseconds) {
  std::vector<double>& samples = samples_[rollout];
  if (samples.size() < kMaxSamples) samples.push_back(milliseconds);
}

std::string Reactions::TakeSummary(const RolloutId& rollout) {
  const auto it = samples_.find(rollout);
  if (it == samples_.end()) return "";
  std::vector<double> samples = std::move(it->second);
  samples_.erase(it);
  std::sort(samples.begin(), samples.end());
  char text[96];
  std::snprintf(text, sizeof(text), "reactions n=%zu p50=%.1f ms p99=%.1f ms", samples.size(),
                Percentile(samples, 0.5), Percentile(samples, 0.99));
  return text;
}

}  // namespace drover::driver
