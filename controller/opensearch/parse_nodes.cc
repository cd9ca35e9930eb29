#include "controller/opensearch/parse_nodes.h"

#include <algorithm>

#include "controller/opensearch/json_access.h"

namespace drover::opensearch {
namespace {

using rollout::NodeView;

NodeView ParseNode(const std::string& id, const nlohmann::json& node) {
  NodeView view;
  view.id = id;
  view.name = Text(At(node, {"name"}));
  view.version = Text(At(node, {"version"}));
  view.host = Text(At(node, {"host"}));
  view.ip = Text(At(node, {"ip"}));
  view.transport_address = Text(At(node, {"transport_address"}));
  view.http_publish_address = Text(At(node, {"http", "publish_address"}));
  view.roles = Texts(At(node, {"roles"}));
  Flatten(At(node, {"attributes"}), "", view.attributes);
  view.data_paths = Texts(At(node, {"settings", "path", "data"}));
  view.repo_paths = Texts(At(node, {"settings", "path", "repo"}));
  return view;
}

// A node keeps its data below <path.data>/nodes/<ordinal>; 3.x may use the path itself.
std::string DataPath(const std::string& node_path) {
  const size_t at = node_path.rfind("/nodes/");
  return at == std::string::npos ? node_path : node_path.substr(0, at);
}

// Of the fullest path: the one that the watermark looks at.
void AddDisk(const nlohmann::json& paths, NodeView& node) {
  const bool has_paths = !node.data_paths.empty();
  for (const nlohmann::json& path : paths) {
    const std::string name = Text(At(path, {"path"}));
    if (!has_paths && !name.empty()) node.data_paths.push_back(DataPath(name));
    const double total = Number(At(path, {"total_in_bytes"}));
    if (total <= 0) continue;
    const uint64_t available = Unsigned(At(path, {"available_in_bytes"}));
    const double used = 100.0 * (total - static_cast<double>(available)) / total;
    if (node.disk_used_percent && *node.disk_used_percent >= used) continue;
    node.disk_used_percent = used;
    node.disk_free_bytes = available;
  }
}

}  // namespace

rollout::EndpointView ParseIdentity(const nlohmann::json& answer) {
  rollout::EndpointView view;
  view.node_name = Text(At(answer, {"name"}));
  view.cluster_name = Text(At(answer, {"cluster_name"}));
  view.cluster_uuid = Text(At(answer, {"cluster_uuid"}));
  if (view.node_name.empty() || view.cluster_uuid.empty()) {
    view.error =
        "what answers there is not an OpenSearch node: correct the address under endpoints";
  }
  return view;
}

std::vector<NodeView> ParseNodes(const nlohmann::json& answer) {
  std::vector<NodeView> nodes;
  const nlohmann::json& by_id = At(answer, {"nodes"});
  for (const auto& [id, node] : by_id.items()) nodes.push_back(ParseNode(id, node));
  std::sort(nodes.begin(), nodes.end(), [](const NodeView& a, const NodeView& b) {
    return std::tie(a.name, a.id) < std::tie(b.name, b.id);
  });
  return nodes;
}

void AddNodeDetails(const nlohmann::json& answer, std::vector<NodeView>& nodes) {
  const nlohmann::json& by_id = At(answer, {"nodes"});
  for (NodeView& node : nodes) {
    const nlohmann::json& details = At(by_id, {node.id.c_str()});
    if (!details.is_object()) continue;
    Flatten(At(details, {"settings"}), "", node.settings);
    node.plugins.emplace();
    for (const nlohmann::json& plugin : At(details, {"plugins"})) {
      (*node.plugins)[Text(At(plugin, {"name"}))] = Text(At(plugin, {"version"}));
    }
  }
}

void AddNodeStats(const nlohmann::json& answer, std::vector<NodeView>& nodes) {
  const nlohmann::json& by_id = At(answer, {"nodes"});
  for (NodeView& node : nodes) {
    const nlohmann::json& stats = At(by_id, {node.id.c_str()});
    const nlohmann::json& heap = At(stats, {"jvm", "mem", "heap_used_percent"});
    if (!heap.is_null()) node.heap_used_percent = Number(heap);
    AddDisk(At(stats, {"fs", "data"}), node);
    const nlohmann::json& files = At(stats, {"process", "max_file_descriptors"});
    if (Integer(files) > 0) node.max_file_descriptors = Integer(files);
    const nlohmann::json& breakers = At(stats, {"breakers"});
    if (!breakers.is_object()) continue;
    node.breaker_trips = 0;
    for (const nlohmann::json& breaker : breakers) {
      *node.breaker_trips += Unsigned(At(breaker, {"tripped"}));
    }
  }
}

}  // namespace drover::opensearch
