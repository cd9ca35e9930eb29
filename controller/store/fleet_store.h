// Hosts, tokens and the fleet's own keys, durable.
#ifndef DROVER_CONTROLLER_STORE_FLEET_STORE_H_
#define DROVER_CONTROLLER_STORE_FLEET_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::store {

struct HostRecord {
  HostId id;
  std::string name;
  Time enrolled_at{};
  bool cordoned = false;
  bool revoked = false;
  std::string certificate_serial;  // of the newest certificate
  Time certificate_ends{};
  Time last_seen{};
  bool operator==(const HostRecord&) const = default;
};

struct TokenRecord {
  std::string secret_sha256;  // never the secret
  Time created_at{}, expires_at{};
  std::optional<Time> used_at;
  bool operator==(const TokenRecord&) const = default;
};

// Thread safe. Every change is durable when the call returns.
class FleetStore {
 public:
  virtual ~FleetStore() = default;

  // ALREADY_EXISTS where the same secret was added before.
  virtual Status AddToken(const TokenRecord& token) = 0;
  // In one transaction: marks the token used and adds the host. UNAUTHENTICATED says whether the
  // token is unknown, used or expired at `now`; ALREADY_EXISTS where a host that is not revoked has
  // the name. After an error nothing is changed.
  virtual Status Enroll(const std::string& secret_sha256, Time now, const HostRecord& host) = 0;
  // Revoked ones too; ordered by name, then by id.
  virtual StatusOr<std::vector<HostRecord>> ListHosts() = 0;
  // NOT_FOUND where no host has host.id; ALREADY_EXISTS where another host that is not revoked has
  // the name.
  virtual Status UpdateHost(const HostRecord& host) = 0;
};

}  // namespace drover::store

#endif  // DROVER_CONTROLLER_STORE_FLEET_STORE_H_
