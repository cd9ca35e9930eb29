#include "controller/opensearch/restore_calls.h"

#include <nlohmann/json.hpp>

#include "controller/opensearch/json_access.h"
#include "controller/opensearch/observe.h"

namespace drover::opensearch {
namespace {

using nlohmann::json;

constexpr Millis kBeginTimeout{60'000};
constexpr Millis kCountTimeout{60'000};
constexpr size_t kMostFailures = 5;
// index.allocation.max_retries: the cluster tries a shard so often, then no more by itself.
constexpr int64_t kLastAttempt = 5;

StatusOr<json> Ask(RestClient& client, const RestRequest& request) {
  DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client.Call(request));
  return SuccessJson(request, answer);
}

// Primaries of one index by the routing table.
void AddShards(const std::string& index, const json& routing, RestoreProgress* progress) {
  const json& shards = At(routing, {"shards"});
  if (!shards.is_object()) {
    ++progress->shards_total;
    return;
  }
  for (const auto& [number, copies] : shards.items()) {
    ++progress->shards_total;
    for (const json& copy : copies) {
      if (!Truth(At(copy, {"primary"}))) continue;
      const std::string state = Text(At(copy, {"state"}));
      if (state == "STARTED" || state == "RELOCATING") ++progress->shards_done;
      const json& why = At(copy, {"unassigned_info"});
      const bool given_up = Integer(At(why, {"failed_attempts"})) >= kLastAttempt;
      if (state != "UNASSIGNED" || !given_up || progress->failures.size() >= kMostFailures)
        continue;
      progress->failures.push_back(index + "[" + number + "]: " + Text(At(why, {"details"})));
    }
  }
}

void AddBytes(const json& recovery, RestoreProgress* progress) {
  for (const json& shard : At(recovery, {"shards"})) {
    if (Text(At(shard, {"type"})) != "SNAPSHOT") continue;
    progress->bytes_total += Unsigned(At(shard, {"index", "size", "total_in_bytes"}));
    progress->bytes_done += Unsigned(At(shard, {"index", "size", "recovered_in_bytes"}));
  }
}

}  // namespace

Status BeginRestore(RestClient& client, const rollout::RestorePlan& plan, bool sample) {
  std::string names;
  for (const rollout::RestoredIndex& index : plan.indices) {
    names += (names.empty() ? "" : ",") + index.name;
  }
  const bool renamed = !plan.prefix.empty();
  // An empty list would be every index.
  json body = {{"indices", names.empty() ? "-*" : names},
               {"ignore_unavailable", false},
               {"include_global_state", plan.global_state},
               {"include_aliases", !renamed},
               {"partial", false}};
  if (renamed) {
    body["rename_pattern"] = "(.+)";
    body["rename_replacement"] = plan.prefix + "$1";
  }
  if (sample) {
    body["index_settings"] = {{"index.number_of_replicas", 0},
                              {"index.auto_expand_replicas", "false"},
                              {"index.hidden", true}};
  }
  // Sent once: a second one would fail on the indexes of the first.
  RestRequest request{.method = "POST",
                      .path = "/_snapshot/" + Escape(plan.repository) + "/" +
                              Escape(plan.snapshot) + "/_restore?wait_for_completion=false",
                      .body = body.dump(-1, ' ', false, json::error_handler_t::replace),
                      .timeout = kBeginTimeout,
                      .repeatable = false};
  return Ask(client, request).status();
}

StatusOr<RestoreProgress> LookAtRestore(RestClient& client,
                                        const std::vector<std::string>& indices) {
  // Of all indexes: thousands of names do not fit into an address.
  DROVER_ASSIGN_OR_RETURN(
      const json state, Ask(client, {.path = "/_cluster/state/routing_table?filter_path="
                                             "routing_table.indices.*.shards.*.state,"
                                             "routing_table.indices.*.shards.*.primary,"
                                             "routing_table.indices.*.shards.*.unassigned_info"}));
  DROVER_ASSIGN_OR_RETURN(
      const json recovery,
      Ask(client, {.path = "/_recovery?filter_path=*.shards.type,*.shards.index.size"}));
  RestoreProgress progress;
  for (const std::string& index : indices) {
    AddShards(index, At(state, {"routing_table", "indices", index.c_str()}), &progress);
    AddBytes(At(recovery, {index.c_str()}), &progress);
  }
  return progress;
}

StatusOr<uint64_t> CountDocuments(RestClient& client, const std::string& index) {
  const RestRequest refresh{
      .method = "POST", .path = "/" + Escape(index) + "/_refresh", .timeout = kCountTimeout};
  DROVER_RETURN_IF_ERROR(Ask(client, refresh).status());
  DROVER_ASSIGN_OR_RETURN(const json count, Ask(client, {.path = "/" + Escape(index) + "/_count",
                                                         .timeout = kCountTimeout}));
  return Unsigned(At(count, {"count"}));
}

}  // namespace drover::opensearch
