#include "controller/cli/render/format.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

// The word of an enum value without the enum's prefix, spaces for underscores.
std::string Word(const std::string& name, const std::string& prefix) {
  std::string word = name.rfind(prefix, 0) == 0 ? name.substr(prefix.size()) : name;
  std::replace(word.begin(), word.end(), '_', ' ');
  return word;
}

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

Time ToTime(const google::protobuf::Timestamp& t) {
  return FromUnixMillis(t.seconds() * 1000 + t.nanos() / 1'000'000);
}

Millis ToMillis(const google::protobuf::Duration& d) {
  return Millis(d.seconds() * 1000 + d.nanos() / 1'000'000);
}

Millis Span(Time earlier, Time later) { return std::max(Millis(0), later - earlier); }

std::string Ago(const google::protobuf::Timestamp& t, Time now) {
  if (t.seconds() == 0) return "-";
  const Millis span = Span(ToTime(t), now);
  if (span < Millis(1000)) return "now";
  const long long seconds = span.count() / 1000;
  if (seconds < 120) return std::to_string(seconds) + " s ago";
  if (seconds < 2 * 3600) return std::to_string(seconds / 60) + " min ago";
  if (seconds < 2 * 86400) return std::to_string(seconds / 3600) + " h ago";
  return std::to_string(seconds / 86400) + " d ago";
}

std::string Moment(const google::protobuf::Timestamp& t, Time now) {
  if (t.seconds() == 0) return "-";
  const std::string text = FormatTime(ToTime(t));
  const std::string clock = text.substr(11, 8) + "Z";
  if (text.substr(0, 10) == FormatTime(now).substr(0, 10)) return clock;
  return text.substr(0, 10) + " " + clock;
}

std::string Brief(Millis d) {
  std::string text = FormatDuration(d);
  const size_t zero = text.find(".0 s");
  if (zero != std::string::npos) text.erase(zero, 2);
  // "120 min" and "60 s" read better in the next unit, where nothing is lost.
  const long long seconds = d.count() / 1000;
  if (seconds > 0 && seconds < 120 && seconds % 60 == 0) {
    text = std::to_string(seconds / 60) + " min";
  }
  return text;
}

std::string FormatBytes(uint64_t bytes) {
  static const char* const kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof(text), unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value,
                kUnits[unit]);
  return text;
}

std::string ImageTag(const std::string& reference) {
  const size_t digest = reference.find('@');
  const std::string name = reference.substr(0, digest);
  const size_t slash = name.rfind('/');
  const size_t colon = name.rfind(':');
  if (colon != std::string::npos && (slash == std::string::npos || colon > slash)) {
    return name.substr(colon + 1);
  }
  if (digest == std::string::npos) return name.empty() ? "" : "latest";
  const size_t hex = reference.find(':', digest);
  return "@" + reference.substr(hex == std::string::npos ? digest + 1 : hex + 1, 12);
}

std::string RoleWords(const google::protobuf::RepeatedPtrField<std::string>& roles) {
  std::vector<std::string> words;
  const auto has = [&](const char* role) {
    return std::find(roles.begin(), roles.end(), role) != roles.end();
  };
  if (has("data")) words.emplace_back("data");
  if (has("cluster_manager") || has("master") || has("manager")) words.emplace_back("manager");
  if (words.empty() && has("ingest")) words.emplace_back("ingest");
  if (words.empty() && !roles.empty()) words.push_back(Sanitize(roles.Get(0)));
  return Join(words, ",");
}

std::string MemberName(const v1::MemberRef& member) {
  if (!member.name().empty()) return Sanitize(member.name());
  return Sanitize(member.host() + "/" + member.service());
}

std::string KindWord(v1::RolloutKind kind) {
  return Lower(Word(v1::RolloutKind_Name(kind), "ROLLOUT_KIND_"));
}

std::string StrategyWord(v1::Strategy strategy) {
  return Lower(Word(v1::Strategy_Name(strategy), "STRATEGY_"));
}

std::string StateWord(v1::RolloutState state) {
  return Word(v1::RolloutState_Name(state), "ROLLOUT_STATE_");
}

std::string StepWord(v1::MemberState state) {
  return Word(v1::MemberState_Name(state), "MEMBER_STATE_");
}

std::string ColumnWord(v1::Column column) { return Word(v1::Column_Name(column), "COLUMN_"); }

bool HasEnded(v1::RolloutState state) {
  return state == v1::ROLLOUT_STATE_SUCCEEDED || state == v1::ROLLOUT_STATE_FAILED ||
         state == v1::ROLLOUT_STATE_ABORTED || state == v1::ROLLOUT_STATE_ROLLED_BACK;
}

Line StateBadge(v1::RolloutState state) {
  const std::string word = StateWord(state);
  switch (state) {
    case v1::ROLLOUT_STATE_SUCCEEDED:
      return Line("✔ " + word, Tone::kGood);
    case v1::ROLLOUT_STATE_FAILED:
      return Line("✖ " + word, Tone::kBad);
    case v1::ROLLOUT_STATE_ABORTED:
      return Line("■ " + word, Tone::kBad);
    case v1::ROLLOUT_STATE_ROLLED_BACK:
      return Line("↩ " + word, Tone::kWarn);
    case v1::ROLLOUT_STATE_PAUSED:
      return Line("‖ " + word, Tone::kWarn);
    case v1::ROLLOUT_STATE_PLANNED:
      return Line("· " + word, Tone::kDim);
    default:
      return Line("◷ " + word, Tone::kBusy);
  }
}

Line HealthWord(const std::string& health) {
  const Tone tone = health == "green"    ? Tone::kGood
                    : health == "yellow" ? Tone::kWarn
                    : health == "red"    ? Tone::kBad
                                         : Tone::kPlain;
  return Line(health.empty() ? "-" : Sanitize(health), tone);
}

std::string Versions(const std::string& from, const std::string& to) {
  if (from.empty() || from == to) return Sanitize(to);
  if (to.empty()) return Sanitize(from);
  return Sanitize(from) + " → " + Sanitize(to);
}

}  // namespace drover::cli
