#include "controller/api/snapshots.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "controller/api/busy_clusters.h"
#include "controller/api/words.h"
#include "controller/opensearch/upgrade_snapshots.h"

namespace drover::api {
namespace {

// Looks that may fail in a row before the stream gives up; the snapshot itself goes on.
constexpr int kMaxFailures = 10;

class SnapshotFollower final : public Source<pb::CreateSnapshotResponse> {
 public:
  using Ticks = std::chrono::steady_clock;

  SnapshotFollower(Desk& desk, ClusterAtHand cluster, std::string name, Millis poll,
                   std::weak_ptr<Stream<pb::CreateSnapshotResponse>> stream)
      : desk_(desk),
        cluster_(std::move(cluster)),
        name_(std::move(name)),
        poll_(poll),
        stream_(std::move(stream)) {}

  Found Find(pb::CreateSnapshotResponse* message) override {
    if (over_) return Found::End(End());
    if (Ticks::now() < next_) return Later();
    next_ = Ticks::now() + poll_;
    auto seen = cluster_.api->GetSnapshot(cluster_.repository(), name_);
    if (!seen.ok() || seen->state.empty()) {
      if (++failures_ < kMaxFailures) return Later();
      return Found::End(Lost(seen.status()));
    }
    failures_ = 0;
    over_ = seen->state != "IN_PROGRESS";
    last_ = std::move(*seen);
    ToProto(last_, message->mutable_snapshot());
    return Found::Message();
  }

 private:
  // Asks to be looked for again when it is time.
  Found Later() {
    const auto left = std::chrono::ceil<Millis>(next_ - Ticks::now());
    const bool taken = PokeLater(desk_, stream_, std::max(left, Millis(1)));
    return taken ? Found::Nothing() : Found::End(desk_.Refusal());
  }

  grpc::Status End() const {
    if (last_.state == "SUCCESS") return grpc::Status::OK;
    std::string text = "snapshot " + name_ + " ended as " + last_.state;
    if (!last_.failures.empty()) text += ": " + last_.failures.front();
    return {grpc::StatusCode::FAILED_PRECONDITION, text};
  }

  grpc::Status Lost(const Status& status) const {
    if (status.ok()) {
      return {grpc::StatusCode::ABORTED, "snapshot " + name_ + " is not in repository " +
                                             cluster_.repository() + " any more: it was deleted"};
    }
    return rpc::ToGrpc(Annotate(status, "snapshot " + name_ +
                                            " was begun and goes on, but the cluster does not "
                                            "answer; look with drover snapshot show"));
  }

  Desk& desk_;
  const ClusterAtHand cluster_;
  const std::string name_;
  const Millis poll_;
  const std::weak_ptr<Stream<pb::CreateSnapshotResponse>> stream_;
  Ticks::time_point next_{};
  int failures_ = 0;
  bool over_ = false;
  rollout::SnapshotView last_;
};

}  // namespace

StatusOr<ClusterAtHand> OpenCluster(const Parts& parts, const std::string& name) {
  DROVER_ASSIGN_OR_RETURN(const store::ClusterRecord record, parts.clusters->GetCluster(name));
  ClusterAtHand cluster;
  DROVER_ASSIGN_OR_RETURN(cluster.spec, parts.parse_cluster_file(record.file, name));
  if (cluster.repository().empty()) {
    return FailedPrecondition("the file of cluster " + name +
                              " names no snapshot repository: add snapshot: {repository: …} and "
                              "apply it again");
  }
  DROVER_ASSIGN_OR_RETURN(cluster.api, parts.cluster_api(cluster.spec));
  return cluster;
}

StatusOr<rollout::SnapshotView> FindSnapshot(ClusterAtHand& cluster, const std::string& name) {
  DROVER_ASSIGN_OR_RETURN(rollout::SnapshotView snapshot,
                          opensearch::FindAnySnapshot(*cluster.api, cluster.repository(), name));
  if (!snapshot.state.empty()) return snapshot;
  std::vector<std::string> names;
  const auto others = opensearch::ListAllSnapshots(*cluster.api, cluster.repository());
  if (others.ok()) {
    for (const auto& other : others->snapshots) names.push_back(other.name);
  }
  return NotFound("repository " + cluster.repository() + " has no snapshot '" + name +
                  "': " + WhatExists(names));
}

Status NotNeeded(const Parts& parts, const std::string& cluster, const std::string& snapshot) {
  DROVER_ASSIGN_OR_RETURN(const auto open, OpenRollouts(parts, cluster));
  for (const rollout::Rollout& rollout : open) {
    if (rollout.plan->snapshot != snapshot) continue;
    return FailedPrecondition("snapshot " + snapshot + " is the way back of rollout " +
                              rollout.id.str() + ", which has not ended (" +
                              rollout::Name(rollout.phase) + ")");
  }
  return OkStatus();
}

StatusOr<rollout::RepositoryView> EnsureRepository(ClusterAtHand& cluster, bool* registered) {
  DROVER_ASSIGN_OR_RETURN(rollout::RepositoryView view,
                          cluster.api->GetRepository(cluster.repository()));
  if (view.exists) return view;
  if (cluster.spec.snapshot.type.empty()) {
    return NotFound("cluster " + cluster.spec.name + " has no snapshot repository '" +
                    cluster.repository() +
                    "': register it, or say how in the cluster file (snapshot: type, settings)");
  }
  DROVER_RETURN_IF_ERROR(cluster.api->RegisterRepository(cluster.spec.snapshot));
  if (registered != nullptr) *registered = true;
  return cluster.api->GetRepository(cluster.repository());
}

StatusOr<std::unique_ptr<Source<pb::CreateSnapshotResponse>>> BeginSnapshot(
    Desk& desk, ClusterAtHand cluster, const std::string& name, Millis poll,
    const std::shared_ptr<Stream<pb::CreateSnapshotResponse>>& stream) {
  const auto repository = EnsureRepository(cluster);
  if (!repository.ok()) return repository.status();
  DROVER_RETURN_IF_ERROR(cluster.api->BeginSnapshot(cluster.repository(), name));
  return std::make_unique<SnapshotFollower>(desk, std::move(cluster), name, poll, stream);
}

}  // namespace drover::api
