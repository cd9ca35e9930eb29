#include "tests/golden/cli_fixtures.h"

#include "tests/golden/parse.h"

namespace drover::golden {
namespace {

constexpr char kPlan[] = R"pb(
  id: "7f3c9a1e"
  cluster: "search-prod"
  kind: ROLLOUT_KIND_UPGRADE
  strategy: STRATEGY_ROLLING
  from_version: "2.17.1"
  to_version: "2.19.1"
  members {
    member { name: "os-1" host: "h1" project: "search" service: "opensearch" }
    batch: 1
  }
  members {
    member { name: "os-2" host: "h2" project: "search" service: "opensearch" }
    batch: 2
  }
  members {
    member { name: "os-3" host: "h3" project: "search" service: "opensearch" }
    batch: 3
    note: "the elected cluster manager is last"
  }
  checks {
    id: "P1"
    title: "The cluster is green"
    verdict: VERDICT_PASS
    evidence: "GET _cluster/health: green"
  }
  checks {
    id: "P4"
    title: "Every member has a node"
    verdict: VERDICT_PASS
    evidence: "3 of 3 matched"
  }
  checks {
    id: "P16"
    title: "Every index has a replica"
    verdict: VERDICT_WARN
    evidence: "index logs-tmp has no replica: unavailable about 10 s while os-2 restarts"
    remedy: "give it a replica (index.number_of_replicas: 1), or leave it"
  }
  repository: "backups"
  repository_type: "s3"
  repository_verified_nodes: 3
  snapshot: "drover-7f3c9a1e"
  own_repository: "backups-drover-7f3c9a1e"
  prefetch_images: "registry/opensearch:2.19.1"
  expected { seconds: 35 }
  expected_from: "the last rollout of this cluster"
  max_unavailable: 1
  promises: "one member down at a time"
  promises: "no shard without a started copy"
  ways_back: "until a member starts 2.19.1: abort, no loss (tier 0)"
  ways_back: "while most cluster managers and a copy of every shard are on 2.17.1, and no index is newer: the upgraded members are rebuilt from the others, no loss (tier 1)"
  ways_back: "at any time: a fresh cluster of 2.17.1 from the snapshot, loses what was written since (tier 3)"
  startable: true)pb";

}  // namespace

cli::View At(int width, bool color) {
  cli::View view;
  view.width = width;
  view.color = color;
  view.now = FromUnixMillis(kNow * 1000);
  return view;
}

v1::Plan GoodPlan() { return Parse<v1::Plan>(kPlan); }

v1::Plan HopsPlan() {
  v1::Plan plan = With(GoodPlan(), R"pb(
    from_version: "1.3.20"
    to_version: "2.19.4"
    final_version: "3.8.0"
    hops {
      from_version: "1.3.20"
      to_version: "2.19.4"
      needs {
        kind: HOP_NEED_KIND_NO_RETURN
        text: "point of no return: the stop of the last member that runs 1.x; from then on no node of 1.x may join, and the only way back is a snapshot restored into a new cluster. The rollout pauses before it; drover rollout approve ID goes on"
      }
    }
    hops {
      from_version: "2.19.4"
      to_version: "3.8.0"
      needs {
        kind: HOP_NEED_KIND_REINDEX
        text: "2 indexes were created before 2.0.0 and must be reindexed, once the cluster runs 2.19.4 and before this hop: drover index reindex search-prod logs .hidden"
        names: "logs"
        names: ".hidden"
      }
      needs {
        kind: HOP_NEED_KIND_SETTINGS
        text: "settings that 3.x does not know any more: knn.plugin.enabled"
        names: "knn.plugin.enabled"
      }
      needs {
        kind: HOP_NEED_KIND_NO_RETURN
        text: "point of no return: the stop of the last member that runs 2.x; from then on no node of 2.x may join, and the only way back is a snapshot restored into a new cluster"
      }
    })pb");
  plan.set_prefetch_images(0, "registry/opensearch:2.19.4");
  return plan;
}

