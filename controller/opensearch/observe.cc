#include "controller/opensearch/observe.h"

#include <string>

#include "common/base/log.h"
#include "controller/opensearch/json_access.h"
#include "controller/opensearch/parse_cluster.h"
#include "controller/opensearch/parse_indices.h"
#include "controller/opensearch/parse_nodes.h"

namespace drover::opensearch {
namespace {

// The questions, in the order of their answers.
enum Question : size_t {
  kHealth,
  kNodes,
  kStats,
  kState,
  kSettings,
  kIndexStats,
  kPolicies,
  kSnapshots,
  kRecovery,
  kNodeDetails,
  kReplication
};

// A node that hangs is left out of the answer in place of holding it up until the cluster drops it.
constexpr char kNodesTimeout[] = "timeout=10s";

const RestRequest& NodesRequest() {
  static const RestRequest request{
      .path = std::string("/_nodes/settings,http?") + kNodesTimeout +
              "&filter_path=nodes.*.name,nodes.*.version,nodes.*.roles,"
              "nodes.*.host,nodes.*.ip,nodes.*.transport_address,nodes.*.attributes,"
              "nodes.*.http.publish_address,nodes.*.settings.path"};
  return request;
}

// Plugins, and of the nodes' own settings those groups that checks read: others can hold anything.
const RestRequest& NodeDetailsRequest() {
  static const RestRequest request = [] {
    std::string path = std::string("/_nodes/settings,plugins?") + kNodesTimeout +
                       "&filter_path=nodes.*.name,nodes.*.plugins.name,nodes.*.plugins.version";
    for (const char* group :
         {"compatibility", "knn", "opendistro.sql", "opendistro.ppl", "opendistro.query",
          "thread_pool.test", "transport.type", "http.type", "node.store", "plugins.sql"}) {
      path += std::string(",nodes.*.settings.") + group;
    }
    return RestRequest{.path = path};
  }();
  return request;
}

// Mappings and aliases stay away: they are most of a large cluster's state. Of the index settings
// only the groups that checks read; analysers can hold whole dictionaries.
std::string StatePath() {
  std::string path =
      "/_cluster/state/metadata,routing_table,nodes,master_node?filter_path=cluster_name,"
      "cluster_uuid,master_node,cluster_manager_node,metadata.cluster_coordination,"
      "metadata.indices.*.state,metadata.indices.*.settings.archived";
  for (const char* group : {"version", "uuid", "hidden", "number_of_shards", "number_of_replicas",
                            "auto_expand_replicas", "routing", "write", "blocks", "codec",
                            "replication", "remote_store", "store", "knn", "plugins.replication"}) {
    path += std::string(",metadata.indices.*.settings.index.") + group;
  }
  for (const char* kind : {"templates.*", "index_template.index_template.*.template",
                           "component_template.component_template.*.template"}) {
    for (const char* group : {"knn", "store", "codec", "replication"}) {
      path += std::string(",metadata.") + kind + ".settings.index." + group;
    }
  }
  for (const char* field :
       {"state", "primary", "node", "relocating_node", "unassigned_info.reason"}) {
    path += std::string(",routing_table.indices.*.shards.*.") + field;
  }
  return path;
}

const std::vector<RestRequest>& Questions() {
  static const std::vector<RestRequest> questions = {
      // Without wait_for_events the counts may be of a state from before a change just made.
      {.path = "/_cluster/health?wait_for_events=languid&timeout=5s"},
      NodesRequest(),
      {.path = std::string("/_nodes/stats/fs,jvm,breaker,process?") + kNodesTimeout +
               "&filter_path=nodes.*.fs.data,nodes.*.jvm.mem.heap_used_percent,"
               "nodes.*.breakers.*.tripped,nodes.*.process.max_file_descriptors"},
      {.path = StatePath()},
      {.path = "/_cluster/settings?flat_settings=true&include_defaults=true&filter_path=persistent,"
               "transient,defaults.*watermark*low,defaults.*max_shards_per_node"},
      {.path = "/_stats/docs,store?level=indices&expand_wildcards=all&forbid_closed_indices=false&"
               "filter_path=indices.*.primaries.docs.count,indices.*.total.store.size_in_bytes"},
      {.path = "/_plugins/_sm/policies"},
      {.path = "/_snapshot/_status"},
      {.path = "/_recovery?active_only=true&filter_path=*.shards.index.size,*.shards.index.files,"
               "*.shards.translog.recovered"},
      NodeDetailsRequest(),
      {.path = "/_plugins/_replication/leader_stats?filter_path=num_replicated_indices"}};
  return questions;
}

// The answers of AskAll, read one by one; keeps the first error.
class Answers {
 public:
  explicit Answers(std::vector<StatusOr<RestAnswer>> answers) : answers_(std::move(answers)) {}

