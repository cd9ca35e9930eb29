// Drover's .proto files, as compiled in and as in the tree.
#ifndef DROVER_TESTS_LINT_PROTO_FILES_H_
#define DROVER_TESTS_LINT_PROTO_FILES_H_

#include <google/protobuf/descriptor.h>

#include <set>
#include <string>
#include <vector>

namespace drover::lint {

// The descriptors, ordered by name.
std::vector<const google::protobuf::FileDescriptor*> ProtoFiles();

// Names as an import has them: "drover/agent/v1/host.proto".
std::set<std::string> ProtoFilesInTree();

// The text of the source of `name`.
std::string ReadProto(const std::string& name);

}  // namespace drover::lint

#endif  // DROVER_TESTS_LINT_PROTO_FILES_H_
