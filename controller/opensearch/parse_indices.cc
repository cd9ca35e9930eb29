#include "controller/opensearch/parse_indices.h"

#include <algorithm>

#include "controller/opensearch/json_access.h"
#include "controller/opensearch/version_id.h"

namespace drover::opensearch {
namespace {

using rollout::IndexView;
using rollout::ShardState;
using rollout::ShardView;

std::string Take(const std::map<std::string, std::string>& settings, const std::string& key) {
  const auto found = settings.find(key);
  return found == settings.end() ? "" : found->second;
}

int TakeInt(const std::map<std::string, std::string>& settings, const std::string& key) {
  return static_cast<int>(Integer(nlohmann::json(Take(settings, key))));
}

IndexView ParseIndex(const std::string& name, const nlohmann::json& metadata) {
  IndexView index;
  index.name = name;
  index.open = Text(At(metadata, {"state"})) != "close";
  Flatten(At(metadata, {"settings"}), "", index.settings);
  const auto& settings = index.settings;
  index.uuid = Take(settings, "index.uuid");
  index.hidden = Take(settings, "index.hidden") == "true";
  index.shards = TakeInt(settings, "index.number_of_shards");
  index.replicas = TakeInt(settings, "index.number_of_replicas");
  index.auto_expand_replicas = Take(settings, "index.auto_expand_replicas");
  index.wait_for_active_shards = Take(settings, "index.write.wait_for_active_shards");
  index.created_version =
      DecodeVersionId(Integer(nlohmann::json(Take(settings, "index.version.created"))));
  return index;
}

// An unknown state is counted as the one that keeps a member from being stopped.
ShardState ParseState(const std::string& state) {
  if (state == "STARTED") return ShardState::kStarted;
  if (state == "RELOCATING") return ShardState::kRelocating;
  if (state == "INITIALIZING") return ShardState::kInitializing;
  return ShardState::kUnassigned;
}

ShardView ParseShard(const std::string& index, const std::string& number,
                     const nlohmann::json& copy) {
  ShardView shard;
  shard.index = index;
  shard.shard = static_cast<int>(Integer(nlohmann::json(number)));
  shard.primary = Truth(At(copy, {"primary"}));
  shard.state = ParseState(Text(At(copy, {"state"})));
  shard.node_id = Text(At(copy, {"node"}));
  shard.relocating_node_id = Text(At(copy, {"relocating_node"}));
  shard.unassigned_reason = Text(At(copy, {"unassigned_info", "reason"}));
  return shard;
}

}  // namespace

std::vector<IndexView> ParseIndices(const nlohmann::json& state) {
  std::vector<IndexView> indices;
  for (const auto& [name, metadata] : At(state, {"metadata", "indices"}).items()) {
    indices.push_back(ParseIndex(name, metadata));
  }
  std::sort(indices.begin(), indices.end(),
            [](const IndexView& a, const IndexView& b) { return a.name < b.name; });
  return indices;
}

std::vector<rollout::TemplateView> ParseTemplates(const nlohmann::json& state) {
  std::vector<rollout::TemplateView> templates;
  const auto add = [&templates](const nlohmann::json& by_name, bool nested) {
    if (!by_name.is_object()) return;
    for (const auto& [name, body] : by_name.items()) {
      rollout::TemplateView view;
      view.name = name;
      Flatten(nested ? At(body, {"template", "settings"}) : At(body, {"settings"}), "",
              view.settings);
      if (!view.settings.empty()) templates.push_back(std::move(view));
    }
  };
  add(At(state, {"metadata", "templates"}), false);
  add(At(state, {"metadata", "index_template", "index_template"}), true);
  add(At(state, {"metadata", "component_template", "component_template"}), true);
  return templates;
}

void AddIndexStats(const nlohmann::json& stats, std::vector<IndexView>& indices) {
  const nlohmann::json& by_name = At(stats, {"indices"});
  for (IndexView& index : indices) {
    const nlohmann::json& entry = At(by_name, {index.name.c_str()});
    const nlohmann::json& docs = At(entry, {"primaries", "docs", "count"});
    if (index.open && !docs.is_null()) index.docs = Unsigned(docs);
    index.store_bytes = Unsigned(At(entry, {"total", "store", "size_in_bytes"}));
  }
}

void AddIndexOperations(const nlohmann::json& stats, std::vector<IndexView>& indices) {
  const nlohmann::json& by_name = At(stats, {"indices"});
  for (IndexView& index : indices) {
    const nlohmann::json& shards = At(by_name, {index.name.c_str(), "shards"});
    if (!index.open || !shards.is_object()) continue;
    uint64_t ever = 0, since = 0;
    int primaries = 0;
    for (const auto& [number, copies] : shards.items()) {
      for (const nlohmann::json& copy : copies) {
        if (!Truth(At(copy, {"routing", "primary"}))) continue;
        ++primaries;
        // The first operation has number 0; -1: there is none.
        ever += static_cast<uint64_t>(
            std::max<int64_t>(0, Integer(At(copy, {"seq_no", "max_seq_no"})) + 1));
        since += Unsigned(At(copy, {"indexing", "index_total"})) +
                 Unsigned(At(copy, {"indexing", "delete_total"}));
      }
    }
    if (primaries != index.shards) continue;
    index.operations = ever;
    index.new_operations = since;
  }
}

std::vector<ShardView> ParseShards(const nlohmann::json& state) {
  std::vector<ShardView> shards;
  for (const auto& [index, routing] : At(state, {"routing_table", "indices"}).items()) {
    for (const auto& [number, copies] : At(routing, {"shards"}).items()) {
      for (const nlohmann::json& copy : copies) shards.push_back(ParseShard(index, number, copy));
    }
  }
  return shards;
}

}  // namespace drover::opensearch
