// The log of a daemon: one line an entry on stderr, for the journal to collect.
// Callers never pass secrets; a value that may hold one is left out, not masked.
#ifndef DROVER_COMMON_BASE_LOG_H_
#define DROVER_COMMON_BASE_LOG_H_

#include <string>

namespace drover {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Entries below `level` are dropped; the default is kInfo. Thread safe.
void SetLogLevel(LogLevel level);

// `room` names the part that speaks ("session", "driver"). Thread safe.
void Log(LogLevel level, const std::string& room, const std::string& text);

inline void LogDebug(const std::string& room, const std::string& text) {
  Log(LogLevel::kDebug, room, text);
}
inline void LogInfo(const std::string& room, const std::string& text) {
  Log(LogLevel::kInfo, room, text);
}
inline void LogWarning(const std::string& room, const std::string& text) {
  Log(LogLevel::kWarning, room, text);
}
inline void LogError(const std::string& room, const std::string& text) {
  Log(LogLevel::kError, room, text);
}

}  // namespace drover

#endif  // DROVER_COMMON_BASE_LOG_H_
