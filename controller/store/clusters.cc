#include "controller/store/sqlite_store.h"

namespace drover::store {

SqliteStore::ClusterStatements::ClusterStatements(SQLite::Database& db)
    : put(db, "INSERT OR REPLACE INTO clusters (name, file, applied_at_ms) VALUES (?1, ?2, ?3)"),
      get(db, "SELECT name, file, applied_at_ms FROM clusters WHERE name = ?1"),
      list(db, "SELECT name, file, applied_at_ms FROM clusters ORDER BY name") {}

Status SqliteStore::PutCluster(const ClusterRecord& cluster) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->InTransaction([&]() -> Status {
    Use(clusters_.put, cluster.name, cluster.file, ToUnixMillis(cluster.applied_at)).Run();
    return OkStatus();
  });
}

std::string SqliteStore::ClusterNames() {
  std::string names;
  Use rows(clusters_.list);
  while (rows.Next()) names += (names.empty() ? "" : ", ") + rows.Text(0);
  return names;
}

StatusOr<ClusterRecord> SqliteStore::GetCluster(const std::string& name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->Run([&]() -> StatusOr<ClusterRecord> {
    Use row(clusters_.get, name);
    if (row.Next()) return ClusterRecord{row.Text(0), row.Text(1), FromUnixMillis(row.Int(2))};
    const std::string names = ClusterNames();
    return NotFound("there is no cluster " + name +
                    (names.empty() ? "; none has been applied yet: drover cluster apply FILE"
                                   : "; there is " + names));
  });
}

StatusOr<std::vector<ClusterRecord>> SqliteStore::ListClusters() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->Run([&]() -> StatusOr<std::vector<ClusterRecord>> {
    Use rows(clusters_.list);
    std::vector<ClusterRecord> clusters;
    while (rows.Next()) {
      clusters.push_back({rows.Text(0), rows.Text(1), FromUnixMillis(rows.Int(2))});
    }
    return clusters;
  });
}

}  // namespace drover::store
