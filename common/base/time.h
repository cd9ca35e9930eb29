// Points in time and spans, in milliseconds; clocks are passed in, never asked for globally.
#ifndef DROVER_COMMON_BASE_TIME_H_
#define DROVER_COMMON_BASE_TIME_H_

#include <chrono>
#include <optional>
#include <string>

namespace drover {

using Millis = std::chrono::milliseconds;
// Wall-clock time, UTC.
using Time = std::chrono::time_point<std::chrono::system_clock, Millis>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time Now() = 0;
};

// The machine's clock. Thread safe.
class SystemClock final : public Clock {
 public:
  Time Now() override;
};

inline int64_t ToUnixMillis(Time t) { return t.time_since_epoch().count(); }
inline Time FromUnixMillis(int64_t ms) { return Time(Millis(ms)); }

// "2026-11-23T02:13:54.123Z".
std::string FormatTime(Time t);

// "0.6 s", "41 s", "3 min 20 s", "2 h 5 min": two units at most, tenths below ten seconds.
std::string FormatDuration(Millis d);

// "00:41", "12:05", "1:02:03": for clocks on a screen.
std::string FormatClock(Millis d);

// "90s", "15m", "1h", "250ms", "1h30m". Nothing where the text is not a duration above or equal to
// zero.
std::optional<Millis> ParseDuration(const std::string& text);

}  // namespace drover

#endif  // DROVER_COMMON_BASE_TIME_H_
