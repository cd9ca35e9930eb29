// The cluster file (cli.md, "A cluster file"): YAML text to a spec and back.
#ifndef DROVER_CONTROLLER_CLUSTERFILE_CLUSTER_FILE_H_
#define DROVER_CONTROLLER_CLUSTERFILE_CLUSTER_FILE_H_

#include <string>
#include <vector>

#include "common/base/status.h"
#include "controller/rollout/cluster_spec.h"

namespace drover::clusterfile {

// Parses and validates. INVALID_ARGUMENT lists every problem, one a line, as
// `file:line:column: what is wrong; what was expected`; `file_name` is how messages call the file.
// The values of keys that may hold a secret are never repeated. Reads no file that the text names.
StatusOr<rollout::ClusterSpec> ParseClusterFile(const std::string& text,
                                                const std::string& file_name);

// A file that parses to `spec` again (as far as `spec` is valid), with comments, ready to edit.
// `notes` stand at its top as comments, one each; they may have several lines.
std::string WriteClusterFile(const rollout::ClusterSpec& spec,
                             const std::vector<std::string>& notes);

}  // namespace drover::clusterfile

#endif  // DROVER_CONTROLLER_CLUSTERFILE_CLUSTER_FILE_H_
