#include "agent/compose/compose_verbs.h"
#include "agent/compose/outcome.h"

namespace drover::agent {
namespace {

// Where on the host a container has `path`: in the mount that lies deepest. Empty: in no mount.
std::string OnHost(const ContainerDetail& container, const std::string& path) {
  const ContainerMount* deepest = nullptr;
  for (const ContainerMount& mount : container.mounts) {
    const std::string& at = mount.destination;
    const bool holds = path == at || path.rfind(at + "/", 0) == 0;
    if (!holds || mount.source.empty()) continue;
    if (deepest == nullptr || at.size() > deepest->destination.size()) deepest = &mount;
  }
  if (deepest == nullptr) return "";
  return deepest->source + path.substr(deepest->destination.size());
}

v1::OperationEnd Told(const ColdCopies::Copy& copy) {
  v1::OperationEnd end = Succeeded();
  v1::CopyVolumeResult* result = end.mutable_copy_volume();
  result->set_source(copy.source);
  result->set_copy(copy.path);
  result->set_bytes(copy.sum.bytes);
  result->set_files(copy.sum.files);
  result->set_sha256(copy.sum.sha256);
  return end;
}

}  // namespace

ColdCopies::Place ComposeVerbs::CopyPlace(const v1::StartOperation& order) const {
  const v1::CopyVolume& verb = order.verb().copy_volume();
  return {order.project(), verb.service(), verb.name()};
}

StatusOr<v1::OperationEnd> ComposeVerbs::Copy(const Job& job, const Prepared& prepared) {
  const v1::CopyVolume& verb = job.order.verb().copy_volume();
  (void)prepared;
  DROVER_ASSIGN_OR_RETURN(const ContainerDetail container,
                          FindContainer(job.order.project(), verb.service()));
  if (container.state != "exited" && container.state != "created" && container.state != "dead") {
    return VerbError(v1::OPERATION_ERROR_CODE_COMPOSE_FAILED,
                     "The container " + container.name + " is " + container.state +
                         "; a cold copy is made of a stopped one");
  }
  const std::string source = OnHost(container, verb.path());
  if (source.empty()) {
    return VerbError(v1::OPERATION_ERROR_CODE_INVALID_PROJECT,
                     container.name + " has " + verb.path() +
                         " in no volume: there is nothing that outlives the container to copy");
  }
  StatusOr<ColdCopies::Copy> copy = copies_.Make(CopyPlace(job.order), source, OptionsOf(job));
  if (!copy.ok()) return copy.status();
  return Told(*copy);
}

StatusOr<v1::OperationEnd> ComposeVerbs::ExamineCopy(const v1::StartOperation& order) const {
  const StatusOr<ColdCopies::Copy> copy = copies_.Find(CopyPlace(order));
  if (copy.ok()) return Told(*copy);
  if (copy.status().code() != StatusCode::kNotFound) return copy.status();
  v1::OperationEnd end;
  end.set_state(v1::OPERATION_STATE_INTERRUPTED);
  return end;
}

}  // namespace drover::agent