  // Null and an error where the question was not answered with a success.
  nlohmann::json Need(Question question, long also = 200) {
    if (!answers_[question].ok()) return Fail(answers_[question].status());
    StatusOr<nlohmann::json> json = SuccessJson(Questions()[question], *answers_[question], also);
    return json.ok() ? *json : Fail(json.status());
  }

  // Null where it was not: a plugin that is not there, or a user who may not ask this.
  nlohmann::json Like(Question question) {
    const StatusOr<RestAnswer>& answer = answers_[question];
    if (!answer.ok()) {
      if (answer.status().code() != StatusCode::kPermissionDenied) return Fail(answer.status());
      LogWarning("opensearch", Message(answer.status()));
      return {};
    }
    return answer->status < 400 ? ParseJson(answer->body) : nlohmann::json();
  }

  const Status& status() const { return status_; }

 private:
  nlohmann::json Fail(const Status& status) {
    if (status_.ok()) status_ = status;
    return {};
  }

  std::vector<StatusOr<RestAnswer>> answers_;
  Status status_;
};

std::vector<rollout::EndpointView> ReadIdentities(RestClient& client,
                                                  const RestClient::Survey& survey) {
  std::vector<rollout::EndpointView> views;
  for (size_t i = 0; i < survey.identities.size(); ++i) {
    const StatusOr<RestAnswer>& identity = survey.identities[i];
    rollout::EndpointView view;
    if (!identity.ok()) {
      view.error = Message(identity.status());
    } else if (identity->status >= 400) {
      view.error = "answered " + std::to_string(identity->status) + ": " + FailureReason(*identity);
    } else {
      view = ParseIdentity(ParseJson(identity->body));
    }
    view.url = client.endpoints().url(i);
    view.certificate_ends = client.CertificateEnds(i);
    if (view.error.empty()) client.endpoints().SetNodeName(i, view.node_name);
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace

StatusOr<nlohmann::json> SuccessJson(const RestRequest& request, const RestAnswer& answer,
                                     long also) {
  if (answer.status >= 400 && answer.status != also) return FailureStatus(request, answer);
  nlohmann::json json = ParseJson(answer.body);
  if (json.is_structured()) return json;
  return FailedPrecondition(answer.endpoint + " answered " + request.method + " " +
                            request.path.substr(0, request.path.find('?')) +
                            " with what is not JSON (\"" + FailureReason(answer) +
                            "\"): is this OpenSearch? Correct the address under endpoints");
}

StatusOr<rollout::ClusterObservation> ObserveCluster(RestClient& client) {
  DROVER_ASSIGN_OR_RETURN(RestClient::Survey survey, client.AskAll(Questions()));
  rollout::ClusterObservation cluster;
  cluster.at = SystemClock().Now();
  cluster.endpoints = ReadIdentities(client, survey);
  Answers answers(std::move(survey.answers));
  cluster.health = ParseHealth(answers.Need(kHealth, /*also=*/408));
  cluster.nodes = ParseNodes(answers.Need(kNodes));
  AddNodeStats(answers.Need(kStats), cluster.nodes);
  const nlohmann::json state = answers.Need(kState);
  AddCoordination(state, cluster);
  cluster.indices = ParseIndices(state);
  cluster.templates = ParseTemplates(state);
  cluster.shards = ParseShards(state);
  AddClusterSettings(answers.Need(kSettings), cluster);
  AddIndexStats(answers.Like(kIndexStats), cluster.indices);
  cluster.snapshot_policies = ParseSnapshotPolicies(answers.Like(kPolicies));
  cluster.snapshot_running = !At(answers.Need(kSnapshots), {"snapshots"}).empty();
  cluster.recovery = ParseRecovery(answers.Like(kRecovery));
  AddNodeDetails(answers.Like(kNodeDetails), cluster.nodes);
  cluster.replicated_indices = ParseReplicated(answers.Like(kReplication));
  DROVER_RETURN_IF_ERROR(answers.status());
  return cluster;
}

StatusOr<std::vector<rollout::EndpointView>> IdentifyEndpoints(RestClient& client) {
  static const std::vector<RestRequest> one = {{.path = "/"}};
  DROVER_ASSIGN_OR_RETURN(const RestClient::Survey survey, client.AskAll(one));
  return ReadIdentities(client, survey);
}

StatusOr<std::vector<rollout::NodeView>> ObserveNodes(RestClient& client) {
  DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client.Call(NodesRequest()));
  DROVER_ASSIGN_OR_RETURN(const nlohmann::json json, SuccessJson(NodesRequest(), answer));
  return ParseNodes(json);
}

}  // namespace drover::opensearch
