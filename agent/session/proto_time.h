// Points in time and spans between our types and Protobuf's.
#ifndef DROVER_AGENT_SESSION_PROTO_TIME_H_
#define DROVER_AGENT_SESSION_PROTO_TIME_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include "common/base/time.h"

namespace drover::agent {

inline Time FromProto(const google::protobuf::Timestamp& timestamp) {
  return FromUnixMillis(google::protobuf::util::TimeUtil::TimestampToMilliseconds(timestamp));
}

inline google::protobuf::Timestamp ToProto(Time time) {
  return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(ToUnixMillis(time));
}

inline Millis FromProto(const google::protobuf::Duration& duration) {
  return Millis(google::protobuf::util::TimeUtil::DurationToMilliseconds(duration));
}

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_PROTO_TIME_H_
