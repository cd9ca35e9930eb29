// ClusterApi over REST.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "controller/opensearch/cluster_api.h"
#include "controller/opensearch/inspect.h"
#include "controller/opensearch/json_access.h"
#include "controller/opensearch/observe.h"
#include "controller/opensearch/parse_cluster.h"
#include "controller/opensearch/parse_indices.h"
#include "controller/opensearch/parse_snapshots.h"
#include "controller/opensearch/rest_client.h"
#include "controller/opensearch/restore_calls.h"
#include "controller/opensearch/security_check.h"

namespace drover::opensearch {
namespace {

using std::chrono::steady_clock;

constexpr long kTimedOut = 408;
constexpr long kConflict = 409;
constexpr Millis kSettingsTimeout{40'000};  // the cluster's own limit is 30 s
// A shard without a primary is waited for 60 s by the cluster itself; then it is a partial failure.
constexpr Millis kExclusionWait{30'000};
constexpr Millis kFlushTimeout{90'000};
constexpr Millis kRepositoryTimeout{60'000};
constexpr Millis kListTimeout{60'000};
// One long poll. Short enough that an endpoint that hangs is left in time, long enough that the
// cluster does the waiting.
constexpr Millis kLongestPoll{20'000};
constexpr Millis kPollMargin{5'000};
// Between two rounds in which no endpoint answered.
constexpr Millis kPauseBetweenRounds{200};

std::string SnapshotPath(const std::string& repository, const std::string& name) {
  return "/_snapshot/" + Escape(repository) + "/" + Escape(name);
}

std::string Dump(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool ReasonHas(const RestAnswer& answer, const char* part) {
  return FailureReason(answer).find(part) != std::string::npos;
}

nlohmann::json ToJson(const SettingChanges& changes) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [key, value] : changes) {
    json[key] = value ? nlohmann::json(*value) : nlohmann::json();
  }
  return json;
}

std::string HealthPath(const rollout::HealthCondition& condition, Millis timeout) {
  std::string path =
      "/_cluster/health?wait_for_events=languid&timeout=" + std::to_string(timeout.count()) + "ms";
  if (condition.nodes) path += "&wait_for_nodes=" + std::to_string(*condition.nodes);
  if (!condition.status.empty()) path += "&wait_for_status=" + Escape(condition.status);
  if (condition.no_initializing_shards) path += "&wait_for_no_initializing_shards=true";
  if (condition.no_relocating_shards) path += "&wait_for_no_relocating_shards=true";
  return path;
}

// What reads back otherwise than it was put, as a sentence; empty where all is as put. A null with
// a wildcard ("archived.*") stands for every key that it matches.
std::string Difference(const std::string& kind, const SettingChanges& changes,
                       const std::map<std::string, std::string>& now) {
  for (const auto& [key, value] : changes) {
    const bool wildcard = !value && !key.empty() && key.back() == '*';
    const std::string prefix = wildcard ? key.substr(0, key.size() - 1) : key;
    const auto found = wildcard ? now.lower_bound(prefix) : now.find(key);
    const bool present =
        found != now.end() && (!wildcard || found->first.compare(0, prefix.size(), prefix) == 0);
    if (present != value.has_value() || (present && found->second != *value)) {
      return kind + " setting " + (present ? found->first : key) + " was put as " +
             (value ? "\"" + *value + "\"" : "its default") + " and reads back as " +
             (present ? "\"" + found->second + "\"" : "its default");
    }
  }
  return "";
}

// A transient setting that takes the place of a persistent one just put; empty where there is none.
std::string Override(const SettingChanges& persistent, const SettingChanges& transient,
                     const std::map<std::string, std::string>& transient_now) {
  for (const auto& [key, value] : persistent) {
    const auto found = transient_now.find(key);
    if (!value || found == transient_now.end() || found->second == *value) continue;
    if (transient.count(key) > 0) continue;
    return "persistent setting " + key + " = \"" + *value +
           "\" has no effect: the transient one is \"" + found->second +
           "\" and comes first; remove it with PUT _cluster/settings " + "{\"transient\":{\"" +
           key + "\":null}}";
  }
  return "";
}

class RestClusterApi final : public ClusterApi {
 public:
  explicit RestClusterApi(const rollout::ClusterSpec& spec) : client_(spec, RestOptions{}) {}

  StatusOr<rollout::ClusterObservation> Observe() override { return ObserveCluster(client_); }

  StatusOr<std::vector<rollout::NodeView>> Nodes() override { return ObserveNodes(client_); }

  StatusOr<rollout::HealthView> AwaitHealth(const rollout::HealthCondition& condition,
                                            Millis timeout,
                                            const std::vector<std::string>& avoid_nodes) override {
    const auto deadline = steady_clock::now() + timeout;
    LearnNames(avoid_nodes);
    for (size_t failures = 1;; ++failures) {
      const auto left =
          std::max(Millis(0), std::chrono::duration_cast<Millis>(deadline - steady_clock::now()));
      const Millis poll = std::min(left, kLongestPoll);
      StatusOr<rollout::HealthView> health = PollHealth(condition, poll, avoid_nodes);
      if (health.ok()) {
        if (!health->timed_out || poll == left) return health;
        failures = 0;
        continue;
      }
      if (health.status().code() != StatusCode::kUnavailable) return health.status();
      if (steady_clock::now() + kPauseBetweenRounds >= deadline) return health.status();
      if (failures % client_.endpoints().size() == 0) {
        std::this_thread::sleep_for(kPauseBetweenRounds);
      }
    }
  }

  Status PutSettings(const SettingChanges& persistent, const SettingChanges& transient) override {
    RestRequest request{.method = "PUT", .path = "/_cluster/settings", .timeout = kSettingsTimeout};
    nlohmann::json body = nlohmann::json::object();
    if (!persistent.empty()) body["persistent"] = ToJson(persistent);
    if (!transient.empty()) body["transient"] = ToJson(transient);
    if (body.empty()) return OkStatus();
    request.body = Dump(body);
    DROVER_RETURN_IF_ERROR(Ask(request).status());
    DROVER_ASSIGN_OR_RETURN(
        const nlohmann::json now,
        Ask({.path = "/_cluster/settings?flat_settings=true", .timeout = kSettingsTimeout}));
    rollout::ClusterObservation settings;
    AddClusterSettings(now, settings);
    std::string problem = Difference("persistent", persistent, settings.persistent_settings);
    if (problem.empty()) {
      problem = Difference("transient", transient, settings.transient_settings);
    }
    if (problem.empty()) problem = Override(persistent, transient, settings.transient_settings);
    return problem.empty() ? OkStatus()
                           : FailedPrecondition("cluster " + client_.spec().name + ": " + problem);
  }

  StatusOr<std::vector<std::string>> ClearArchivedSettings() override {
    static constexpr char kArchived[] = "archived.";
    DROVER_ASSIGN_OR_RETURN(
        const nlohmann::json now,
        Ask({.path = "/_cluster/settings?flat_settings=true", .timeout = kSettingsTimeout}));
    rollout::ClusterObservation settings;
    AddClusterSettings(now, settings);
    std::vector<std::string> names;
    for (const auto* kind : {&settings.persistent_settings, &settings.transient_settings}) {
      for (const auto& [name, value] : *kind) {
        if (name.starts_with(kArchived)) names.push_back(name);
      }
    }
    if (names.empty()) return names;
    const SettingChanges none = {{std::string(kArchived) + "*", std::nullopt}};
    DROVER_RETURN_IF_ERROR(PutSettings(none, none));
    return names;
  }

  void AddOperations(rollout::ClusterObservation* seen) override {
    const StatusOr<RestAnswer> answer = client_.Call(
        {.path = "/_stats/indexing?level=shards&expand_wildcards=all&forbid_closed_indices=false&"
                 "filter_path=indices.*.shards.*.routing.primary,"
                 "indices.*.shards.*.seq_no.max_seq_no,"
                 "indices.*.shards.*.indexing.index_total,"
                 "indices.*.shards.*.indexing.delete_total"});
    if (answer.ok() && answer->status < 400) {
      AddIndexOperations(ParseJson(answer->body), seen->indices);
    }
  }

  Status Flush() override {
    const RestRequest request{.method = "POST", .path = "/_flush", .timeout = kFlushTimeout};
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    if (answer.status < 400 || answer.status == kConflict) return OkStatus();
    return FailureStatus(request, answer);
  }

  Status AddVotingExclusions(const std::vector<std::string>& node_names) override {
    std::string names;
    for (const std::string& name : node_names) names += (names.empty() ? "" : ",") + Escape(name);
    return Exclusions({.method = "POST",
                       .path = "/_cluster/voting_config_exclusions?node_names=" + names +
                               "&timeout=" + std::to_string(kExclusionWait.count()) + "ms",
                       .timeout = kExclusionWait + kPollMargin});
  }

  Status ClearVotingExclusions() override {
    return Exclusions({.method = "DELETE",
                       .path = "/_cluster/voting_config_exclusions?wait_for_removal=false",
                       .timeout = kSettingsTimeout});
  }

  Status RetryFailedShards() override {
    return Ask({.method = "POST",
                .path = "/_cluster/reroute?retry_failed=true&filter_path=acknowledged",
                .timeout = kSettingsTimeout})
        .status();
  }

  StatusOr<std::string> CheckSecurityUpgrade() override {
    return opensearch::CheckSecurityUpgrade(client_);
  }

  rollout::Inspection Inspect(const rollout::ClusterObservation& seen) override {
    return InspectCluster(client_, seen);
  }
  std::optional<bool> IsAdmin() override { return opensearch::IsAdmin(client_); }

  StatusOr<std::string> ExplainAllocation() override {
    const RestRequest request{.path = "/_cluster/allocation/explain?include_yes_decisions=false"};
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    // "unable to find any unassigned shards to explain"
    if (answer.status == 400) return std::string();
    DROVER_ASSIGN_OR_RETURN(const nlohmann::json json, SuccessJson(request, answer));
    return ParseExplanation(json);
  }

  StatusOr<rollout::RepositoryView> GetRepository(const std::string& name) override {
    const RestRequest request{.path = "/_snapshot/" + Escape(name)};
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    if (answer.status == 404 && ReasonHas(answer, "repository_missing_exception")) {
      return ParseRepository(nlohmann::json(), name);
    }
    DROVER_ASSIGN_OR_RETURN(const nlohmann::json json, SuccessJson(request, answer));
    return ParseRepository(json, name);
  }

  Status RegisterRepository(const rollout::RepositorySpec& spec) override {
    RestRequest request{.method = "PUT",
                        .path = "/_snapshot/" + Escape(spec.repository),
                        .timeout = kRepositoryTimeout};
    nlohmann::json settings = nlohmann::json::object();
    for (const auto& [key, value] : spec.settings) settings[key] = value;
    request.body = Dump({{"type", spec.type}, {"settings", settings}});
    return Ask(request).status();
  }

  StatusOr<std::vector<rollout::RepositoryView>> ListRepositories() override {
    DROVER_ASSIGN_OR_RETURN(const nlohmann::json json, Ask({.path = "/_snapshot"}));
    std::vector<rollout::RepositoryView> views;
    for (const auto& [name, repository] : json.items()) {
      views.push_back(ParseRepository(json, name));
    }
    return views;
  }

  Status DeleteRepository(const std::string& name) override {
    return Delete("/_snapshot/" + Escape(name));
  }

  Status CleanUpRepository(const std::string& name) override {
    return Ask({.method = "POST",
                .path = "/_snapshot/" + Escape(name) + "/_cleanup",
                .timeout = kRepositoryTimeout})
        .status();
  }

  StatusOr<rollout::RepositoryView> VerifyRepository(const std::string& name) override {
    DROVER_ASSIGN_OR_RETURN(rollout::RepositoryView view, GetRepository(name));
    const RestRequest request{.method = "POST",
                              .path = "/_snapshot/" + Escape(name) + "/_verify",
                              .timeout = kRepositoryTimeout};
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    if (answer.status >= 400) {
      view.verify_error = FailureReason(answer);
      return view;
    }
    DROVER_ASSIGN_OR_RETURN(const nlohmann::json json, SuccessJson(request, answer));
    view.verified_node_ids = ParseVerifiedNodes(json);
    view.verified = !view.verified_node_ids.empty();
    if (!view.verified) view.verify_error = "no node verified it";
    return view;
  }

  Status BeginSnapshot(const std::string& repository, const std::string& name) override {
    return Begin(repository, name, nlohmann::json());
  }
  Status BeginRolloutSnapshot(const std::string& repository, const std::string& name,
                              const rollout::SnapshotOrigin& origin) override {
    return Begin(repository, name, ToMetadata(origin));
  }

  Status Begin(const std::string& repository, const std::string& name,
               const nlohmann::json& metadata) {
    RestRequest request{.method = "PUT",
                        .path = SnapshotPath(repository, name),
                        .timeout = kRepositoryTimeout,
                        .repeatable = false};
    // "*" alone leaves closed indices out.
    nlohmann::json body = {{"indices", "*"},
                           {"expand_wildcards", "all"},
                           {"ignore_unavailable", false},
                           {"include_global_state", true},
                           {"partial", false}};
    if (!metadata.is_null()) body["metadata"] = metadata;
    request.body = Dump(body);
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    if (answer.status < 400) return OkStatus();
    if (ReasonHas(answer, "snapshot with the same name")) {
      return AlreadyExists("repository " + repository + " has a snapshot " + name + " already");
    }
    return FailureStatus(request, answer);
  }

  StatusOr<rollout::SnapshotView> GetSnapshot(const std::string& repository,
                                              const std::string& name) override {
    DROVER_ASSIGN_OR_RETURN(
        const nlohmann::json running,
        Ask({.path = "/_snapshot/" + Escape(repository) + "/_status", .timeout = kListTimeout}));
    if (auto view = ParseRunningSnapshot(running, repository, name)) return *view;
    const RestRequest request{.path = SnapshotPath(repository, name), .timeout = kListTimeout};
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    if (answer.status == 404 && ReasonHas(answer, "snapshot_missing_exception")) {
      rollout::SnapshotView none;
      none.repository = repository;
      none.name = name;
      return none;
    }
    DROVER_ASSIGN_OR_RETURN(const nlohmann::json json, SuccessJson(request, answer));
    std::vector<rollout::SnapshotView> views = ParseSnapshots(json, repository);
    if (views.size() == 1) return std::move(views.front());
    return FailedPrecondition(answer.endpoint + " answered GET " + request.path + " with " +
                              std::to_string(views.size()) + " snapshots in place of one");
  }

  StatusOr<std::vector<rollout::SnapshotView>> ListSnapshots(
      const std::string& repository) override {
    DROVER_ASSIGN_OR_RETURN(
        const nlohmann::json json,
        Ask({.path = SnapshotPath(repository, "_all"), .timeout = kListTimeout}));
    return ParseSnapshots(json, repository);
  }

  std::optional<uint64_t> SnapshotBytes(const std::string& repository,
                                        const std::string& name) override {
    const auto status =
        Ask({.path = SnapshotPath(repository, name) + "/_status", .timeout = kListTimeout});
    return status.ok() ? ParseSnapshotBytes(*status) : std::nullopt;
  }

  Status DeleteSnapshot(const std::string& repository, const std::string& name) override {
    return Delete(SnapshotPath(repository, name));
  }

  Status BeginRestore(const rollout::RestorePlan& plan, bool sample) override {
    return opensearch::BeginRestore(client_, plan, sample);
  }
  StatusOr<RestoreProgress> LookAtRestore(const std::vector<std::string>& indices) override {
    return opensearch::LookAtRestore(client_, indices);
  }
  StatusOr<uint64_t> CountDocuments(const std::string& index) override {
    return opensearch::CountDocuments(client_, index);
  }
  Status DeleteIndex(const std::string& index) override { return Delete("/" + Escape(index)); }

  Status StopSnapshotPolicy(const std::string& name) override { return SetPolicy(name, "_stop"); }
  Status StartSnapshotPolicy(const std::string& name) override { return SetPolicy(name, "_start"); }

 private:
  StatusOr<nlohmann::json> Ask(const RestRequest& request) {
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    return SuccessJson(request, answer);
  }

  // NOT_FOUND where there is nothing.
  Status Delete(const std::string& path) {
    const RestRequest request{.method = "DELETE", .path = path, .timeout = kRepositoryTimeout};
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    if (answer.status == 404) return NotFound(FailureReason(answer));
    return answer.status < 400 ? OkStatus() : FailureStatus(request, answer);
  }

  // Its success has no body.
  Status Exclusions(const RestRequest& request) {
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    return answer.status < 400 ? OkStatus() : FailureStatus(request, answer);
  }

  // One poll at one endpoint.
  StatusOr<rollout::HealthView> PollHealth(const rollout::HealthCondition& condition, Millis wait,
                                           const std::vector<std::string>& avoid_nodes) {
    const RestRequest request{.path = HealthPath(condition, wait), .timeout = wait + kPollMargin};
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.CallOnce(request, avoid_nodes));
    DROVER_ASSIGN_OR_RETURN(const nlohmann::json json, SuccessJson(request, answer, kTimedOut));
    rollout::HealthView health = ParseHealth(json);
    // 408 without a health: the cluster itself ran out of time, for lack of a manager for example.
    if (health.status.empty()) return Unavailable(Message(FailureStatus(request, answer)));
    health.timed_out = health.timed_out || answer.status == kTimedOut;
    return health;
  }

  // Which endpoint is which node, where that matters and is not known yet.
  void LearnNames(const std::vector<std::string>& avoid_nodes) {
    if (avoid_nodes.empty() || names_asked_.exchange(true)) return;
    // Without an answer no endpoint can be told from another; the poll itself reports what is
    // wrong.
    (void)IdentifyEndpoints(client_).status();
  }

  Status SetPolicy(const std::string& name, const std::string& verb) {
    const RestRequest request{.method = "POST",
                              .path = "/_plugins/_sm/policies/" + Escape(name) + "/" + verb};
    DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client_.Call(request));
    if (answer.status < 400 || ReasonHas(answer, "no handler found") ||
        ReasonHas(answer, "no such index [_plugins]")) {
      return OkStatus();
    }
    return FailureStatus(request, answer);
  }

  RestClient client_;
  std::atomic<bool> names_asked_{false};
};

}  // namespace

StatusOr<std::shared_ptr<ClusterApi>> MakeRestClusterApi(const rollout::ClusterSpec& spec) {
  if (spec.endpoints.empty()) {
    return InvalidArgument("cluster " + spec.name + ": endpoints is empty; name at least one");
  }
  for (const std::string& endpoint : spec.endpoints) {
    if (endpoint.find('@') != std::string::npos) {
      return InvalidArgument("cluster " + spec.name +
                             ": an endpoint holds a user or a password; put them into auth");
    }
  }
  DROVER_RETURN_IF_ERROR(LoadConnectionSettings(spec).status());
  return std::shared_ptr<ClusterApi>(std::make_shared<RestClusterApi>(spec));
}

}  // namespace drover::opensearch
