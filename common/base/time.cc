#include "common/base/time.h"

#include <cstdio>

#include "absl/time/time.h"

namespace drover {
namespace {

template <typename... Args>
std::string Print(const char* format, Args... args) {
  char buffer[64];
  const int n = std::snprintf(buffer, sizeof(buffer), format, args...);
  return std::string(buffer, static_cast<size_t>(n));
}

}  // namespace

Time SystemClock::Now() {
  return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
}

std::string FormatTime(Time t) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(ToUnixMillis(t)),
                          absl::UTCTimeZone());
}

std::string FormatDuration(Millis d) {
  const long long ms = d.count();
  if (ms < 10'000) return Print("%.1f s", static_cast<double>(ms) / 1000.0);
  const long long s = ms / 1000;
  if (s < 120) return Print("%lld s", s);
  if (s < 7200)
    return s % 60 == 0 ? Print("%lld min", s / 60) : Print("%lld min %lld s", s / 60, s % 60);
  return Print("%lld h %lld min", s / 3600, s % 3600 / 60);
}

std::string FormatClock(Millis d) {
  const long long s = d.count() / 1000;
  if (s < 3600) return Print("%02lld:%02lld", s / 60, s % 60);
  return Print("%lld:%02lld:%02lld", s / 3600, s % 3600 / 60, s % 60);
}

std::optional<Millis> ParseDuration(const std::string& text) {
  absl::Duration d;
  if (text.empty() || !absl::ParseDuration(text, &d) || d < absl::ZeroDuration() ||
      d == absl::InfiniteDuration()) {
    return std::nullopt;
  }
  return Millis(absl::ToInt64Milliseconds(d));
}

}  // namespace drover
