// ReindexApi over REST.
#include "controller/opensearch/reindex_api.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/opensearch/cluster_api.h"
#include "controller/opensearch/json_access.h"
#include "controller/opensearch/observe.h"
#include "controller/opensearch/reindex_body.h"
#include "controller/opensearch/rest_client.h"

namespace drover::opensearch {
namespace {

using nlohmann::json;
using rollout::TemporaryIndex;

constexpr Millis kChangeTimeout{90'000};  // the cluster waits 30 s for a change, 30 s for shards
constexpr Millis kCountTimeout{60'000};

class RestReindexApi final : public ReindexApi {
 public:
  explicit RestReindexApi(const rollout::ClusterSpec& spec) : client_(spec, RestOptions{}) {}

  StatusOr<rollout::ReindexView> Look(const std::string& index, const std::string& task) override {
    rollout::ReindexView view;
    view.name = index;
    view.temporary_name = TemporaryIndex(index);
    DROVER_ASSIGN_OR_RETURN(const std::vector<rollout::NodeView> nodes, ObserveNodes(client_));
    view.version = Lowest(nodes);
    DROVER_ASSIGN_OR_RETURN(const json state, State(index));
    const json& indices = At(state, {"metadata", "indices"});
    view.index = SideOf(state, index);
    view.temporary = SideOf(state, view.temporary_name);
    view.record = ReadRecord(MappingOf(At(indices, {view.temporary_name.c_str()})));
    view.old_is_kept = SideOf(state, rollout::KeptIndex(index)).exists;
    for (const json& one : indices) {
      for (const json& alias : At(one, {"aliases"})) {
        view.name_is_alias = view.name_is_alias || Text(alias) == index;
      }
    }
    // The name itself is no alias of the temporary index that has to be moved.
    std::erase(view.temporary.aliases, index);
    if (view.temporary.exists) DROVER_RETURN_IF_ERROR(LookAtCopy(task, &view));
    return view;
  }

  Status CreateTemporary(const std::string& index) override {
    DROVER_ASSIGN_OR_RETURN(
        const json answer,
        Ask("GET", "/" + Escape(index) + "?flat_settings=true&expand_wildcards=all"));
    const json& source = At(answer, {index.c_str()});
    DROVER_ASSIGN_OR_RETURN(const json state, State(index));
    const json& metadata = At(state, {"metadata", "indices", index.c_str()});
    DROVER_ASSIGN_OR_RETURN(const std::vector<rollout::NodeView> nodes, ObserveNodes(client_));
    const auto version = rollout::ParseVersion(Lowest(nodes));
    if (!version || !source.is_object()) {
      return FailedPrecondition("cluster " + client_.spec().name + " shows neither index " + index +
                                " nor its nodes' version: look whether it still exists");
    }
    const rollout::ReindexSide side = ReadSide(metadata, {});
    rollout::ReindexRecord record{index, side.uuid, !side.open, side.write_block, {}};
    const json& hidden = At(source, {"settings", "index.hidden"});
    if (!hidden.is_null()) record.hidden = Text(hidden);
    return Change("PUT", "/" + Escape(TemporaryIndex(index)),
                  TemporaryBody(source, record, *version));
  }

  Status Open(const std::string& index) override {
    return Change("POST", "/" + Escape(index) + "/_open", {});
  }
  Status Close(const std::string& index) override {
    return Change("POST", "/" + Escape(index) + "/_close", {});
  }
  Status SetWriteBlock(const std::string& index, const std::optional<std::string>& value) override {
    return PutBlock(index, value ? json(*value) : json());
  }
  Status BlockTemporary(const std::string& index) override {
    return PutBlock(TemporaryIndex(index), "true");
  }

  StatusOr<std::string> BeginCopy(const std::string& index) override {
    // Copied documents keep their ids: one that is there already is written once more.
    RestRequest request{.method = "POST",
                        .path = "/_reindex?wait_for_completion=false&slices=auto",
                        .body = Dump({{"source", {{"index", index}}},
                                      {"dest", {{"index", TemporaryIndex(index)}}}}),
                        .timeout = kChangeTimeout,
                        .repeatable = false};
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    DROVER_ASSIGN_OR_RETURN(const json started, SuccessJson(request, answer));
    return Text(At(started, {"task"}));
  }

  Status KeepOld(const std::string& index) override {
    return Change("PUT", "/" + Escape(index) + "/_clone/" + Escape(rollout::KeptIndex(index)),
                  json::object());
  }

  Status HandOver(const std::string& index) override {
    DROVER_ASSIGN_OR_RETURN(const json aliases, AliasesOf(index));
    json actions = AddAliases(aliases, TemporaryIndex(index));
    // Spelled out: the braces alone would be taken for a list of one pair.
    actions.insert(actions.begin(), nlohmann::json::object({{"remove_index", {{"index", index}}}}));
    actions.push_back({{"add", {{"index", TemporaryIndex(index)}, {"alias", index}}}});
    return Change("POST", "/_aliases", {{"actions", actions}});
  }

  Status FreeName(const std::string& index) override {
    const json remove = {{"index", TemporaryIndex(index)}, {"alias", index}};
    return Change("POST", "/_aliases", {{"actions", json::array({{{"remove", remove}}})}});
  }

  Status Clone(const std::string& index) override {
    DROVER_ASSIGN_OR_RETURN(const json state, State(index));
    const auto record =
        ReadRecord(MappingOf(At(state, {"metadata", "indices", TemporaryIndex(index).c_str()})));
    if (!record) return FailedPrecondition(TemporaryIndex(index) + " holds no record of " + index);
    return Change("PUT", "/" + Escape(TemporaryIndex(index)) + "/_clone/" + Escape(index),
                  CloneBody(*record));
  }

  Status MoveAliases(const std::string& index) override {
    DROVER_ASSIGN_OR_RETURN(const json aliases, AliasesOf(TemporaryIndex(index)));
    json actions = AddAliases(aliases, index, index);
    for (const auto& [name, properties] : aliases.items()) {
      actions.push_back({{"remove", {{"index", TemporaryIndex(index)}, {"alias", name}}}});
    }
    return Change("POST", "/_aliases", {{"actions", actions}});
  }

  Status ForgetRecord(const std::string& index) override {
    DROVER_ASSIGN_OR_RETURN(const json state, State(index));
    const json& mapping = MappingOf(At(state, {"metadata", "indices", index.c_str()}));
    return Change("PUT", "/" + Escape(index) + "/_mapping",
                  {{"_meta", MetaWithoutRecord(mapping)}});
  }

  Status DeleteTemporary(const std::string& index) override {
    return Change("DELETE", "/" + Escape(TemporaryIndex(index)), {});
  }

 private:
  static std::string Dump(const json& body) {
    return body.dump(-1, ' ', false, json::error_handler_t::replace);
  }

  static std::string Lowest(const std::vector<rollout::NodeView>& nodes) {
    std::optional<rollout::Version> lowest;
    for (const rollout::NodeView& node : nodes) {
      const auto version = rollout::ParseVersion(node.version);
      if (version && (!lowest || *version < *lowest)) lowest = version;
    }
    return lowest ? lowest->ToString() : "";
  }

  static rollout::ReindexSide SideOf(const json& state, const std::string& index) {
    return ReadSide(At(state, {"metadata", "indices", index.c_str()}),
                    At(state, {"routing_table", "indices", index.c_str()}));
  }

  StatusOr<json> Ask(const std::string& method, const std::string& path) {
    const RestRequest request{.method = method, .path = path, .timeout = kCountTimeout};
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    return SuccessJson(request, answer);
  }

  Status Change(const std::string& method, const std::string& path, const json& body) {
    RestRequest request{.method = method, .path = path, .timeout = kChangeTimeout};
    if (!body.is_null()) request.body = Dump(body);
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    return SuccessJson(request, answer).status();
  }

  Status PutBlock(const std::string& index, const json& value) {
    return Change("PUT", "/" + Escape(index) + "/_settings", {{"index.blocks.write", value}});
  }

  // Of the index, its temporary one and its kept one, and of an index that the name is an alias of.
  StatusOr<json> State(const std::string& index) {
    return Ask("GET", "/_cluster/state/metadata,routing_table/" + Escape(index) + "," +
                          Escape(TemporaryIndex(index)) + "," + Escape(rollout::KeptIndex(index)) +
                          "?ignore_unavailable=true&expand_wildcards=all");
  }

  StatusOr<json> AliasesOf(const std::string& index) {
    DROVER_ASSIGN_OR_RETURN(const json answer,
                            Ask("GET", "/" + Escape(index) + "/_alias?expand_wildcards=all"));
    const json& aliases = At(answer, {index.c_str(), "aliases"});
    return aliases.is_object() ? aliases : json::object();
  }

  // The copy that runs, or the documents on both sides where none does.
  Status LookAtCopy(const std::string& task, rollout::ReindexView* view) {
    if (!task.empty()) {
      DROVER_ASSIGN_OR_RETURN(const json answer, Ask("GET", "/_tasks/" + Escape(task)));
      view->task = ReadCopy(task, answer);
    } else {
      DROVER_ASSIGN_OR_RETURN(const json tasks,
                              Ask("GET", "/_tasks?actions=*reindex&detailed=true"));
      view->task = FindCopy(tasks, view->temporary_name);
    }
    if (view->task && !view->task->ended) return OkStatus();
    for (auto [name, side] :
         {std::pair{view->name, &view->index}, std::pair{view->temporary_name, &view->temporary}}) {
      if (!side->exists || !side->ready) continue;
      DROVER_RETURN_IF_ERROR(Change("POST", "/" + Escape(name) + "/_refresh", {}));
      DROVER_ASSIGN_OR_RETURN(const json count, Ask("GET", "/" + Escape(name) + "/_count"));
      side->documents = Unsigned(At(count, {"count"}));
    }
    return OkStatus();
  }

  RestClient client_;
};

}  // namespace

StatusOr<std::shared_ptr<ReindexApi>> MakeRestReindexApi(const rollout::ClusterSpec& spec) {
  // The same things are wrong with a spec for either client.
  DROVER_RETURN_IF_ERROR(MakeRestClusterApi(spec).status());
  return std::shared_ptr<ReindexApi>(std::make_shared<RestReindexApi>(spec));
}

}  // namespace drover::opensearch
