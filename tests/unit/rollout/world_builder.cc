#include "tests/unit/rollout/world_builder.h"

#include <gtest/gtest.h>

namespace drover::rollout::testing {
namespace {

NodeView MakeNode(int i) {
  NodeView node;
  node.id = "id-" + std::to_string(i);
  node.name = "os-" + std::to_string(i);
  node.version = kOld;
  node.roles = {"cluster_manager", "data", "ingest"};
  node.http_publish_address = "192.0.2." + std::to_string(i) + ":9200";
  node.disk_used_percent = 40;
  node.heap_used_percent = 50;
  node.breaker_trips = 0;
  node.max_file_descriptors = 65536;
  node.plugins = std::map<std::string, std::string>{{"repository-s3", kOld}};
  return node;
}

constexpr uint64_t kImageBytes = 1'000'000'000;

ProjectView MakeProject(int i) {
  ContainerView container;
  container.id = "container-" + std::to_string(i);
  container.name = "opensearch-h" + std::to_string(i);
  container.image = std::string(kImage) + ":" + kOld;
  container.state = "running";
  container.mounts = {{"volume", "search_data", "/var/lib/docker/volumes/search_data",
                       "/usr/share/opensearch/data", false},
                      {"bind", "", "/srv/snap", "/snap", false}};
  container.restart_policy = "unless-stopped";
  container.image_bytes = kImageBytes;
  container.processes = {{100, 0, "java"}};
  ServiceView service;
  service.name = "opensearch";
  service.image = container.image;
  service.container = container;
  service.environment = {{"node.name", "os-" + std::to_string(i)}};
  ProjectView project;
  project.name = "search";
  project.working_dir = "/srv/search";
  project.file_sha256 = {{"/srv/search/docker-compose.yml", "hash-" + std::to_string(i)}};
  project.services = {service};
  project.images = {{std::string(kImage) + ":" + kNew, true, kImageBytes,
                     std::vector<std::string>{"repository-s3"}, ""}};
  return project;
}

void AddShard(World& world, int shard, int primary_node, int replica_node) {
  const auto copy = [&](bool primary, int node) {
    ShardView view;
    view.index = "logs";
    view.shard = shard;
    view.primary = primary;
    view.state = ShardState::kStarted;
    view.node_id = "id-" + std::to_string(node);
    world.cluster.shards.push_back(view);
  };
  copy(true, primary_node);
  copy(false, replica_node);
}

}  // namespace

ClusterSpec HealthySpec() {
  ClusterSpec spec;
  spec.name = "search-prod";
  spec.snapshot = {"backups", "fs", {{"location", "/snap"}}};
  for (int i = 1; i <= 3; ++i) {
    spec.endpoints.push_back("http://192.0.2." + std::to_string(i) + ":9200");
    spec.members.push_back({"h" + std::to_string(i), "search", "opensearch", ""});
  }
  return spec;
}

World HealthyWorld() {
  World world;
  world.at = kStart;
  ClusterObservation& c = world.cluster;
  c.cluster_name = "search";
  c.cluster_uuid = "uuid-1";
  c.health.status = "green";
  c.health.nodes = c.health.data_nodes = 3;
  c.manager_node_id = "id-1";
  c.low_disk_watermark = "85%";
  c.max_shards_per_node = 1000;
  for (int i = 1; i <= 3; ++i) {
    c.endpoints.push_back({"http://192.0.2." + std::to_string(i) + ":9200",
                           "os-" + std::to_string(i), "search", "uuid-1", ""});
    c.nodes.push_back(MakeNode(i));
    c.last_committed_config.push_back("id-" + std::to_string(i));
    HostView host;
    host.name = "h" + std::to_string(i);
    host.known = host.connected = true;
    host.compose_versions = {"docker compose 2.26.1"};
    host.disks = {{"/var/lib/docker", 100 * kImageBytes, 50 * kImageBytes, true}};
    host.kernel_settings = {{"vm.max_map_count", "262144"}};
    world.hosts.push_back(host);
    world.projects[{host.name, "search"}] = MakeProject(i);
  }
  c.last_accepted_config = c.last_committed_config;
  world.inspection.stored_bytes = {{"id-1", kImageBytes}, {"id-2", kImageBytes}, {"id-3", 0}};
  IndexView logs;
  logs.name = "logs";
  logs.shards = 2;
  logs.replicas = 1;
  logs.docs = 1000;
  logs.created_version = "2.11.0";
  c.indices = {logs};
  AddShard(world, 0, 1, 2);
  AddShard(world, 1, 2, 3);
  world.repository = {
      "backups", "fs", true, {{"location", "/snap"}}, true, {"id-1", "id-2", "id-3"}, ""};
  return world;
}

PlanRequest UpgradeRequest() {
  PlanRequest request;
  request.cluster = "search-prod";
  request.to_version = kNew;
  return request;
}

Plan HealthyPlan() {
  StatusOr<Plan> plan =
      MakePlan(PlanId("7f3c9a1e"), UpgradeRequest(), HealthySpec(), HealthyWorld(), {});
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_TRUE(plan->Startable());
  return *plan;
}

World OldMajorWorld() {
  World world = HealthyWorld();
  for (NodeView& node : world.cluster.nodes) node.version = kOldMajor;
  for (auto& [key, project] : world.projects) {
    ServiceView& service = project.services.front();
    service.image = service.container->image = std::string(kImage) + ":" + kOldMajor;
  }
  for (IndexView& index : world.cluster.indices) index.created_version = "2.0.0";
  return world;
}

Plan MajorPlan(bool accept_no_return) {
  PlanRequest request = UpgradeRequest();
  request.to_version = kNewMajor;
  request.accept_no_return = accept_no_return;
  StatusOr<Plan> plan = MakePlan(PlanId("7f3c9a1e"), request, HealthySpec(), OldMajorWorld(), {});
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_TRUE(plan->Startable());
  return *plan;
}

NodeView& Node(World& world, const std::string& name) {
  for (NodeView& node : world.cluster.nodes) {
    if (node.name == name) return node;
  }
  ADD_FAILURE() << "no node " << name;
  return world.cluster.nodes.front();
}

ProjectView& Project(World& world, const std::string& host) {
  return world.projects.at({host, "search"});
}

CheckResult RunOne(const std::string& id, const World& world, const ClusterSpec& spec,
                   const PlanRequest& request) {
  for (const CheckResult& result : RunChecks(request, spec, world)) {
    if (result.id == id) return result;
  }
  ADD_FAILURE() << "check " << id << " did not run";
  return {};
}

namespace {

void ExpectVerdict(const CheckResult& result, Verdict verdict, const std::string& evidence) {
  EXPECT_EQ(result.verdict, verdict) << result.id << ": " << result.evidence;
  EXPECT_NE(result.evidence.find(evidence), std::string::npos)
      << result.id << ": " << result.evidence;
}

}  // namespace

void ExpectBlocks(const CheckResult& result, const std::string& evidence) {
  ExpectVerdict(result, Verdict::kBlock, evidence);
  EXPECT_FALSE(result.remedy.empty());
}

void ExpectWarns(const CheckResult& result, const std::string& evidence) {
  ExpectVerdict(result, Verdict::kWarn, evidence);
  EXPECT_FALSE(result.remedy.empty());
}

void ExpectPasses(const CheckResult& result, const std::string& evidence) {
  ExpectVerdict(result, Verdict::kPass, evidence);
}

}  // namespace drover::rollout::testing
