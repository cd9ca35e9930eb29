#include "tests/golden/cli_fixtures.h"
#include "tests/golden/parse.h"

namespace drover::golden {
namespace {

constexpr char kSnapshotDone[] = R"pb(
  snapshot {
    repository: "backups"
    name: "drover-7f3c"
    state: "SUCCESS"
    shards_done: 20
    shards_total: 20
    started_at { seconds: 1795400045 }
    ended_at { seconds: 1795400046 nanos: 300000000 }
  })pb";

constexpr char kHead[] = R"pb(
  id: "7f3c9a1e"
  cluster: "search-prod"
  kind: ROLLOUT_KIND_UPGRADE
  strategy: STRATEGY_ROLLING
  from_version: "2.17.1"
  to_version: "2.19.1"
  batches: 3
  cluster_health: "green"
  started_at { seconds: 1795400040 }
  started_by: "root"
  sequence: 40)pb";

constexpr char kFirst[] = R"pb(
  members {
    member { name: "os-1" host: "h1" project: "search" service: "opensearch" }
    roles: "cluster_manager"
    roles: "data"
    roles: "ingest"
    from_image: "registry/opensearch:2.17.1"
    to_image: "registry/opensearch:2.19.1"
    batch: 1
    state: MEMBER_STATE_DONE
    version: "2.19.1"
    cells {
      column: COLUMN_PREFETCH
      state: CELL_STATE_DONE
      started_at { seconds: 1795400047 }
      ended_at { seconds: 1795400051 nanos: 100000000 }
    }
    cells {
      column: COLUMN_STOP
      state: CELL_STATE_DONE
      started_at { seconds: 1795400052 }
      ended_at { seconds: 1795400052 nanos: 600000000 }
    }
    cells {
      column: COLUMN_UP
      state: CELL_STATE_DONE
      started_at { seconds: 1795400053 }
      ended_at { seconds: 1795400053 nanos: 700000000 }
    }
    cells {
      column: COLUMN_JOIN
      state: CELL_STATE_DONE
      started_at { seconds: 1795400054 }
      ended_at { seconds: 1795400059 nanos: 500000000 }
    }
    cells {
      column: COLUMN_RECOVER
      state: CELL_STATE_DONE
      started_at { seconds: 1795400060 }
      ended_at { seconds: 1795400063 }
    }
  })pb";

constexpr char kSecond[] = R"pb(
  members {
    member { name: "os-2" host: "h2" project: "search" service: "opensearch" }
    roles: "data"
    from_image: "registry/opensearch:2.17.1"
    to_image: "registry/opensearch:2.19.1"
    batch: 2
    state: MEMBER_STATE_JOINED
    cells {
      column: COLUMN_PREFETCH
      state: CELL_STATE_DONE
      started_at { seconds: 1795400047 }
      ended_at { seconds: 1795400051 }
    }
    cells {
      column: COLUMN_STOP
      state: CELL_STATE_DONE
      started_at { seconds: 1795400064 }
      ended_at { seconds: 1795400064 nanos: 600000000 }
    }
    cells {
      column: COLUMN_UP
      state: CELL_STATE_DONE
      started_at { seconds: 1795400065 }
      ended_at { seconds: 1795400065 nanos: 700000000 }
    }
    cells {
      column: COLUMN_JOIN
      state: CELL_STATE_RUNNING
      started_at { seconds: 1795400078 }
    }
    wait {
      reason: "os-2 in the cluster"
      since { seconds: 1795400078 }
      until { seconds: 1795400678 }
      ends_when: "GET _nodes on h1 lists os-2 with version 2.19.1"
    }
  })pb";

constexpr char kThird[] = R"pb(
  members {
    member { name: "os-3" host: "h3" project: "search" service: "opensearch" }
    roles: "cluster_manager"
    from_image: "registry/opensearch:2.17.1"
    to_image: "registry/opensearch:2.19.1"
    batch: 3
    state: MEMBER_STATE_PENDING
    note: "next: last, it is the elected manager"
    cells {
      column: COLUMN_PREFETCH
      state: CELL_STATE_DONE
      started_at { seconds: 1795400047 }
      ended_at { seconds: 1795400051 nanos: 200000000 }
    }
  })pb";

constexpr char kSettings[] = "changed_settings: 'allocation primaries (ours)' batch: 2";

v1::Rollout Three(const std::string& second) {
  return Parse<v1::Rollout>(std::string(kHead) + kSnapshotDone + kFirst + second + kThird);
}

}  // namespace

v1::Rollout Running() {
  return With(Three(kSecond), std::string(kSettings) + R"pb(
    state: ROLLOUT_STATE_ROLLING
    expected_left { seconds: 25 }
    next_commands: "drover rollout pause 7f3c9a1e"
    rollback: "rollback now would be: tier 1, rebuild os-1 and os-2 from their replicas, no loss")pb");
}

