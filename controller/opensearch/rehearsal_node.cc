#include "controller/opensearch/rehearsal_node.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "controller/opensearch/json_access.h"
#include "controller/opensearch/observe.h"
#include "controller/opensearch/parse_snapshots.h"
#include "controller/opensearch/rest_client.h"
#include "controller/opensearch/restore_calls.h"
#include "controller/rollout/rehearsal.h"

namespace drover::opensearch {
namespace {

using nlohmann::json;

// The agent waits so long at most.
constexpr Millis kLongest{60'000};
constexpr Millis kQuick{10'000};
constexpr char kArchived[] = "archived.";

rollout::ClusterSpec SpecOf(const std::string& name) {
  rollout::ClusterSpec spec;
  spec.name = name;
  spec.endpoints = {name};
  return spec;
}

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

class RestRehearsalNode final : public RehearsalNode {
 public:
  RestRehearsalNode(const std::string& name, std::shared_ptr<Transport> transport)
      : client_(SpecOf(name), RestOptions{}, std::move(transport)) {}

  StatusOr<std::string> Version() override {
    DROVER_ASSIGN_OR_RETURN(const json answer, Ask({.path = "/", .timeout = kQuick}));
    return Text(At(answer, {"version", "number"}));
  }

  Status RegisterReadOnly(const rollout::RepositoryView& repository) override {
    json settings = json::object();
    for (const auto& [name, value] : repository.settings) settings[name] = value;
    settings["readonly"] = "true";
    return Ask({.method = "PUT",
                .path = "/_snapshot/" + Escape(repository.name),
                .body = Dump({{"type", repository.type}, {"settings", settings}}),
                .timeout = kLongest})
        .status();
  }

  StatusOr<rollout::SnapshotView> FindSnapshot(const std::string& repository,
                                               const std::string& name) override {
    const RestRequest request{.path = "/_snapshot/" + Escape(repository) + "/" + Escape(name) +
                                      "?ignore_unavailable=true",
                              .timeout = kLongest};
    DROVER_ASSIGN_OR_RETURN(const json answer, Ask(request));
    const std::vector<rollout::SnapshotView> found = ParseSnapshots(answer, repository);
    return found.empty() ? rollout::SnapshotView() : found.front();
  }

  StatusOr<std::vector<std::string>> RestoreGlobalState(const std::string& repository,
                                                        const std::string& snapshot) override {
    const rollout::RestorePlan plan{snapshot, repository, "", "", {}, {}, true};
    DROVER_RETURN_IF_ERROR(opensearch::BeginRestore(client_, plan, false));
    const RestRequest settings{.path = "/_cluster/settings?flat_settings=true", .timeout = kQuick};
    DROVER_ASSIGN_OR_RETURN(const json now, Ask(settings));
    std::vector<std::string> archived;
    for (const auto& [name, value] : At(now, {"persistent"}).items()) {
      if (name.starts_with(kArchived)) archived.push_back(name.substr(sizeof(kArchived) - 1));
    }
    // An update of other settings fails as long as archived ones are there.
    for (const char* names : {"archived.*", "*"}) {
      const RestRequest clear{.method = "PUT",
                              .path = "/_cluster/settings",
                              .body = Dump({{"persistent", {{names, nullptr}}}}),
                              .timeout = kLongest};
      DROVER_RETURN_IF_ERROR(Ask(clear).status());
    }
    return archived;
  }

  Status BeginRestore(const std::string& repository, const std::string& snapshot,
                      const std::string& index) override {
    const std::string target = rollout::RehearsedName(index);
    const json body = {{"indices", index},
                       {"ignore_unavailable", false},
                       {"include_global_state", false},
                       {"include_aliases", target == index},
                       {"partial", false},
                       {"rename_pattern", "(.+)"},
                       {"rename_replacement", target},
                       {"index_settings",
                        {{"index.number_of_replicas", 0}, {"index.auto_expand_replicas", "false"}}},
                       {"ignore_index_settings", {"index.routing.allocation.*", "index.blocks.*"}}};
    const RestRequest request{.method = "POST",
                              .path = "/_snapshot/" + Escape(repository) + "/" + Escape(snapshot) +
                                      "/_restore?wait_for_completion=false",
                              .body = Dump(body),
                              .timeout = kLongest,
                              .repeatable = false};
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    return answer.status < 400 ? OkStatus() : FailedPrecondition(FailureReason(answer));
  }

  StatusOr<RestoreProgress> LookAtRestore(const std::string& index) override {
    return opensearch::LookAtRestore(client_, {rollout::RehearsedName(index)});
  }

  StatusOr<ServedIndex> LookAtIndex(const std::string& index) override {
    const std::string name = rollout::RehearsedName(index);
    const std::string path = "/" + Escape(name);
    ServedIndex served;
    DROVER_ASSIGN_OR_RETURN(served.documents, CountDocuments(client_, name));
    const RestRequest health{
        .path = "/_cluster/health" + path + "?wait_for_status=green&timeout=5s", .timeout = kQuick};
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(health));
    // 408: it is not green, and says what it is.
    DROVER_ASSIGN_OR_RETURN(const json state, SuccessJson(health, answer, 408));
    served.health = Text(At(state, {"status"}));
    served.search_failure = Search(path);
    const RestRequest settings{.path = path + "/_settings?flat_settings=true&expand_wildcards=all",
                               .timeout = kQuick};
    DROVER_ASSIGN_OR_RETURN(const json found, Ask(settings));
    for (const auto& [key, value] : At(found, {name.c_str(), "settings"}).items()) {
      if (key.starts_with(kArchived)) served.archived.push_back(key.substr(sizeof(kArchived) - 1));
    }
    return served;
  }

 private:
  StatusOr<json> Ask(const RestRequest& request) {
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    return SuccessJson(request, answer);
  }

  std::string Search(const std::string& path) {
    const RestRequest request{.method = "POST",
                              .path = path + "/_search?size=1",
                              .body = R"({"query":{"match_all":{}}})",
                              .timeout = kLongest};
    const StatusOr<json> answer = Ask(request);
    if (!answer.ok()) return Message(answer.status());
    if (Integer(At(*answer, {"_shards", "failed"})) == 0) return "";
    for (const json& failure : At(*answer, {"_shards", "failures"})) {
      return Text(At(failure, {"reason", "type"})) + ": " + Text(At(failure, {"reason", "reason"}));
    }
    return "some of its shards do not answer a search";
  }

  RestClient client_;
};

}  // namespace

std::shared_ptr<RehearsalNode> MakeRestRehearsalNode(const std::string& name,
                                                     std::shared_ptr<Transport> transport) {
  return std::make_shared<RestRehearsalNode>(name, std::move(transport));
}

}  // namespace drover::opensearch
