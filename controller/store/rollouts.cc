#include <algorithm>
#include <limits>
#include <utility>

#include "controller/store/convert_plan.h"
#include "controller/store/convert_rollout.h"
#include "controller/store/sqlite_store.h"
#include "controller/store/timings.h"

namespace drover::store {
namespace {

constexpr size_t kPlansToPrune = 256;

#define DROVER_ROLLOUT_COLUMNS \
  "SELECT state, data, plan FROM rollouts LEFT JOIN rollout_checks ON rollout = number "

std::string SerializedPlan(const rollout::Plan& plan) {
  v1::Plan message;
  ToProto(plan, &message);
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);  // so that the same plan has the same bytes
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::optional<int64_t> EndedAs(const rollout::Rollout& rollout) {
  if (!rollout::HasEnded(rollout.phase)) return std::nullopt;
  return ToProto(rollout.phase);
}

int64_t Limit(size_t limit) {
  return static_cast<int64_t>(
      std::min<size_t>(limit, static_cast<size_t>(std::numeric_limits<int64_t>::max())));
}

}  // namespace

SqliteStore::RolloutStatements::RolloutStatements(SQLite::Database& db)
    : find_plan(db, "SELECT data FROM plans WHERE id = ?1"),
      add_plan(db, "INSERT INTO plans (id, data) VALUES (?1, ?2)"),
      find(db, "SELECT number, ended_as FROM rollouts WHERE id = ?1"),
      add(db,
          "INSERT INTO rollouts (id, plan, cluster, ended_as, state) VALUES (?1, ?2, ?3, ?4, ?5)"),
      set_state(db, "UPDATE rollouts SET state = ?2 WHERE number = ?1"),
      set_state_and_end(db, "UPDATE rollouts SET state = ?2, ended_as = ?3 WHERE number = ?1"),
      set_checks(db, "INSERT OR REPLACE INTO rollout_checks (rollout, data) VALUES (?1, ?2)"),
      load(db, DROVER_ROLLOUT_COLUMNS "WHERE id = ?1"),
      unfinished(db, DROVER_ROLLOUT_COLUMNS "WHERE ended_as IS NULL ORDER BY number"),
      list(db, DROVER_ROLLOUT_COLUMNS "ORDER BY number DESC LIMIT ?1"),
      list_of_cluster(db,
                      DROVER_ROLLOUT_COLUMNS "WHERE cluster = ?1 ORDER BY number DESC LIMIT ?2"),
      succeeded(db, DROVER_ROLLOUT_COLUMNS
                "WHERE cluster = ?1 AND ended_as = ?2 ORDER BY number DESC LIMIT ?3") {}

Status SqliteStore::SavePlan(const rollout::Plan& plan) {
  const std::string bytes = SerializedPlan(plan);
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->InTransaction([&]() -> Status {
    Use saved(rollouts_.find_plan, plan.id.str());
    if (!saved.Next()) {
      Use(rollouts_.add_plan, plan.id.str(), Blob{bytes}).Run();
      return OkStatus();
    }
    if (saved.Text(0) == bytes) return OkStatus();
    return AlreadyExists("another plan has the id " + plan.id.str() + ": make the plan again");
  });
}

StatusOr<std::shared_ptr<const rollout::Plan>> SqliteStore::LoadPlan(const PlanId& id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->Run([&] { return LoadPlanLocked(id); });
}

StatusOr<std::shared_ptr<const rollout::Plan>> SqliteStore::LoadPlanLocked(const PlanId& id) {
  if (const auto known = plans_.find(id); known != plans_.end()) {
    if (std::shared_ptr<const rollout::Plan> plan = known->second.lock()) return plan;
  }
  Use saved(rollouts_.find_plan, id.str());
  if (!saved.Next()) {
    return NotFound("there is no plan " + id.str() + ": drover plan makes one");
  }
  v1::Plan message;
  DROVER_RETURN_IF_ERROR(saved.Parse(0, &message));
  DecodeErrors errors;
  auto plan = std::make_shared<const rollout::Plan>(FromProto(message, &errors));
  DROVER_RETURN_IF_ERROR(errors.status());
  if (plans_.size() >= kPlansToPrune) {
    std::erase_if(plans_, [](const auto& entry) { return entry.second.expired(); });
  }
  plans_[id] = plan;
  return plan;
}

SqliteStore::Row* SqliteStore::FindRow(const RolloutId& id) {
  const auto [entry, is_new] = rows_.try_emplace(id);
  Row* row = &entry->second;
  if (!is_new) return row;
  Use find(rollouts_.find, id.str());
  if (find.Next()) {
    row->number = find.Int(0);
    if (!find.IsNull(1)) row->ended_as = find.Int(1);
  } else {
    row->checks.emplace();
  }
  return row;
}

Status SqliteStore::AddRow(const rollout::Rollout& rollout, Row* row) {
  const std::string& plan = rollout.plan->id.str();
  if (!Use(rollouts_.find_plan, plan).Next()) {
    return FailedPrecondition("rollout " + rollout.id.str() + ": its plan " + plan +
                              " was not saved");
  }
  row->ended_as = EndedAs(rollout);
  Use(rollouts_.add, rollout.id.str(), plan, rollout.plan->request.cluster, row->ended_as,
      Blob{state_bytes_})
      .Run();
  row->number = database_->connection().getLastInsertRowid();
  return OkStatus();
}

void SqliteStore::UpdateRow(const rollout::Rollout& rollout, Row* row) {
  const std::optional<int64_t> ended_as = EndedAs(rollout);
  if (ended_as == row->ended_as) {
    Use(rollouts_.set_state, row->number, Blob{state_bytes_}).Run();
    return;
  }
  Use(rollouts_.set_state_and_end, row->number, Blob{state_bytes_}, ended_as).Run();
  row->ended_as = ended_as;
}

Status SqliteStore::WriteState(const rollout::Rollout& rollout, int64_t* number) {
  state_message_.Clear();
  ToProto(rollout, &state_message_);
  state_message_.SerializeToString(&state_bytes_);
  Row* row = FindRow(rollout.id);
  if (row->number == 0) {
    DROVER_RETURN_IF_ERROR(AddRow(rollout, row));
  } else {
    UpdateRow(rollout, row);
  }
  *number = row->number;
  if (row->checks == rollout.checks) return OkStatus();
  v1::CheckResults checks;
  for (const auto& check : rollout.checks) ToProto(check, checks.add_checks());
  const std::string bytes = checks.SerializeAsString();
  Use(rollouts_.set_checks, row->number, Blob{bytes}).Run();
  row->checks = rollout.checks;
  return OkStatus();
}

Status SqliteStore::Commit(rollout::Rollout* next, Time at,
                           const std::vector<rollout::Record>& records,
                           std::vector<StoredRecord>* new_records) {
  if (next->id.empty() || next->plan == nullptr) {
    return InvalidArgument("a rollout without an id or a plan cannot be stored");
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  const uint64_t sequence_before = next->sequence;
  if (!records.empty()) next->sequence = last_sequence_ + records.size();
  const Status status = database_->InTransaction([&]() -> Status {
    int64_t number = 0;
    DROVER_RETURN_IF_ERROR(WriteState(*next, &number));
    uint64_t sequence = last_sequence_;
    for (const auto& record : records) WriteRecord(++sequence, at, number, record);
    return OkStatus();
  });
  if (!status.ok()) {
    next->sequence = sequence_before;
    rows_.erase(next->id);  // may tell of what was rolled back
    return status;
  }
  if (rollout::HasEnded(next->phase)) rows_.erase(next->id);
  if (new_records != nullptr) new_records->clear();
  for (const auto& record : records) {
    ++last_sequence_;
    if (new_records == nullptr) continue;
    new_records->push_back({last_sequence_, at, next->id, next->plan->request.cluster, record});
  }
  return OkStatus();
}

StatusOr<rollout::Rollout> SqliteStore::ReadRollout(const Use& row) {
  v1::RolloutState message;
  DROVER_RETURN_IF_ERROR(row.Parse(0, &message));
  DecodeErrors errors;
  rollout::Rollout rollout = FromProto(message, &errors);
  if (!row.IsNull(1)) {
    v1::CheckResults checks;
    DROVER_RETURN_IF_ERROR(row.Parse(1, &checks));
    for (const auto& check : checks.checks()) {
      rollout.checks.push_back(FromProto(check, &errors));
    }
  }
  DROVER_RETURN_IF_ERROR(errors.status());
  DROVER_ASSIGN_OR_RETURN(rollout.plan, LoadPlanLocked(PlanId(row.Text(2))));
  return rollout;
}

StatusOr<std::vector<rollout::Rollout>> SqliteStore::ReadRollouts(Use* rows) {
  std::vector<rollout::Rollout> rollouts;
  while (rows->Next()) {
    DROVER_ASSIGN_OR_RETURN(rollout::Rollout rollout, ReadRollout(*rows));
    rollouts.push_back(std::move(rollout));
  }
  return rollouts;
}

StatusOr<rollout::Rollout> SqliteStore::LoadRollout(const RolloutId& id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->Run([&]() -> StatusOr<rollout::Rollout> {
    Use row(rollouts_.load, id.str());
    if (row.Next()) return ReadRollout(row);
    return NotFound("there is no rollout " + id.str() + ": drover rollout ls names them");
  });
}

StatusOr<std::vector<rollout::Rollout>> SqliteStore::LoadUnfinished() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->Run([&] {
    Use rows(rollouts_.unfinished);
    return ReadRollouts(&rows);
  });
}

StatusOr<std::vector<rollout::Rollout>> SqliteStore::ListRollouts(const std::string& cluster,
                                                                  size_t limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->Run([&] {
    if (cluster.empty()) {
      Use rows(rollouts_.list, Limit(limit));
      return ReadRollouts(&rows);
    }
    Use rows(rollouts_.list_of_cluster, cluster, Limit(limit));
    return ReadRollouts(&rows);
  });
}

StatusOr<rollout::History> SqliteStore::TimingsOf(const std::string& cluster) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->Run([&]() -> StatusOr<rollout::History> {
    Use rows(rollouts_.succeeded, cluster, int64_t{v1::PHASE_SUCCEEDED}, Limit(kTimedRollouts));
    DROVER_ASSIGN_OR_RETURN(const auto rollouts, ReadRollouts(&rows));
    return Timings(rollouts);
  });
}

}  // namespace drover::store
