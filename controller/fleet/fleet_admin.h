// What operators do with the fleet: tokens, hosts, revocation. For the control services.
#ifndef DROVER_CONTROLLER_FLEET_FLEET_ADMIN_H_
#define DROVER_CONTROLLER_FLEET_FLEET_ADMIN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "controller/rollout/operation.h"

namespace drover::fleet {

// A host with what only operators see of it. view.known is false once it is revoked.
struct HostStatus {
  rollout::HostView view;
  bool revoked = false;
  Time enrolled_at{};
  Time certificate_ends{};
};

struct NewToken {
  std::string token;  // DROVER-1-…: shown once to the operator, never logged or stored
  Time expires_at{};
};

inline constexpr Millis kTokenLifeDefault{3'600'000};
inline constexpr Millis kTokenLifeMin{60'000};
inline constexpr Millis kTokenLifeMax{7LL * 24 * 3'600'000};

// Thread safe. Calls that change something return when the change is durable: they wait for the
// disk, so a gRPC reaction must not call them itself.
class FleetAdmin {
 public:
  virtual ~FleetAdmin() = default;

  // The fleet's name, as in its certificates' URIs: spiffe://<name>/agent/<host id>.
  virtual std::string FleetName() = 0;

  // A single-use join token. Zero is kTokenLifeDefault; INVALID_ARGUMENT outside of
  // kTokenLifeMin…kTokenLifeMax.
  virtual StatusOr<NewToken> CreateToken(Millis ttl) = 0;

  // Every host that was ever enrolled, by name; the revoked ones too. Does not block.
  virtual std::vector<HostStatus> ListHosts() = 0;

  // `host` is a name or an id. Where a name was used again, the host that is not revoked.
  // NOT_FOUND names the hosts that exist. GetHost does not block.
  virtual StatusOr<HostStatus> GetHost(const std::string& host) = 0;

  // Refuses the host's certificates from now on and ends its connection. Its name is free again,
  // its id never. Revoking twice is no error.
  virtual StatusOr<HostStatus> RevokeHost(const std::string& host) = 0;
  // A cordoned host stays connected and takes no new operation. FAILED_PRECONDITION where it is
  // revoked.
  virtual StatusOr<HostStatus> CordonHost(const std::string& host) = 0;
  virtual StatusOr<HostStatus> UncordonHost(const std::string& host) = 0;

  // Calls `changed` after each change of a host (connected, lost, report, cordoned, revoked,
  // enrolled) from one of the fleet's threads; it must not block and must not call Unsubscribe.
  // After Unsubscribe returned, `changed` does not run any more. Neither blocks.
  virtual int64_t Subscribe(std::function<void(const HostStatus&)> changed) = 0;
  virtual void Unsubscribe(int64_t subscription) = 0;
};

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_FLEET_ADMIN_H_
