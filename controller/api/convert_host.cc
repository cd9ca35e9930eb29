#include <algorithm>

#include "controller/api/convert.h"

namespace drover::api {
namespace {

void ToProto(const rollout::ServiceView& service, pb::HostService* out) {
  out->set_name(service.name);
  out->set_image(service.image);
  if (!service.container) return;
  out->set_container_state(service.container->state);
  out->set_health(service.container->health);
  out->set_restart_count(service.container->restart_count);
}

void ToProto(const rollout::ProjectView& project, pb::HostProject* out) {
  out->set_name(project.name);
  out->set_working_dir(project.working_dir);
  for (const auto& [path, hash] : project.file_sha256) out->add_files(path);
  for (const auto& service : project.services) ToProto(service, out->add_services());
  out->set_error(project.error);
}

}  // namespace

void ToProto(const fleet::HostStatus& status, pb::Host* out) {
  const rollout::HostView& host = status.view;
  out->set_id(host.id.str());
  out->set_name(host.name);
  out->set_connected(host.connected);
  if (host.last_seen) ToProto(*host.last_seen, out->mutable_last_seen());
  if (host.connected_since) ToProto(*host.connected_since, out->mutable_connected_since());
  out->set_cordoned(host.cordoned);
  out->set_agent_version(host.agent_version);
  out->set_engine_version(host.engine_version);
  for (const auto& version : host.compose_versions) out->add_compose_versions(version);
  out->set_engine_error(host.engine_error);
  // The disk with the least room is the one that stops an upgrade.
  const auto fullest =
      std::min_element(host.disks.begin(), host.disks.end(),
                       [](const auto& a, const auto& b) { return a.free_bytes < b.free_bytes; });
  if (fullest != host.disks.end()) {
    out->set_disk_free_bytes(fullest->free_bytes);
    out->set_disk_total_bytes(fullest->total_bytes);
  }
  if (host.connected) ToProto(host.clock_offset, out->mutable_clock_offset());
  for (const auto& project : host.projects) ToProto(project, out->add_projects());
  for (const auto& line : host.policy_summary) out->add_policy_summary(line);
  out->set_revoked(status.revoked);
  ToProto(status.certificate_ends, out->mutable_certificate_ends());
}

}  // namespace drover::api