v1::Plan BlockedPlan() {
  v1::Plan plan = With(GoodPlan(), R"pb(
    checks {
      id: "P6"
      title: "No other allocation setting is in the way"
      verdict: VERDICT_BLOCK
      evidence: "GET _cluster/settings: persistent cluster.routing.allocation.enable is none; it was not set by Drover, so somebody wants it"
      remedy: "find out who set it, then clear it: PUT _cluster/settings {\"persistent\":{\"cluster.routing.allocation.enable\":null}}"
    })pb");
  plan.set_startable(false);
  return plan;
}

v1::Plan RestartPlan() {
  v1::Plan plan = With(GoodPlan(), R"pb(
    kind: ROLLOUT_KIND_RESTART
    to_version: "2.17.1"
    promises: "images stay, nothing is pulled"
    promises: "os-3 left alone")pb");
  plan.clear_prefetch_images();
  plan.clear_own_repository();
  plan.clear_ways_back();
  plan.mutable_members()->RemoveLast();
  return plan;
}

v1::Plan PlanWithCompanions() {
  return With(GoodPlan(), R"pb(
    companions {
      member { name: "dashboards@h1" host: "h1" project: "ui" service: "dashboards" }
      to_image: "registry/dashboards:2.19.1"
    }
    companions {
      member { name: "dashboards@h2" host: "h2" project: "ui" service: "dashboards" }
      to_image: "registry/dashboards:2.19.1"
    })pb");
}

cli::StatusData Status() {
  cli::StatusData data;
  data.address = "unix:///run/drover/control.sock";
  data.controller = Parse<v1::GetControllerResponse>(R"pb(
    version: "0.1.0"
    started_at { seconds: 1795390000 }
    epoch: 4
    fleet: "drover"
    agent_address: "10.0.0.1:7441")pb");
  data.hosts = Parse<v1::ListHostsResponse>(R"pb(
    hosts {
      id: "a1"
      name: "h1"
      connected: true
      agent_version: "0.1.0"
      engine_version: "27.5.1"
      compose_versions: "docker compose 2.26.1"
      disk_free_bytes: 41000000000
      disk_total_bytes: 100000000000
      projects { name: "search" }
    }
    hosts {
      id: "b2"
      name: "h2"
      connected: false
      last_seen { seconds: 1795399800 }
      agent_version: "0.1.0"
      engine_version: "20.10.24"
      compose_versions: "docker-compose 1.29.2"
      cordoned: true
    })pb");
  *data.clusters.add_clusters() = OneCluster();
  *data.rollouts.add_rollouts() = Running();
  *data.rollouts.add_rollouts() = Aborted();
  return data;
}

v1::Cluster OneCluster() {
  return Parse<v1::Cluster>(R"pb(
    name: "search-prod"
    endpoints: "https://10.0.0.11:9200"
    endpoints: "https://10.0.0.12:9200"
    repository: "backups"
    version: "2.17.1"
    health: "green"
    active_rollout: "7f3c9a1e"
    applied_at { seconds: 1795390081 }
    members {
      member { name: "os-1" host: "h1" project: "search" service: "opensearch" }
      roles: "data"
      version: "2.17.1"
      image: "registry/opensearch:2.17.1"
    }
    members {
      member { host: "h3" project: "search" service: "opensearch" }
      image: "registry/opensearch:2.17.1"
      problem: "no node called opensearch: seen os-1, os-2"
    })pb");
}

v1::Snapshot OneSnapshot() {
  return Parse<v1::Snapshot>(R"pb(
    repository: "backups"
    name: "drover-7f3c"
    state: "PARTIAL"
    version: "2.17.1"
    indices: 4
    shards_done: 19
    shards_total: 20
    shards_failed: 1
    started_at { seconds: 1795300045 }
    ended_at { seconds: 1795300106 }
    failures: "index logs shard 2: node os-2 left")pb");
}

v1::Event OneEvent() {
  return Parse<v1::Event>(R"pb(
    sequence: 41
    time { seconds: 1795400080 nanos: 123000000 }
    rollout_id: "7f3c9a1e"
    cluster: "search-prod"
    member: "os-2"
    host: "h2"
    kind: "member.step"
    text: "os-2 is up again"
    fields { key: "to" value: "JOINED" }
    fields { key: "from" value: "UP" })pb");
}

}  // namespace drover::golden
