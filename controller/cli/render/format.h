// Words for the values of the control API.
#ifndef DROVER_CONTROLLER_CLI_RENDER_FORMAT_H_
#define DROVER_CONTROLLER_CLI_RENDER_FORMAT_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/repeated_field.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "common/base/time.h"
#include "controller/cli/control.h"
#include "controller/cli/render/line.h"

namespace drover::cli {

Time ToTime(const google::protobuf::Timestamp& t);
Millis ToMillis(const google::protobuf::Duration& d);

// `later - earlier`, never below zero: the clocks of two machines are not one.
Millis Span(Time earlier, Time later);

// "3 min ago"; "-" for a time that is not set.
std::string Ago(const google::protobuf::Timestamp& t, Time now);

// "14:02:05Z" of today, else with the date in front; "-" for a time that is not set.
std::string Moment(const google::protobuf::Timestamp& t, Time now);

// "10 min", "3.4 s": FormatDuration without a tenth that is zero; for limits.
std::string Brief(Millis d);

// "1.2 GB": powers of 1000.
std::string FormatBytes(uint64_t bytes);

// " · 3 of 20 shards · 1.2 GB of 4 GB", each where its total is known: of a snapshot or a restore.
template <typename Message>
std::string HowFar(const Message& message) {
  std::string text;
  if (message.shards_total() > 0) {
    text += " · " + std::to_string(message.shards_done()) + " of " +
            std::to_string(message.shards_total()) + " shards";
  }
  if (message.bytes_total() > 0) {
    text += " · " + FormatBytes(message.bytes_done()) + " of " + FormatBytes(message.bytes_total());
  }
  return text;
}

// The tag of an image reference, or the beginning of its digest.
std::string ImageTag(const std::string& reference);

// "data,manager": the roles that matter for a rollout.
std::string RoleWords(const google::protobuf::RepeatedPtrField<std::string>& roles);

// The node's name, or host/service where it is not known yet.
std::string MemberName(const v1::MemberRef& member);

// "upgrade", "restart", "rollback".
std::string KindWord(v1::RolloutKind kind);
// "rolling", "full".
std::string StrategyWord(v1::Strategy strategy);
// "ROLLING", "ROLLING BACK".
std::string StateWord(v1::RolloutState state);
std::string StepWord(v1::MemberState state);
std::string ColumnWord(v1::Column column);

// Nothing more will happen by itself: succeeded, failed, aborted, rolled back.
bool HasEnded(v1::RolloutState state);

// The sign and the word of a state in its tone: "✔ SUCCEEDED".
Line StateBadge(v1::RolloutState state);
// "green" in green.
Line HealthWord(const std::string& health);

// "2.17.1 → 2.19.1", or one version where they are the same or one is not known.
std::string Versions(const std::string& from, const std::string& to);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_RENDER_FORMAT_H_
