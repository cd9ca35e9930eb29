// What a host got at its enrolment, in one file of the state folder.
#ifndef DROVER_AGENT_SESSION_IDENTITY_H_
#define DROVER_AGENT_SESSION_IDENTITY_H_

#include <string>

#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::agent {

struct HostIdentity {
  std::string host_id;
  std::string host_name;
  std::string controller;         // "host:port"
  std::string key;                // PEM; never printed
  std::string certificate_chain;  // PEM, leaf first
  std::string ca;                 // PEM

  bool operator==(const HostIdentity&) const = default;
};

// Key and certificate belong together, so they live in one file, which is replaced in one step:
// `<state folder>/identity.json`, mode 0600.
class IdentityFile {
 public:
  explicit IdentityFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  // NOT_FOUND where the host is not enrolled; DATA_LOSS where the file is damaged.
  StatusOr<HostIdentity> Load() const;
  Status Save(const HostIdentity& identity) const;

 private:
  const std::string path_;
};

// When the certificate is to be renewed: somewhere between half and six tenths of its life, by
// `random` from [0, 1), so that hosts that were enrolled together do not come together.
Time RenewalTime(Time not_before, Time not_after, double random);

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_IDENTITY_H_
