// Keys of the cluster file: the nearest known one, and those that would hold a secret.
#ifndef DROVER_CONTROLLER_CLUSTERFILE_KEYS_H_
#define DROVER_CONTROLLER_CLUSTERFILE_KEYS_H_

#include <string>
#include <vector>

namespace drover::clusterfile {

// The one of `known` that differs from `word` by the fewest letters, "" where none is near.
std::string Nearest(const std::string& word, const std::vector<std::string>& known);

// True for keys whose value would be a secret: password, token, secret_key, api-key, …
bool NamesSecret(const std::string& key);

}  // namespace drover::clusterfile

#endif  // DROVER_CONTROLLER_CLUSTERFILE_KEYS_H_