v1::Rollout Snapshotting() {
  return Parse<v1::Rollout>(std::string(kHead) + kThird + R"pb(
    state: ROLLOUT_STATE_SNAPSHOTTING
    snapshot {
      repository: "backups"
      name: "drover-7f3c"
      state: "IN_PROGRESS"
      shards_done: 12
      shards_total: 20
      bytes_done: 1234567890
      bytes_total: 3400000000
      started_at { seconds: 1795400045 }
    }
    wait {
      reason: "waits for the snapshot drover-7f3c"
      since { seconds: 1795400045 }
      ends_when: "GET _snapshot/backups/drover-7f3c/_status says SUCCESS"
    })pb");
}

v1::Rollout Paused() {
  v1::Rollout rollout = With(Three(kFirst), R"pb(
    state: ROLLOUT_STATE_PAUSED
    batch: 2
    reason: "root asked for it at 02:14:20Z, before os-3"
    wait {
      reason: "an operator"
      since { seconds: 1795400060 }
      ends_when: "it is resumed or aborted"
    }
    next_commands: "drover rollout resume 7f3c9a1e --watch"
    next_commands: "drover rollout abort 7f3c9a1e"
    rollback: "rollback now would be: tier 1, rebuild os-1 and os-2 from their replicas, no loss")pb");
  rollout.mutable_members(1)->mutable_member()->set_name("os-2");
  rollout.mutable_members(1)->mutable_member()->set_host("h2");
  return rollout;
}

