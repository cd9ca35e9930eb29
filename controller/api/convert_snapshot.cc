#include <algorithm>

#include "controller/api/convert.h"

namespace drover::api {

void ToProto(const rollout::SnapshotView& snapshot, pb::Snapshot* out) {
  const auto count = [](int number) { return static_cast<uint32_t>(std::max(0, number)); };
  out->set_repository(snapshot.repository);
  out->set_name(snapshot.name);
  out->set_state(snapshot.state);
  out->set_version(snapshot.version);
  out->set_indices(static_cast<uint32_t>(snapshot.indices.size()));
  out->set_shards_done(count(snapshot.shards_done));
  out->set_shards_total(count(snapshot.shards_total));
  out->set_shards_failed(count(snapshot.shards_failed));
  out->set_bytes_done(snapshot.bytes_done);
  out->set_bytes_total(snapshot.bytes_total);
  if (snapshot.started_at != Time{}) ToProto(snapshot.started_at, out->mutable_started_at());
  if (snapshot.ended_at != Time{}) ToProto(snapshot.ended_at, out->mutable_ended_at());
  for (const auto& failure : snapshot.failures) out->add_failures(failure);
}

}  // namespace drover::api
