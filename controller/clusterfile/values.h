// The forms that single values of the cluster file must have.
#ifndef DROVER_CONTROLLER_CLUSTERFILE_VALUES_H_
#define DROVER_CONTROLLER_CLUSTERFILE_VALUES_H_

#include <string>

namespace drover::clusterfile {

// Why `name` cannot be a cluster's name, "" where it can: letters, digits, "-", "_" and ".", at
// most 64, a letter or digit first.
std::string NameProblem(const std::string& name);

// Why `url` cannot be an endpoint, "" where it can: http or https, a host, perhaps a port; no user,
// path or query. Never repeats a password in it.
std::string EndpointProblem(const std::string& url);

// Without a slash at the end, scheme and host in small letters.
std::string NormalizedEndpoint(const std::string& url);

}  // namespace drover::clusterfile

#endif  // DROVER_CONTROLLER_CLUSTERFILE_VALUES_H_
