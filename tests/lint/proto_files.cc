#include "tests/lint/proto_files.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "drover/agent/v1/gateway.pb.h"
#include "drover/control/v1/cluster.pb.h"
#include "drover/control/v1/event.pb.h"
#include "drover/control/v1/fleet.pb.h"
#include "drover/control/v1/index.pb.h"
#include "drover/control/v1/rehearsal.pb.h"
#include "drover/control/v1/rollout.pb.h"
#include "drover/control/v1/snapshot.pb.h"
#include "drover/store/v1/plan.pb.h"
#include "drover/store/v1/rollout.pb.h"

namespace drover::lint {
namespace {

const std::filesystem::path kProtoFolder = std::filesystem::path(DROVER_SOURCE_DIR) / "proto";

// Makes the linker keep the files of the static libraries; imports come with them.
void LinkIn() {
  agent::v1::Hello::descriptor();
  control::v1::Cluster::descriptor();
  control::v1::Event::descriptor();
  control::v1::Host::descriptor();
  control::v1::Index::descriptor();
  control::v1::RehearseRequest::descriptor();
  control::v1::Rollout::descriptor();
  control::v1::GetSnapshotRequest::descriptor();
  store::v1::Plan::descriptor();
  store::v1::RolloutState::descriptor();
}

}  // namespace

std::vector<const google::protobuf::FileDescriptor*> ProtoFiles() {
  LinkIn();
  std::vector<const google::protobuf::FileDescriptor*> files;
  for (const std::string& name : ProtoFilesInTree()) {
    const auto* file = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name);
    if (file != nullptr) files.push_back(file);
  }
  return files;
}

std::set<std::string> ProtoFilesInTree() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kProtoFolder)) {
    if (entry.path().extension() != ".proto") continue;
    names.insert(std::filesystem::relative(entry.path(), kProtoFolder).generic_string());
  }
  return names;
}

std::string ReadProto(const std::string& name) {
  std::ifstream file(kProtoFolder / name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace drover::lint
