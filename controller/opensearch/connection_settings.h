// What a connection to a cluster needs beside an address: certificates and a password, as bytes.
#ifndef DROVER_CONTROLLER_OPENSEARCH_CONNECTION_SETTINGS_H_
#define DROVER_CONTROLLER_OPENSEARCH_CONNECTION_SETTINGS_H_

#include <string>

#include "common/base/status.h"
#include "controller/rollout/cluster_spec.h"

namespace drover::opensearch {

// Holds secrets: lives as long as one call, is never logged and never part of an error.
struct ConnectionSettings {
  std::string ca_pem;                                  // empty: the system's authorities
  std::string client_certificate_pem, client_key_pem;  // both or none
  std::string username, password;                      // both or none
};

// Reads the files that `spec` names, afresh at each call, so that a changed file is in force with
// the next request. NOT_FOUND, PERMISSION_DENIED and INVALID_ARGUMENT (empty file, half a pair)
// name the setting and the file, never what is in it.
StatusOr<ConnectionSettings> LoadConnectionSettings(const rollout::ClusterSpec& spec);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_CONNECTION_SETTINGS_H_
