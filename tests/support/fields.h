// Every field of the structs that the store keeps, named once. Fill() and Same() rest on it.
//
// A compile error in this file ("only N names provided for structured binding") means that a struct
// of controller/rollout has gained or lost a field: name it here, then add it to
// proto/drover/store/v1 and to both directions in controller/store/convert_*.cc. Where the latter
// is forgotten, the round-trip test of tests/unit/store fails.
#ifndef DROVER_TESTS_SUPPORT_FIELDS_H_
#define DROVER_TESTS_SUPPORT_FIELDS_H_

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "controller/rollout/event.h"
#include "controller/rollout/rollout.h"

namespace drover::testing {

// DROVER_FIELDS(Struct, a, b, c): std::tie of all fields of a Struct.
#define DROVER_FIELDS(Struct, ...)         \
  inline auto Fields(rollout::Struct& s) { \
    auto& [__VA_ARGS__] = s;               \
    return std::tie(__VA_ARGS__);          \
  }

DROVER_FIELDS(CheckResult, id, title, verdict, evidence, remedy, waived_by, waived_reason)
DROVER_FIELDS(Waiver, check, reason, by)
DROVER_FIELDS(MemberSpec, host, project, service, node)
DROVER_FIELDS(CompanionSpec, host, project, service, image)
DROVER_FIELDS(RepositorySpec, repository, type, settings, shared_folder)
DROVER_FIELDS(TlsSpec, ca, client_certificate, client_key)
DROVER_FIELDS(AuthSpec, username, password_file)
DROVER_FIELDS(Rules, max_unavailable, join_timeout, recover_stall, snapshot_stall, stop_timeout,
              pull_timeout, pause_after, recovery_concurrency)
DROVER_FIELDS(ClusterSpec, name, endpoints, tls, auth, snapshot, members, companions, rules)
DROVER_FIELDS(PlanRequest, cluster, kind, strategy, to_version, image, adopt, members,
              accept_downtime, follow_path, via, final_version, accept_no_return, waivers, undoes,
              tier)
DROVER_FIELDS(Undo, rollout, tier, loss, lossy, settings, policies, operations, restore)
DROVER_FIELDS(HopNeed, kind, text, names)
DROVER_FIELDS(Hop, from, to, needs)
DROVER_FIELDS(SnapshotOrigin, rollout, cluster_uuid, from_version, to_version, settings, policies)
DROVER_FIELDS(PlannedMember, name, host, project, service, node_id, roles, from_image, to_image,
              elected_manager, batch, note, cold_copy, data_path, volume)
DROVER_FIELDS(RepositoryView, name, type, exists, settings, verified, verified_node_ids,
              verify_error)
DROVER_FIELDS(Plan, id, request, spec, from_version, members, companions, others, batches, checks,
              repository, snapshot, own_repository, observed_nodes, documents, expected,
              expected_from, created_at, created_by, fingerprint, adopted, downtime_of, downtime,
              homeless, hops, undo, managers_answer)
DROVER_FIELDS(HomelessReplicas, index, shard, replicas)

DROVER_FIELDS(Wait, reason, since, until, ends_when)
DROVER_FIELDS(CellTimes, started_at, ended_at, failed, text)
DROVER_FIELDS(MemberFailure, step, reason, evidence, log_lines, aftermath)
DROVER_FIELDS(MemberState, step, cells, prefetched, digest, version, set_image, file_uncertain,
              stopped, new_image_ran, new_image_sure, renewed, unclean_stop, cold_copy,
              volume_changed, aside, container, skipped, held, examined, awaited, fate,
              progress_mark, progress_at, wait, failure, attempts, late_stops, step_since)
DROVER_FIELDS(RecordedSetting, name, before, now, changed, ours)
DROVER_FIELDS(VotingExclusion, node, set)
DROVER_FIELDS(SnapshotProgress, state, shards_done, shards_total, shards_failed, bytes_done,
              bytes_total, started_at, ended_at, progress_at)
DROVER_FIELDS(PullImage, service, image)
DROVER_FIELDS(SetImage, service, image, expect)
DROVER_FIELDS(RestoreFile, operation_id)
DROVER_FIELDS(StopService, service, timeout, process)
DROVER_FIELDS(UpService, service, recreate)
DROVER_FIELDS(DownProject, timeout)
DROVER_FIELDS(CopyVolume, service, path, name)
DROVER_FIELDS(RestoreVolume, service, path, name, aside)
DROVER_FIELDS(SetAsideVolume, service, path, name)
DROVER_FIELDS(OperationOrder, id, host, project, verb, deadline, begin_by)
DROVER_FIELDS(ObserveWorld, with_hosts, with_repository, with_explanation, with_images,
              with_operations)
DROVER_FIELDS(StartOperation, order)
DROVER_FIELDS(CancelOperation, host, operation)
DROVER_FIELDS(TakeSnapshot, repository, name, parent)
DROVER_FIELDS(DeleteSnapshot, repository, name, with_repository)
DROVER_FIELDS(PutSettings, persistent)
DROVER_FIELDS(Flush, times)
DROVER_FIELDS(RegisterRepository, name, type, settings)
DROVER_FIELDS(RestoreSnapshot, repository, snapshot, indices, global_state)
DROVER_FIELDS(AddVotingExclusion, nodes)
DROVER_FIELDS(StopPolicies, names)
DROVER_FIELDS(StartPolicies, names)
DROVER_FIELDS(HealthCondition, nodes, status, no_initializing_shards, no_relocating_shards)
DROVER_FIELDS(AwaitHealth, condition, timeout, avoid_nodes)
DROVER_FIELDS(ReadContainer, host, project, service, fresh)
DROVER_FIELDS(ReadLog, host, project, service, lines)
DROVER_FIELDS(SetTimer, at)
DROVER_FIELDS(Outstanding, id, action, member)
DROVER_FIELDS(Record, kind, member, host, text, fields)
// `plan` is a pointer: Fill leaves it alone, Same compares what it points to.
DROVER_FIELDS(Rollout, id, plan, phase, resume_phase, after_restore, reason, pause_asked, refused,
              changes, batch, members, companions, settings, exclusions, clear_archived,
              no_return_announced, stopped_policies, policies_stopped, snapshot, snapshot_done,
              flushed, looked, rerouted, restore_since, attempts, progress_at, progress_mark,
              settle_until, health, wait, outstanding, lost_hosts, rollback, operations,
              repository_registered, restored_groups, next_action, sequence, created_at, started_at,
              ended_at, started_by, outcome, checks)
#undef DROVER_FIELDS

inline std::tuple<> Fields(rollout::ClearArchived&) { return {}; }
inline std::tuple<> Fields(rollout::ClearVotingExclusions&) { return {}; }
inline std::tuple<> Fields(rollout::ReadNodes&) { return {}; }
inline std::tuple<> Fields(rollout::RetryFailedShards&) { return {}; }

// Fills values with numbers that never repeat, so that two fields that were swapped do not compare
// equal. Booleans become the opposite of their default, enums step through their values.
class Filler {
 public:
  void Fill(std::string& v) { v = "text-" + std::to_string(++n_); }
  void Fill(bool& v) { v = !v; }
  void Fill(Time& v) { v = FromUnixMillis(1'700'000'000'000 + ++n_); }
  void Fill(Millis& v) { v = Millis(++n_); }
  template <typename T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) void Fill(T& v) {
    v = static_cast<T>(++n_);
  }
  template <typename T>
  requires std::is_enum_v<T>
  void Fill(T& v) {
    v = static_cast<T>(1 + ++n_ % 2);  // the second or third value: none is its enum's default
  }
  template <typename Tag>
  void Fill(Id<Tag>& v) {
    v = Id<Tag>("id-" + std::to_string(++n_));
  }
  template <typename T>
  void Fill(std::optional<T>& v) {
    Fill(v.emplace());
  }
  template <typename T>
  void Fill(std::vector<T>& v) {
    v.resize(2);
    for (T& item : v) Fill(item);
  }
  template <typename T, size_t kSize>
  void Fill(std::array<T, kSize>& v) {
    for (T& item : v) Fill(item);
  }
  template <typename K, typename V>
  void Fill(std::map<K, V>& v) {
    for (int i = 0; i < 2; ++i) {
      K key;
      Fill(key);
      Fill(v[key]);
    }
  }
  // A map's optional values: one that is there and one that is not.
  void Fill(std::map<std::string, std::optional<std::string>>& v) {
    std::string key;
    Fill(key);
    Fill(v[key]);
    Fill(key);
    v[key] = std::nullopt;
  }
  void Fill(std::shared_ptr<const rollout::Plan>&) {}
  template <typename... Ts>
  void Fill(std::variant<Ts...>& v) {
    std::visit([this](auto& alternative) { Fill(alternative); }, v);
  }
  // One of each action, and one StartOperation of each verb.
  void Fill(std::vector<rollout::Outstanding>& v) {
    v.clear();
    AddEach<rollout::Action>([&v](auto action) { v.push_back({{}, action, 0}); });
    AddEach<rollout::Verb>([&v](auto verb) {
      v.push_back({{}, rollout::StartOperation{{{}, {}, {}, verb, {}}}, 0});
    });
    for (rollout::Outstanding& outstanding : v) Fill(outstanding);
    v.back().member = -1;
  }
  template <typename Struct>
  requires requires(Struct& s) { Fields(s); }
  void Fill(Struct& v) {
    std::apply([this](auto&... field) { (Fill(field), ...); }, Fields(v));
  }