v1::Rollout Failed() {
  v1::Rollout rollout = With(Three(kSecond), R"pb(
    state: ROLLOUT_STATE_FAILED
    batch: 2
    reason: "os-2 did not join the cluster within 10 min"
    ended_at { seconds: 1795400680 }
    cluster_health: "yellow"
    outcome: "put back: cluster.routing.allocation.enable is as it was (not set)"
    outcome: "os-1 runs 2.19.1; os-2 is down; os-3 runs 2.17.1, untouched"
    next_commands: "drover logs h2/search/opensearch --tail 200"
    next_commands: "drover upgrade search-prod --to 2.19.1"
    rollback: "rollback now would be: tier 1, rebuild os-1 and os-2 from their replicas, no loss")pb");
  v1::MemberProgress& member = *rollout.mutable_members(1);
  member.set_state(v1::MEMBER_STATE_FAILED);
  member.clear_wait();
  v1::Cell& cell = *member.mutable_cells(3);
  cell.set_state(v1::CELL_STATE_FAILED);
  cell.mutable_ended_at()->set_seconds(1795400678);
  member.MergeFrom(Parse<v1::MemberProgress>(R"pb(
    failure {
      step: MEMBER_STATE_JOINED
      reason: "not in the cluster after 10 min"
      evidence: "GET https://10.0.0.11:9200/_nodes lists os-1, os-3; the container search-opensearch-1 exited with 78"
    })pb"));
  for (int i = 1; i <= 12; ++i) {
    member.mutable_failure()->add_log_lines("[2026-11-23T02:14:0" + std::to_string(i % 10) +
                                            "] log line " + std::to_string(i));
  }
  // What a container logs must not drive the terminal.
  member.mutable_failure()->set_log_lines(11,
                                          "\x1b[31mERROR\x1b[0m: bootstrap checks failed\t(78)");
  return rollout;
}

// A container that ends at boot: stopped, and the way on.
v1::Rollout PausedAtCrash() {
  v1::Rollout rollout = Failed();
  rollout.clear_ended_at();
  rollout.clear_outcome();
  rollout.clear_next_commands();
  rollout = With(rollout, R"pb(
    state: ROLLOUT_STATE_PAUSED
    reason: "os-2: its container ended at boot, exit code 78, restarted 3 times"
    wait {
      reason: "an operator: os-2: its container ended at boot, exit code 78, restarted 3 times"
      since { seconds: 1795400060 }
      ends_when: "drover rollout resume 7f3c9a1e, or abort"
    }
    outcome: "versions: os-3 at 2.17.1; os-1 at 2.19.1"
    outcome: "os-2 on h2 is not in the cluster: its container of registry/opensearch:2.19.1 is exited"
    outcome: "settings: put back"
    outcome: "snapshot: drover-7f3c is kept"
    next_commands: "drover rollout resume 7f3c9a1e   # after your fix: tries os-2 again"
    next_commands: "drover rollout resume 7f3c9a1e --skip os-2   # go on without it; ends as FAILED"
    next_commands: "drover rollout abort 7f3c9a1e   # starts stopped members again, then ends"
    next_commands: "drover logs h2/search/opensearch --tail 200"
    rollback: "rollback now would be: tier 1, rebuild os-1, os-2 from the copies on old nodes, one at a time, no loss")pb");
  v1::MemberFailure& failure = *rollout.mutable_members(1)->mutable_failure();
  failure.set_reason("its container ended at boot, exit code 78, restarted 3 times");
  failure.set_evidence(
      "container search-opensearch-1 of image registry/opensearch:2.19.1 is restarting\n"
      "its container kept ending and was stopped; its volume is kept");
  return rollout;
}

// An image that is not there: the old version runs again.
v1::Rollout PausedAtTierZero() {
  v1::Rollout rollout = PausedAtCrash();
  rollout.clear_outcome();
  rollout = With(rollout, R"pb(
    reason: "os-2: UpService on h2: manifest unknown"
    wait {
      reason: "an operator: os-2: UpService on h2: manifest unknown"
      since { seconds: 1795400060 }
      ends_when: "drover rollout resume 7f3c9a1e, or abort"
    }
    outcome: "versions: os-2, os-3 at 2.17.1; os-1 at 2.19.1"
    outcome: "os-2 was started again and runs 2.17.1: the new image never ran on its volume (tier 0)"
    outcome: "settings: put back"
    rollback: "rollback now would be: tier 1, rebuild os-1 from the copies on old nodes, one at a time, no loss")pb");
  v1::MemberFailure& failure = *rollout.mutable_members(1)->mutable_failure();
  failure.set_step(v1::MEMBER_STATE_UP);
  failure.set_reason("UpService on h2: manifest unknown");
  failure.set_evidence("manifest for registry/opensearch:2.19.1 not found");
  failure.clear_log_lines();
  return rollout;
}

v1::Rollout Succeeded() {
  v1::Rollout rollout = With(Three(kFirst), R"pb(
    state: ROLLOUT_STATE_SUCCEEDED
    batch: 3
    ended_at { seconds: 1795400100 }
    outcome: "3 of 3 members run 2.19.1; the cluster is green"
    outcome: "documents before 120000, after 120512; settings as before"
    next_commands: "drover snapshot ls search-prod")pb");
  *rollout.mutable_members(2) = rollout.members(0);
  for (int i = 0; i < 3; ++i) {
    v1::MemberRef& ref = *rollout.mutable_members(i)->mutable_member();
    ref.set_name("os-" + std::to_string(i + 1));
    ref.set_host("h" + std::to_string(i + 1));
  }
  return rollout;
}

v1::Rollout Aborted() {
  v1::Rollout rollout = With(Three(kThird), R"pb(
    state: ROLLOUT_STATE_ABORTED
    batch: 1
    reason: "root: wrong window"
    ended_at { seconds: 1795400070 }
    outcome: "put back: cluster.routing.allocation.enable is as it was (not set)"
    next_commands: "drover upgrade search-prod --to 2.19.1")pb");
  rollout.mutable_members(1)->mutable_member()->set_name("os-2");
  rollout.mutable_members(1)->mutable_member()->set_host("h2");
  rollout.mutable_members(1)->clear_note();
  rollout.mutable_members(2)->clear_note();
  return rollout;
}

v1::Rollout AtCompanions() {
  v1::Rollout rollout = Succeeded();
  rollout.set_state(v1::ROLLOUT_STATE_ROLLING);
  rollout.clear_ended_at();
  rollout.clear_outcome();
  rollout.clear_next_commands();
  return With(rollout, R"pb(
    companions {
      member { name: "dashboards@h1" host: "h1" project: "ui" service: "dashboards" }
      roles: "companion"
      from_image: "registry/dashboards:2.17.1"
      to_image: "registry/dashboards:2.19.1"
      state: MEMBER_STATE_JOINED
      cells { column: COLUMN_PREFETCH state: CELL_STATE_DONE }
      cells { column: COLUMN_STOP state: CELL_STATE_DONE }
      cells { column: COLUMN_UP state: CELL_STATE_DONE }
      cells {
        column: COLUMN_JOIN
        state: CELL_STATE_RUNNING
        started_at { seconds: 1795400078 }
      }
      wait {
        reason: "dashboards@h1 to run, and to be healthy where it says so"
        since { seconds: 1795400078 }
        until { seconds: 1795400678 }
        ends_when: "its container runs and is healthy"
      }
    }
    companions {
      member { name: "dashboards@h2" host: "h2" project: "ui" service: "dashboards" }
      roles: "companion"
      from_image: "registry/dashboards:2.17.1"
      to_image: "registry/dashboards:2.19.1"
      state: MEMBER_STATE_PENDING
      note: "after the last member"
    })pb");
}

v1::Rollout Restarting() {
  v1::Rollout rollout = With(Three(kSecond), R"pb(
    state: ROLLOUT_STATE_ROLLING
    kind: ROLLOUT_KIND_RESTART
    to_version: "2.17.1"
    batch: 2
    rollback: "rollback now would be: none is needed: the image stays, so any member may be started again as it is")pb");
  for (v1::MemberProgress& member : *rollout.mutable_members()) {
    member.set_to_image(member.from_image());
    if (member.cells_size() > 0) member.mutable_cells(0)->set_state(v1::CELL_STATE_PENDING);
    if (!member.version().empty()) member.set_version("2.17.1");
  }
  return rollout;
}

v1::Rollout Large() {
  v1::Rollout rollout = Parse<v1::Rollout>(kHead);
  rollout.set_state(v1::ROLLOUT_STATE_ROLLING);
  const v1::Rollout parts = Three(kSecond);
  for (int i = 0; i < 30; ++i) {
    v1::MemberProgress& member = *rollout.add_members();
    member = parts.members(i < 5 ? 0 : i == 5 ? 1 : 2);
    member.mutable_member()->set_name("os-" + std::to_string(i + 1));
    member.clear_note();
  }
  return rollout;
}

}  // namespace drover::golden
