#include "controller/api/rehearsal_service.h"

#include <optional>
#include <utility>

#include "common/crypto/crypto.h"
#include "controller/api/await.h"
#include "controller/api/convert.h"
#include "controller/api/snapshots.h"
#include "controller/opensearch/upgrade_snapshots.h"

namespace drover::api {
namespace {

constexpr size_t kSample = 2;
constexpr size_t kLargestSample = 1000;
constexpr Millis kInspectTimeout{30'000};

StatusOr<rollout::RehearsalRequest> WantedBy(const pb::RehearseRequest& request) {
  if (request.sample() > kLargestSample) {
    return InvalidArgument("--sample " + std::to_string(request.sample()) + ": expected at most " +
                           std::to_string(kLargestSample));
  }
  return rollout::RehearsalRequest{.to_version = request.to_version(),
                                   .image = request.image(),
                                   .host = request.host(),
                                   .indices = {request.indices().begin(), request.indices().end()},
                                   .sample = request.sample() == 0 ? kSample : request.sample(),
                                   .all_indices = request.all_indices()};
}

// The named one, or the newest whole one.
StatusOr<rollout::SnapshotView> ChooseSnapshot(ClusterAtHand& cluster, const std::string& name) {
  if (!name.empty()) return FindSnapshot(cluster, name);
  DROVER_ASSIGN_OR_RETURN(const auto all,
                          opensearch::ListAllSnapshots(*cluster.api, cluster.repository()));
  const rollout::SnapshotView* newest = nullptr;
  for (const rollout::SnapshotView& snapshot : all.snapshots) {
    if (snapshot.state != "SUCCESS" || snapshot.shards_failed != 0) continue;
    if (newest == nullptr || snapshot.ended_at >= newest->ended_at) newest = &snapshot;
  }
  if (newest != nullptr) return *newest;
  return FailedPrecondition("repository " + cluster.repository() +
                            " has no whole snapshot to rehearse with; take one first: drover "
                            "snapshot create " +
                            cluster.spec.name);
}

// Of the cluster, before anything of a rehearsal is decided.
struct AtHand {
  rollout::ClusterSpec spec;
  rollout::RepositoryView repository;
  rollout::SnapshotView snapshot;
  rollout::World world;
};

StatusOr<AtHand> Look(const Parts& parts, const pb::RehearseRequest& request) {
  DROVER_ASSIGN_OR_RETURN(ClusterAtHand cluster, OpenCluster(parts, request.cluster()));
  AtHand at;
  at.spec = cluster.spec;
  DROVER_ASSIGN_OR_RETURN(const auto own, cluster.api->GetRepository(cluster.repository()));
  if (!own.exists) {
    return FailedPrecondition("cluster " + at.spec.name + " has no repository " +
                              cluster.repository() +
                              " yet; take a snapshot first: drover snapshot "
                              "create " +
                              at.spec.name);
  }
  DROVER_ASSIGN_OR_RETURN(at.snapshot, ChooseSnapshot(cluster, request.snapshot()));
  // It may be the one that an upgrade has for itself.
  DROVER_ASSIGN_OR_RETURN(at.repository, cluster.api->GetRepository(at.snapshot.repository));
  DROVER_ASSIGN_OR_RETURN(at.world, parts.coordinator->Observe(request.cluster()));
  if (!at.world.cluster_error.empty()) return Unavailable(at.world.cluster_error);
  return at;
}

// What the host's policy says.
Status AskHost(fleet::Agents& agents, const rollout::RehearsalPlan& plan) {
  fleet::ProjectQuestion question;
  question.images = {plan.image};
  question.verbs = {"Rehearse"};
  DROVER_ASSIGN_OR_RETURN(const rollout::ProjectView project,
                          Await<rollout::ProjectView>(2 * kInspectTimeout, [&](auto done) {
                            agents.InspectProject(plan.host, plan.project, question,
                                                  kInspectTimeout, std::move(done));
                          }));
  return rollout::CheckHost(plan, project);
}

rollout::Record EventOf(const std::string& kind, const std::string& text, const std::string& by,
                        const rollout::RehearsalPlan& plan) {
  rollout::Record event;
  event.kind = kind;
  event.text = text;
  event.fields = {{"by", by},
                  {"cluster", plan.cluster},
                  {"host", plan.host},
                  {"snapshot", plan.snapshot.name},
                  {"to", plan.version}};
  return event;
}

}  // namespace

StatusOr<rollout::RehearsalPlan> RehearsalService::Plan(const std::string& id,
                                                        const pb::RehearseRequest& request,
                                                        std::optional<grpc::Status>* refusal) {
  DROVER_ASSIGN_OR_RETURN(const rollout::RehearsalRequest wanted, WantedBy(request));
  const auto at = Look(parts_, request);
  if (at.status().code() == StatusCode::kFailedPrecondition) {
    *refusal = RehearsalRefusal(at.status(), "");
  }
  if (!at.ok()) return at.status();
  auto plan = rollout::PlanRehearsal(id, wanted, at->spec, at->snapshot, at->repository, at->world);
  const Status allowed = plan.ok() ? AskHost(*parts_.agents, *plan) : plan.status();
  if (allowed.ok()) return plan;
  *refusal = RehearsalRefusal(allowed, plan.ok() ? plan->host : request.host());
  return allowed;
}

RehearsalService::Made RehearsalService::Begin(
    const Caller& caller, const pb::RehearseRequest& request,
    const std::shared_ptr<Stream<pb::RehearseResponse>>& stream) {
  auto hold = HoldIdle(parts_, busy_, request.cluster(), "a rehearsal");
  if (!hold.ok()) {
    stream->Stop(ClusterBusy(hold.status()));
    return hold.status();
  }
  const std::string id = crypto::RandomHex(4);
  std::optional<grpc::Status> refusal;
  const StatusOr<rollout::RehearsalPlan> planned = Plan(id, request, &refusal);
  if (!planned.ok()) {
    hold->reset();  // who is told may ask again at once
    if (refusal) stream->Stop(*refusal);
    return planned.status();
  }
  const rollout::RehearsalPlan& plan = *planned;
  parts_.coordinator->Append(EventOf("rehearsal.begin",
                                     caller.name + " rehearses " + plan.version + " for cluster " +
                                         plan.cluster + " on host " + plan.host +
                                         " with snapshot " + plan.snapshot.name,
                                     caller.name, plan));
  const auto ended = [this, by = caller.name, plan](bool passed) {
    parts_.coordinator->Append(EventOf("rehearsal.end",
                                       "the rehearsal of " + plan.version + " for cluster " +
                                           plan.cluster + (passed ? " passed" : " failed"),
                                       by, plan));
  };
  auto host = std::make_shared<RehearsalHost>(*parts_.rehearsal_hosts, plan.host, id);
  auto node = parts_.rehearsal_node("the rehearsal's node on " + plan.host, host);
  const auto later = [&desk = desk_, weak = std::weak_ptr(stream)](Millis delay) {
    return PokeLater(desk, weak, delay);
  };
  return std::make_unique<RehearsalRun>(
      std::move(host), std::move(node),
      RehearsalRun::Order{.plan = plan, .keep = request.keep(), .ended = ended}, std::move(*hold),
      limits_, later);
}

grpc::ServerWriteReactor<pb::RehearseResponse>* RehearsalService::Rehearse(
    grpc::CallbackServerContext* context, const pb::RehearseRequest* request) {
  return Streaming<pb::RehearseRequest, pb::RehearseResponse>(
      desk_, context, request, "RehearsalService/Rehearse",
      [this](const Caller& caller, const auto& question, const auto& stream) -> Made {
        return Begin(caller, question, stream);
      });
}

}  // namespace drover::api
