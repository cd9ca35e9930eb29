#include "controller/api/index_service.h"

#include <algorithm>
#include <utility>

#include "controller/api/reindex_run.h"
#include "controller/api/unary.h"
#include "controller/rollout/paths.h"

namespace drover::api {
namespace {

StatusOr<rollout::ClusterSpec> SpecNamed(const Parts& parts, const std::string& name) {
  DROVER_ASSIGN_OR_RETURN(const store::ClusterRecord record, parts.clusters->GetCluster(name));
  return parts.parse_cluster_file(record.file, name);
}

void ToProto(const rollout::IndexView& index, pb::Index* out) {
  out->set_name(index.name);
  out->set_created_version(index.created_version);
  out->set_open(index.open);
  out->set_hidden(index.hidden);
  out->set_shards(static_cast<uint32_t>(std::max(0, index.shards)));
  out->set_replicas(static_cast<uint32_t>(std::max(0, index.replicas)));
  out->set_documents(index.docs.value_or(0));
  out->set_store_bytes(index.store_bytes);
}

Status List(const Parts& parts, const pb::ListIndexesRequest& request,
            pb::ListIndexesResponse* response) {
  const auto version = rollout::ParseVersion(request.too_old_for());
  if (!version && !request.too_old_for().empty()) {
    return InvalidArgument("--too-old-for '" + request.too_old_for() +
                           "' is not a version: expected three numbers such as 3.8.0");
  }
  if (version && rollout::OldestIndex(*version).empty()) {
    return InvalidArgument("this version of Drover does not know which indexes " +
                           version->ToString() + " opens");
  }
  DROVER_ASSIGN_OR_RETURN(const rollout::ClusterSpec spec, SpecNamed(parts, request.cluster()));
  DROVER_ASSIGN_OR_RETURN(const auto api, parts.cluster_api(spec));
  DROVER_ASSIGN_OR_RETURN(const rollout::ClusterObservation cluster, api->Observe());
  for (const rollout::IndexView& index : cluster.indices) {
    if (version && !rollout::IndexIsTooOld(index.created_version, *version)) continue;
    ToProto(index, response->add_indexes());
  }
  return OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* IndexService::ListIndexes(grpc::CallbackServerContext* context,
                                                    const pb::ListIndexesRequest* request,
                                                    pb::ListIndexesResponse* response) {
  return Unary<pb::ListIndexesRequest, pb::ListIndexesResponse>(
      desk_, context, request, response, "IndexService/ListIndexes",
      [this](const Caller&, const auto& question, auto* answer) {
        return rpc::ToGrpc(List(parts_, question, answer));
      });
}

grpc::ServerWriteReactor<pb::ReindexIndexesResponse>* IndexService::ReindexIndexes(
    grpc::CallbackServerContext* context, const pb::ReindexIndexesRequest* request) {
  using Response = pb::ReindexIndexesResponse;
  using Made = StatusOr<std::unique_ptr<Source<Response>>>;
  return Streaming<pb::ReindexIndexesRequest, Response>(
      desk_, context, request, "IndexService/ReindexIndexes",
      [this](const Caller& caller, const auto& question, const auto& stream) -> Made {
        const std::vector<std::string> indexes(question.indexes().begin(),
                                               question.indexes().end());
        if (indexes.empty()) return InvalidArgument("name at least one index");
        DROVER_ASSIGN_OR_RETURN(const rollout::ClusterSpec spec,
                                SpecNamed(parts_, question.cluster()));
        DROVER_ASSIGN_OR_RETURN(auto api, parts_.reindex_api(spec));
        auto hold = HoldIdle(parts_, busy_, spec.name, "a reindex");
        if (!hold.ok()) {
          stream->Stop(ClusterBusy(hold.status()));
          return hold.status();
        }
        rollout::Record event;
        event.kind = "index.reindex";
        event.text = caller.name + " reindexes in cluster " + spec.name + ":";
        for (const std::string& index : indexes) event.text += " " + index;
        event.fields = {{"by", caller.name}, {"cluster", spec.name}};
        parts_.coordinator->Append(event);
        const auto later = [&desk = desk_, weak = std::weak_ptr(stream)](Millis delay) {
          return PokeLater(desk, weak, delay);
        };
        return std::make_unique<ReindexRun>(std::move(api), indexes, question.keep_old(),
                                            std::move(*hold), poll_, later);
      });
}

}  // namespace drover::api
