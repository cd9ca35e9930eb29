#include "controller/api/leftovers.h"

#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "common/rpc/channel.h"
#include "controller/opensearch/upgrade_snapshots.h"

namespace drover::api {
namespace {

constexpr Millis kListTimeout{20'000};
// A removal of many gigabytes is many unlinks.
constexpr Millis kRemoveTimeout{600'000};
constexpr char kPrefix[] = "drover-";

// Called once, from any thread; whoever waits gets it.
template <typename T>
struct Awaited {
  std::shared_ptr<std::promise<StatusOr<T>>> promise =
      std::make_shared<std::promise<StatusOr<T>>>();
  std::future<StatusOr<T>> future = promise->get_future();
  std::function<void(StatusOr<T>)> Done() const {
    return [promise = promise](StatusOr<T> result) { promise->set_value(std::move(result)); };
  }
};

// (host, project, service) → cluster, of all clusters whose file still parses.
using Places = std::map<std::tuple<std::string, std::string, std::string>, std::string>;

struct Applied {
  std::vector<rollout::ClusterSpec> specs;
  Places places;
};

void AddPlaces(const rollout::ClusterSpec& spec, Places* places) {
  for (const auto& member : spec.members) {
    (*places)[{member.host, member.project, member.service}] = spec.name;
  }
}

StatusOr<Applied> ReadClusters(const Parts& parts, const std::string& only,
                               pb::ListLeftoversResponse* response) {
  DROVER_ASSIGN_OR_RETURN(auto records, parts.clusters->ListClusters());
  if (!only.empty()) {
    DROVER_ASSIGN_OR_RETURN(const store::ClusterRecord record, parts.clusters->GetCluster(only));
    records = {record};
  }
  Applied applied;
  for (const store::ClusterRecord& record : records) {
    auto spec = parts.parse_cluster_file(record.file, record.name);
    if (!spec.ok()) {
      if (response == nullptr) continue;
      pb::LeftoversUnseen* unseen = response->add_unseen();
      unseen->set_what("cluster " + record.name);
      unseen->set_reason(Message(spec.status()));
      continue;
    }
    AddPlaces(*spec, &applied.places);
    applied.specs.push_back(*std::move(spec));
  }
  return applied;
}

// The rollout or plan that a name is made of; empty where none is known.
std::string RolloutOf(const Parts& parts, const std::string& name) {
  if (!name.starts_with(kPrefix)) return "";
  const std::string id = name.substr(std::string(kPrefix).size());
  if (const auto rollout = parts.coordinator->Get(id); rollout.ok()) return rollout->id.str();
  if (const auto plan = parts.coordinator->GetPlan(id); plan.ok()) return (*plan)->id.str();
  return "";
}

pb::LeftoverKind KindOf(fleet::LeftoverKind kind) {
  return kind == fleet::LeftoverKind::kKeptVolume ? pb::LEFTOVER_KIND_KEPT_VOLUME
                                                  : pb::LEFTOVER_KIND_COLD_COPY;
}

void Fill(const Parts& parts, const Places& places, const std::string& host,
          const fleet::Leftover& leftover, pb::Leftover* out) {
  out->set_kind(KindOf(leftover.kind));
  const auto place = places.find({host, leftover.project, leftover.service});
  if (place != places.end()) out->set_cluster(place->second);
  out->set_host(host);
  out->set_project(leftover.project);
  out->set_service(leftover.service);
  out->set_name(leftover.name);
  out->set_bytes(leftover.bytes);
  ToProto(leftover.created_at, out->mutable_created_at());
  out->set_rollout(RolloutOf(parts, leftover.name));
  out->set_path(leftover.path);
  out->set_restored(leftover.restored);
}

void AddUnseen(const std::string& what, const std::string& reason,
               pb::ListLeftoversResponse* response) {
  pb::LeftoversUnseen* unseen = response->add_unseen();
  unseen->set_what(what);
  unseen->set_reason(reason);
}

// Those in repositories of single upgrades too.
void AddSnapshots(const Parts& parts, const rollout::ClusterSpec& spec,
                  pb::ListLeftoversResponse* response) {
  if (spec.snapshot.repository.empty()) return;
  const std::string what = "the snapshots of cluster " + spec.name;
  const auto api = parts.cluster_api(spec);
  if (!api.ok()) return AddUnseen(what, Message(api.status()), response);
  const auto all = opensearch::ListAllSnapshots(**api, spec.snapshot.repository);
  if (!all.ok()) return AddUnseen(what, Message(all.status()), response);
  for (const std::string& problem : all->unreadable) AddUnseen(what, problem, response);
  for (const rollout::SnapshotView& snapshot : all->snapshots) {
    const std::string made_by =
        snapshot.origin ? snapshot.origin->rollout : RolloutOf(parts, snapshot.name);
    if (made_by.empty()) continue;
    pb::Leftover* out = response->add_leftovers();
    out->set_kind(pb::LEFTOVER_KIND_SNAPSHOT);
    out->set_cluster(spec.name);
    out->set_name(snapshot.name);
    const auto bytes = (*api)->SnapshotBytes(snapshot.repository, snapshot.name);
    if (bytes) out->set_bytes(*bytes);
    ToProto(snapshot.started_at, out->mutable_created_at());
    out->set_rollout(made_by);
    out->set_path(snapshot.repository);
  }
}

// The hosts to ask: those of the clusters, or where `all` every one that is enrolled.
std::set<std::string> HostsToAsk(const Parts& parts, const Places& places, bool all) {
  std::set<std::string> hosts;
  for (const auto& [place, cluster] : places) hosts.insert(std::get<0>(place));
  if (!all) return hosts;
  for (const auto& host : parts.fleet->ListHosts()) {
    if (!host.revoked) hosts.insert(host.view.name);
  }
  return hosts;
}

// All hosts at once.
void AddFromHosts(const Parts& parts, const Places& places, bool all,
                  pb::ListLeftoversResponse* response) {
  std::map<std::string, Awaited<std::vector<fleet::Leftover>>> asked;
  for (const std::string& host : HostsToAsk(parts, places, all)) {
    parts.leftovers->ListLeftovers(host, kListTimeout, asked[host].Done());
  }
  for (auto& [host, awaited] : asked) {
    const auto leftovers = awaited.future.get();
    if (!leftovers.ok()) {
      AddUnseen("host " + host, Message(leftovers.status()), response);
      continue;
    }
    for (const fleet::Leftover& leftover : *leftovers) {
      const bool ours = places.count({host, leftover.project, leftover.service}) > 0;
      if (all || ours) Fill(parts, places, host, leftover, response->add_leftovers());
    }
  }
}

// FAILED_PRECONDITION while a rollout that has this service as a member has not ended; also where
// no cluster's file names the service any more.
Status NoRolloutUses(const Parts& parts, const pb::RemoveLeftoverRequest& request) {
  DROVER_ASSIGN_OR_RETURN(const auto open, OpenRollouts(parts, ""));
  for (const rollout::Rollout& rollout : open) {
    Places places;
    AddPlaces(rollout.plan->spec, &places);
    for (const auto& member : rollout.plan->members) {
      places[{member.host, member.project, member.service}] = rollout.plan->spec.name;
    }
    if (places.count({request.host(), request.project(), request.service()}) == 0) continue;
    return FailedPrecondition("rollout " + rollout.id.str() + " of cluster " +
                              rollout.plan->spec.name + " has not ended (" +
                              rollout::Name(rollout.phase) +
                              ") and may need it; nothing was removed: wait for its end");
  }
  return OkStatus();
}

Status CheckRequest(const pb::RemoveLeftoverRequest& request) {
  if (request.kind() == pb::LEFTOVER_KIND_SNAPSHOT) {
    return InvalidArgument("a snapshot is deleted with drover snapshot delete CLUSTER " +
                           request.name());
  }
  if (request.kind() == pb::LEFTOVER_KIND_UNSPECIFIED || request.host().empty() ||
      request.project().empty() || request.service().empty() || request.name().empty()) {
    return InvalidArgument("a leftover is removed by its kind, host, project, service and name");
  }
  return OkStatus();
}

StatusOr<fleet::Leftover> Remove(const Parts& parts, const pb::RemoveLeftoverRequest& request) {
  fleet::Leftover which{
      .project = request.project(), .service = request.service(), .name = request.name()};
  which.kind = request.kind() == pb::LEFTOVER_KIND_KEPT_VOLUME ? fleet::LeftoverKind::kKeptVolume
                                                               : fleet::LeftoverKind::kColdCopy;
  Awaited<fleet::Leftover> awaited;
  parts.leftovers->RemoveLeftover(request.host(), which, kRemoveTimeout, awaited.Done());
  return awaited.future.get();
}

}  // namespace

Status ListLeftovers(const Parts& parts, const std::string& cluster,
                     pb::ListLeftoversResponse* response) {
  DROVER_ASSIGN_OR_RETURN(const Applied applied, ReadClusters(parts, cluster, response));
  AddFromHosts(parts, applied.places, cluster.empty(), response);
  for (const auto& spec : applied.specs) AddSnapshots(parts, spec, response);
  const auto key = [](const pb::Leftover& leftover) {
    return std::tie(leftover.cluster(), leftover.host(), leftover.project(), leftover.service(),
                    leftover.name());
  };
  std::stable_sort(response->mutable_leftovers()->begin(), response->mutable_leftovers()->end(),
                   [&key](const auto& a, const auto& b) { return key(a) < key(b); });
  return OkStatus();
}

grpc::Status RemoveLeftover(const Parts& parts, BusyClusters& busy, const Caller& caller,
                            const pb::RemoveLeftoverRequest& request,
                            pb::RemoveLeftoverResponse* response) {
  if (const Status sound = CheckRequest(request); !sound.ok()) return rpc::ToGrpc(sound);
  const auto applied = ReadClusters(parts, "", nullptr);
  if (!applied.ok()) return rpc::ToGrpc(applied.status());
  const auto place = applied->places.find({request.host(), request.project(), request.service()});
  std::unique_ptr<BusyClusters::Hold> hold;
  if (place != applied->places.end()) {
    auto held = HoldIdle(parts, busy, place->second, "a removal of what rollouts left");
    if (!held.ok()) return ClusterBusy(held.status());
    hold = *std::move(held);
  }
  if (const Status free = NoRolloutUses(parts, request); !free.ok()) return ClusterBusy(free);
  const auto removed = Remove(parts, request);
  if (!removed.ok()) return rpc::ToGrpc(removed.status());
  Fill(parts, applied->places, request.host(), *removed, response->mutable_leftover());
  rollout::Record record;
  record.kind = "leftover.removed";
  record.host = request.host();
  record.text = caller.name + " removed " + removed->name + " of " + removed->project + "/" +
                removed->service + ": " + removed->path;
  record.fields = {{"by", caller.name}, {"role", Name(caller.role)}, {"path", removed->path}};
  parts.coordinator->Append(record);
  return grpc::Status::OK;
}

}  // namespace drover::api
