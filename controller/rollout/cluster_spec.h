// A cluster file as parsed (cli.md, "A cluster file"): names and paths, never a secret.
#ifndef DROVER_CONTROLLER_ROLLOUT_CLUSTER_SPEC_H_
#define DROVER_CONTROLLER_ROLLOUT_CLUSTER_SPEC_H_

#include <map>
#include <string>
#include <vector>

#include "common/base/time.h"

namespace drover::rollout {

struct MemberSpec {
  std::string host, project, service;
  std::string node;  // OpenSearch node name; empty: found out
  bool operator==(const MemberSpec&) const = default;
};

struct CompanionSpec {
  std::string host, project, service;
  std::string image;  // with {version} in it
  bool operator==(const CompanionSpec&) const = default;
};

struct RepositorySpec {
  std::string repository;
  // Empty: the repository must exist already. Else it is registered where it is missing.
  std::string type;
  std::map<std::string, std::string> settings;  // passed through: location, bucket, base_path, …
  // An upgrade's snapshot goes where all others go, and not into a repository of its own below this
  // one (own_repository.h).
  bool shared_folder = false;
  bool operator==(const RepositorySpec&) const = default;
};

struct TlsSpec {
  std::string ca;                              // path; empty: the system's
  std::string client_certificate, client_key;  // paths
  bool operator==(const TlsSpec&) const = default;
};

struct AuthSpec {
  std::string username, password_file;
  bool operator==(const AuthSpec&) const = default;
};

struct Rules {
  int max_unavailable = 1;
  Millis join_timeout{600'000};
  Millis recover_stall{900'000};
  Millis snapshot_stall{1'800'000};
  Millis stop_timeout{120'000};
  Millis pull_timeout{1'800'000};
  // "first": after the first batch; "each": after every batch; or member names.
  std::vector<std::string> pause_after;
  // How many shard recoveries a node may take at once while a member comes back; 0 leaves the
  // cluster's own setting alone.
  int recovery_concurrency = 8;
  bool operator==(const Rules&) const = default;
};

struct ClusterSpec {
  std::string name;
  std::vector<std::string> endpoints;
  TlsSpec tls;
  AuthSpec auth;
  RepositorySpec snapshot;
  std::vector<MemberSpec> members;
  std::vector<CompanionSpec> companions;
  Rules rules;
  bool operator==(const ClusterSpec&) const = default;
};

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_CLUSTER_SPEC_H_