 private:
  template <typename Variant, typename F>
  static void AddEach(F add) {
    [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
      (add(std::variant_alternative_t<kIndex, Variant>{}), ...);
    }
    (std::make_index_sequence<std::variant_size_v<Variant>>{});
  }

  int n_ = 0;
};

// Equality of all fields, for the structs that have no operator==.
template <typename T>
bool Same(const T& a, const T& b);

template <typename T>
bool SameItems(const T& a, const T& b) {
  if (a.size() != b.size()) return false;
  auto other = b.begin();
  for (const auto& item : a) {
    if (!Same(item, *other++)) return false;
  }
  return true;
}

template <typename T>
bool Same(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, std::shared_ptr<const rollout::Plan>>) {
    return a == b || (a && b && Same(*a, *b));
  } else if constexpr (std::equality_comparable<T>) {
    return a == b;
  } else if constexpr (requires { a.begin(), a.end(), a.size(); }) {
    return SameItems(a, b);
  } else {
    // Fields() takes what it could change; nothing is changed here.
    const auto x = Fields(const_cast<T&>(a));
    const auto y = Fields(const_cast<T&>(b));
    return [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
      return (Same(std::get<kIndex>(x), std::get<kIndex>(y)) && ...);
    }
    (std::make_index_sequence<std::tuple_size_v<decltype(x)>>{});
  }
}

}  // namespace drover::testing

#endif  // DROVER_TESTS_SUPPORT_FIELDS_H_
