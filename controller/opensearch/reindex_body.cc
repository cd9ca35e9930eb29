#include "controller/opensearch/reindex_body.h"

#include <algorithm>

#include "controller/opensearch/json_access.h"
#include "controller/opensearch/version_id.h"
#include "controller/rollout/paths.h"

namespace drover::opensearch {
namespace {

using nlohmann::json;

constexpr char kRecord[] = "drover";  // key in a mapping's _meta

// Settings that the server gives each index itself, refuses from others, or that must not go on:
// blocks are recorded, and a copy needs none.
constexpr const char* kOwnedByServer[] = {"index.uuid",
                                          "index.creation_date",
                                          "index.version.*",
                                          "index.provided_name",
                                          "index.history.uuid",
                                          "index.resize.*",
                                          "index.shrink.*",
                                          "index.routing.allocation.initial_recovery.*",
                                          "index.verified_before_close",
                                          "index.blocks.*",
                                          "index.frozen",
                                          "index.search.throttled",
                                          "archived.*"};

bool IsOwned(const std::string& name) {
  return std::any_of(std::begin(kOwnedByServer), std::end(kOwnedByServer), [&](const char* rule) {
    const std::string pattern = rule;
    if (!pattern.ends_with('*')) return name == pattern;
    return name.starts_with(pattern.substr(0, pattern.size() - 1));
  });
}

json Nullable(const std::optional<std::string>& value) { return value ? json(*value) : json(); }

std::optional<std::string> TextIfThere(const json& value) {
  if (value.is_null()) return std::nullopt;
  return Text(value);
}

json ToJson(const rollout::ReindexRecord& record) {
  return {{"index", record.index},
          {"uuid", record.uuid},
          {"closed", record.closed},
          {"write_block", Nullable(record.write_block)},
          {"hidden", Nullable(record.hidden)}};
}

uint64_t DoneOf(const json& status) {
  return Unsigned(At(status, {"created"})) + Unsigned(At(status, {"updated"})) +
         Unsigned(At(status, {"version_conflicts"})) + Unsigned(At(status, {"noops"}));
}

std::string FailureOf(const json& answer) {
  const json& error = At(answer, {"error"});
  if (!error.is_null()) {
    return Text(At(error, {"type"})) + ": " + Text(At(error, {"reason"}));
  }
  for (const json& failure : At(answer, {"response", "failures"})) {
    const std::string id = Text(At(failure, {"id"}));
    return (id.empty() ? "" : "document " + id + ": ") + Text(At(failure, {"cause", "type"})) +
           ": " + Text(At(failure, {"cause", "reason"}));
  }
  if (!At(answer, {"response", "canceled"}).is_null()) return "somebody cancelled it";
  return "";
}

}  // namespace

json TemporaryBody(const json& source, const rollout::ReindexRecord& record,
                   const rollout::Version& version) {
  rollout::Version next;
  next.major = version.major + 1;
  json settings = json::object();
  for (const auto& [name, value] : At(source, {"settings"}).items()) {
    if (!IsOwned(name) && !rollout::IndexSettingIsRemoved(name, next)) settings[name] = value;
  }
  settings["index.hidden"] = "true";
  json mappings = At(source, {"mappings"}).is_object() ? At(source, {"mappings"}) : json::object();
  if (!mappings["_meta"].is_object()) mappings["_meta"] = json::object();
  mappings["_meta"][kRecord] = ToJson(record);
  return {{"settings", settings}, {"mappings", mappings}};
}

json CloneBody(const rollout::ReindexRecord& record) {
  // The write block is copied with the other settings: it holds until the documents are compared.
  return {{"settings", {{"index.hidden", Nullable(record.hidden)}}}};
}

json MetaWithoutRecord(const json& mapping) {
  json meta = At(mapping, {"_meta"});
  if (!meta.is_object()) return json::object();
  meta.erase(kRecord);
  return meta;
}

std::optional<rollout::ReindexRecord> ReadRecord(const json& mapping) {
  const json& stored = At(mapping, {"_meta", kRecord});
  rollout::ReindexRecord record;
  record.index = Text(At(stored, {"index"}));
  record.uuid = Text(At(stored, {"uuid"}));
  if (record.index.empty() || record.uuid.empty()) return std::nullopt;
  record.closed = Truth(At(stored, {"closed"}));
  record.write_block = TextIfThere(At(stored, {"write_block"}));
  record.hidden = TextIfThere(At(stored, {"hidden"}));
  return record;
}

json AddAliases(const json& aliases, const std::string& to, const std::string& but) {
  json actions = json::array();
  if (!aliases.is_object()) return actions;
  for (const auto& [name, properties] : aliases.items()) {
    if (name == but) continue;
    json add = {{"index", to}, {"alias", name}};
    for (const char* key :
         {"filter", "index_routing", "search_routing", "is_write_index", "is_hidden"}) {
      if (properties.contains(key)) add[key] = properties[key];
    }
    actions.push_back({{"add", add}});
  }
  return actions;
}

rollout::ReindexSide ReadSide(const json& metadata, const json& routing) {
  rollout::ReindexSide side;
  side.exists = metadata.is_object();
  if (!side.exists) return side;
  const json& settings = At(metadata, {"settings", "index"});
  side.open = Text(At(metadata, {"state"})) != "close";
  side.write_block = TextIfThere(At(settings, {"blocks", "write"}));
  side.blocked = side.write_block == "true";
  side.uuid = Text(At(settings, {"uuid"}));
  side.created_version = DecodeVersionId(Integer(At(settings, {"version", "created"})));
  side.cloned_from = Text(At(settings, {"resize", "source", "uuid"}));
  side.has_record = ReadRecord(MappingOf(metadata)).has_value();
  for (const json& alias : At(metadata, {"aliases"})) side.aliases.push_back(Text(alias));
  const json& shards = At(routing, {"shards"});
  side.ready = side.open && !shards.empty();
  for (const json& copies : shards) {
    side.ready =
        side.ready && std::any_of(copies.begin(), copies.end(), [](const json& copy) {
          const std::string state = Text(At(copy, {"state"}));
          return Truth(At(copy, {"primary"})) && (state == "STARTED" || state == "RELOCATING");
        });
  }
  return side;
}

const json& MappingOf(const json& metadata) {
  const json& mappings = At(metadata, {"mappings"});
  // In the cluster's state a mapping stands below its type's name, "_doc" since 7.0.
  if (mappings.is_object() && mappings.size() == 1 && mappings.begin()->is_object() &&
      !mappings.contains("properties") && !mappings.contains("_meta")) {
    return *mappings.begin();
  }
  return mappings;
}

std::optional<rollout::CopyTask> FindCopy(const json& tasks, const std::string& temporary) {
  for (const json& node : At(tasks, {"nodes"})) {
    const json& of_node = At(node, {"tasks"});
    if (!of_node.is_object()) continue;
    for (const auto& [id, task] : of_node.items()) {
      // Slices are children of the one that was asked for.
      if (task.contains("parent_task_id")) continue;
      const std::string description = Text(At(task, {"description"}));
      if (description.find("to [" + temporary + "]") == std::string::npos) continue;
      const json& status = At(task, {"status"});
      return rollout::CopyTask{id, false, "", DoneOf(status), Unsigned(At(status, {"total"}))};
    }
  }
  return std::nullopt;
}

rollout::CopyTask ReadCopy(const std::string& id, const json& answer) {
  rollout::CopyTask task;
  task.id = id;
  task.ended = Truth(At(answer, {"completed"}));
  const json& status = At(answer, {"task", "status"});
  task.done = DoneOf(status);
  task.total = Unsigned(At(status, {"total"}));
  if (task.ended) task.failure = FailureOf(answer);
  return task;
}

}  // namespace drover::opensearch
