// Data on stdout in the format that was asked for.
#ifndef DROVER_CONTROLLER_CLI_OUTPUT_H_
#define DROVER_CONTROLLER_CLI_OUTPUT_H_

#include <google/protobuf/message.h>

#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"

namespace drover::cli {

// Field names as in the .proto files, every field always there, enums as words, 64-bit numbers as
// text (protobuf's JSON mapping). Ends with a line feed.
std::string ToJson(const google::protobuf::Message& message);

// The same as YAML.
std::string ToYaml(const google::protobuf::Message& message);

// Several messages as one object.
using Named = std::vector<std::pair<std::string, const google::protobuf::Message*>>;
std::string ToJson(const Named& messages);
std::string ToYaml(const Named& messages);

// Reads what ToJson wrote; fields of a newer version are passed over. INVALID_ARGUMENT names
// `path`.
Status FromJson(const std::string& json, const std::string& path,
                google::protobuf::Message& message);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_OUTPUT_H_
