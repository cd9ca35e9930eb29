// Every number that both ends of the protocol must agree on (protocol.md, "Keepalive, limits").
#ifndef DROVER_COMMON_RPC_LIMITS_H_
#define DROVER_COMMON_RPC_LIMITS_H_

#include "common/base/time.h"

namespace drover::rpc {

inline constexpr int kDefaultPort = 7441;

// The agent pings; the server accepts pings from kServerMinPingInterval on. A client that pings
// faster than its server allows is cut off with "too_many_pings" (grpc doc/keepalive.md).
inline constexpr Millis kClientPingInterval{20'000};
inline constexpr Millis kPingTimeout{10'000};
inline constexpr Millis kServerMinPingInterval{10'000};
inline constexpr Millis kServerPingInterval{60'000};

// A handshake is waited for rather than begun again: beginning again is what drowns a server.
inline constexpr Millis kHandshakeTimeout{20'000};
inline constexpr Millis kReconnectFirst{200};
inline constexpr Millis kReconnectMax{10'000};
// What Welcome tells the agents to spread their reconnects over, for each agent of the fleet.
inline constexpr Millis kReconnectWindowPerAgent{8};
// Where a host waits for its controller, the longest delay is this many windows of its fleet, so
// that a controller that is back is found within seconds by a small fleet and is busy with the
// handshakes of a large one for a quarter of its time; kReconnectMax bounds it above, this below.
inline constexpr int kReconnectMaxWindows = 4;
inline constexpr Millis kReconnectMaxOfSmallFleet{1'500};

inline constexpr Millis kReportInterval{30'000};
inline constexpr Millis kUnaryTimeout{10'000};

inline constexpr int kMaxMessageBytes = 4 * 1024 * 1024;
inline constexpr int kMaxOutputChunkBytes = 32 * 1024;
inline constexpr int kMaxLogLines = 1000;
inline constexpr int kMaxErrorOutputLines = 20;
inline constexpr int kMaxErrorLineBytes = 500;

inline constexpr Millis kCertificateLife{90LL * 24 * 3600 * 1000};
inline constexpr Millis kAuthorityLife{3650LL * 24 * 3600 * 1000};

// The name every controller certificate carries and every agent checks, whatever address it dials.
inline constexpr char kControllerName[] = "controller.drover.internal";

}  // namespace drover::rpc

#endif  // DROVER_COMMON_RPC_LIMITS_H_
