// Points in time and spans as the protocol carries them.
#ifndef DROVER_AGENT_COMPOSE_WIRE_TIME_H_
#define DROVER_AGENT_COMPOSE_WIRE_TIME_H_

#include <google/protobuf/util/time_util.h>

#include "common/base/time.h"

namespace drover::agent {

inline Time TimeOnWire(const google::protobuf::Timestamp& timestamp) {
  return FromUnixMillis(google::protobuf::util::TimeUtil::TimestampToMilliseconds(timestamp));
}
inline google::protobuf::Timestamp WireTime(Time time) {
  return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(ToUnixMillis(time));
}
inline Millis SpanOnWire(const google::protobuf::Duration& duration) {
  return Millis(google::protobuf::util::TimeUtil::DurationToMilliseconds(duration));
}
inline google::protobuf::Duration WireSpan(Millis span) {
  return google::protobuf::util::TimeUtil::MillisecondsToDuration(span.count());
}

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_WIRE_TIME_H_
