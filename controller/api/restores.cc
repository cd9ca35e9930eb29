#include "controller/api/restores.h"

#include <utility>

#include "controller/api/restore_run.h"
#include "controller/api/snapshots.h"
#include "controller/rollout/restore.h"

namespace drover::api {
namespace {

constexpr size_t kSample = 3;
constexpr size_t kLargestSample = 100;

// A cluster, one of its snapshots and what the cluster holds now.
struct AtHand {
  ClusterAtHand cluster;
  rollout::SnapshotView snapshot;
  rollout::ClusterObservation seen;
  bool is_admin = false;
};

StatusOr<AtHand> Look(const Parts& parts, const std::string& cluster, const std::string& name) {
  AtHand at;
  DROVER_ASSIGN_OR_RETURN(at.cluster, OpenCluster(parts, cluster));
  DROVER_ASSIGN_OR_RETURN(at.snapshot, FindSnapshot(at.cluster, name));
  DROVER_ASSIGN_OR_RETURN(at.seen, at.cluster.api->Observe());
  at.is_admin = at.cluster.api->IsAdmin().value_or(false);
  return at;
}

// Of a PlanRestoreRequest or a RestoreSnapshotRequest.
template <typename Request>
rollout::RestoreRequest WantedBy(const Request& request, const AtHand& at) {
  return {.indices = {request.indices().begin(), request.indices().end()},
          .prefix = request.prefix(),
          .global_state = request.global_state(),
          .is_admin = at.is_admin};
}

std::map<std::string, uint64_t> LiveDocuments(const rollout::ClusterObservation& seen) {
  std::map<std::string, uint64_t> documents;
  for (const rollout::IndexView& index : seen.indices) {
    if (index.docs) documents[index.name] = *index.docs;
  }
  return documents;
}

StatusOr<RestoreRun::Order> MakeOrder(const pb::RestoreSnapshotRequest& request, const AtHand& at) {
  RestoreRun::Order order;
  DROVER_ASSIGN_OR_RETURN(order.plan,
                          rollout::PlanRestore(WantedBy(request, at), at.snapshot, at.seen));
  order.live_documents = LiveDocuments(at.seen);
  return order;
}

StatusOr<RestoreRun::Order> MakeOrder(const pb::ProveSnapshotRequest& request, const AtHand& at) {
  if (request.sample() > kLargestSample) {
    return InvalidArgument("--sample " + std::to_string(request.sample()) + ": expected at most " +
                           std::to_string(kLargestSample));
  }
  RestoreRun::Order order;
  order.proof = true;
  order.live_documents = LiveDocuments(at.seen);
  rollout::ClusterObservation clean = at.seen;
  clean.indices.clear();
  for (const rollout::IndexView& index : at.seen.indices) {
    if (index.name.starts_with(rollout::ProofPrefix())) {
      order.leftovers.push_back(index.name);
    } else {
      clean.indices.push_back(index);
    }
  }
  rollout::RestoreRequest wanted;
  wanted.prefix = rollout::ProofPrefix();
  wanted.indices =
      rollout::ChooseSample(at.snapshot, clean, request.sample() == 0 ? kSample : request.sample());
  if (wanted.indices.empty()) {
    return FailedPrecondition("snapshot " + at.snapshot.name +
                              " holds no index that could be restored as a sample");
  }
  DROVER_ASSIGN_OR_RETURN(order.plan, rollout::PlanRestore(wanted, at.snapshot, clean));
  return order;
}

template <typename Request, typename Response>
StatusOr<std::unique_ptr<Source<Response>>> BeginAny(
    Desk& desk, const Parts& parts, BusyClusters& busy, const Caller& caller,
    const Request& request, Millis poll, const std::string& work,
    const std::shared_ptr<Stream<Response>>& stream) {
  auto hold = HoldIdle(parts, busy, request.cluster(), "a " + work);
  if (!hold.ok()) {
    stream->Stop(ClusterBusy(hold.status()));
    return hold.status();
  }
  DROVER_ASSIGN_OR_RETURN(const AtHand at, Look(parts, request.cluster(), request.name()));
  DROVER_ASSIGN_OR_RETURN(RestoreRun::Order order, MakeOrder(request, at));
  rollout::Record event;
  event.kind = "snapshot." + work;
  event.text = caller.name + " begins a " + work + " of snapshot " + request.name() +
               " in cluster " + request.cluster() + ": " +
               std::to_string(order.plan.indices.size()) + " indexes";
  event.fields = {
      {"by", caller.name}, {"cluster", request.cluster()}, {"snapshot", request.name()}};
  parts.coordinator->Append(event);
  const auto later = [&desk, weak = std::weak_ptr(stream)](Millis delay) {
    return PokeLater(desk, weak, delay);
  };
  auto run =
      std::make_unique<RestoreRun>(at.cluster.api, std::move(order), std::move(*hold), poll, later);
  return std::make_unique<RestoreSource<Response>>(std::move(run));
}

}  // namespace

Status Preview(const Parts& parts, const pb::PlanRestoreRequest& request,
               pb::PlanRestoreResponse* response) {
  DROVER_ASSIGN_OR_RETURN(const AtHand at, Look(parts, request.cluster(), request.name()));
  DROVER_ASSIGN_OR_RETURN(const rollout::RestorePlan plan,
                          rollout::PlanRestore(WantedBy(request, at), at.snapshot, at.seen));
  ToProto(at.snapshot, response->mutable_snapshot());
  for (const rollout::RestoredIndex& index : plan.indices) {
    pb::RestoredIndex* out = response->add_indices();
    out->set_name(index.name);
    out->set_target(index.target);
  }
  for (const rollout::LeftIndex& left : plan.left_alone) {
    pb::LeftIndex* out = response->add_left_alone();
    out->set_name(left.name);
    out->set_reason(left.reason);
  }
  response->set_global_state(plan.global_state);
  return OkStatus();
}

StatusOr<std::unique_ptr<Source<pb::RestoreSnapshotResponse>>> BeginRun(
    Desk& desk, const Parts& parts, BusyClusters& busy, const Caller& caller,
    const pb::RestoreSnapshotRequest& request, Millis poll,
    const std::shared_ptr<Stream<pb::RestoreSnapshotResponse>>& stream) {
  return BeginAny<pb::RestoreSnapshotRequest, pb::RestoreSnapshotResponse>(
      desk, parts, busy, caller, request, poll, "restore", stream);
}

StatusOr<std::unique_ptr<Source<pb::ProveSnapshotResponse>>> BeginRun(
    Desk& desk, const Parts& parts, BusyClusters& busy, const Caller& caller,
    const pb::ProveSnapshotRequest& request, Millis poll,
    const std::shared_ptr<Stream<pb::ProveSnapshotResponse>>& stream) {
  return BeginAny<pb::ProveSnapshotRequest, pb::ProveSnapshotResponse>(
      desk, parts, busy, caller, request, poll, "proof", stream);
}

}  // namespace drover::api
