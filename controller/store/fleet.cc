#include "controller/store/sqlite_store.h"

namespace drover::store {
namespace {

std::optional<int64_t> OptionalMillis(const std::optional<Time>& time) {
  return time ? std::optional<int64_t>(ToUnixMillis(*time)) : std::nullopt;
}

HostRecord ReadHost(const Use& row) {
  HostRecord host;
  host.id = HostId(row.Text(0));
  host.name = row.Text(1);
  host.enrolled_at = FromUnixMillis(row.Int(2));
  host.cordoned = row.Int(3) != 0;
  host.revoked = row.Int(4) != 0;
  host.certificate_serial = row.Text(5);
  host.certificate_ends = FromUnixMillis(row.Int(6));
  host.last_seen = FromUnixMillis(row.Int(7));
  return host;
}

Status NameTaken(const std::string& name) {
  return AlreadyExists("a host named " + name +
                       " is enrolled already: join under another name, or revoke that one first "
                       "(drover host revoke " +
                       name + ")");
}

Status TokenUnknown() {
  return Unauthenticated(
      "this controller did not make the join token: make one here with drover token create");
}

Status TokenUsed(Time at) {
  return Unauthenticated("the join token was used at " + FormatTime(at) +
                         "; a token is good for one host: make another with drover token create");
}

Status TokenExpired(Time at) {
  return Unauthenticated("the join token expired at " + FormatTime(at) +
                         ": make another with drover token create");
}

}  // namespace

SqliteStore::FleetStatements::FleetStatements(SQLite::Database& db)
    : add_token(db,
                "INSERT OR IGNORE INTO tokens (secret_sha256, created_at_ms, expires_at_ms, "
                "used_at_ms) VALUES (?1, ?2, ?3, ?4)"),
      find_token(db, "SELECT expires_at_ms, used_at_ms FROM tokens WHERE secret_sha256 = ?1"),
      use_token(db, "UPDATE tokens SET used_at_ms = ?2 WHERE secret_sha256 = ?1"),
      find_host(db, "SELECT 1 FROM hosts WHERE (name = ?1 AND revoked = 0 AND id <> ?2)"),
      add_host(db,
               "INSERT OR IGNORE INTO hosts (id, name, enrolled_at_ms, cordoned, revoked, "
               "certificate_serial, certificate_ends_ms, last_seen_ms) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
      list_hosts(db,
                 "SELECT id, name, enrolled_at_ms, cordoned, revoked, certificate_serial, "
                 "certificate_ends_ms, last_seen_ms FROM hosts ORDER BY name, id"),
      update_host(db,
                  "UPDATE hosts SET name = ?2, enrolled_at_ms = ?3, cordoned = ?4, revoked = ?5, "
                  "certificate_serial = ?6, certificate_ends_ms = ?7, last_seen_ms = ?8 "
                  "WHERE id = ?1") {}

Status SqliteStore::AddToken(const TokenRecord& token) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->InTransaction([&]() -> Status {
    const int added = Use(fleet_.add_token, token.secret_sha256, ToUnixMillis(token.created_at),
                          ToUnixMillis(token.expires_at), OptionalMillis(token.used_at))
                          .Run();
    return added == 1 ? OkStatus() : AlreadyExists("this join token exists: make another one");
  });
}

Status SqliteStore::Enroll(const std::string& secret_sha256, Time now, const HostRecord& host) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->InTransaction([&]() -> Status {
    {
      Use token(fleet_.find_token, secret_sha256);
      if (!token.Next()) return TokenUnknown();
      if (!token.IsNull(1)) return TokenUsed(FromUnixMillis(token.Int(1)));
      const Time expires_at = FromUnixMillis(token.Int(0));
      if (now >= expires_at) return TokenExpired(expires_at);
    }
    Use(fleet_.use_token, secret_sha256, ToUnixMillis(now)).Run();
    if (Use(fleet_.find_host, host.name, host.id.str()).Next()) return NameTaken(host.name);
    const int added = Use(fleet_.add_host, host.id.str(), host.name, ToUnixMillis(host.enrolled_at),
                          host.cordoned, host.revoked, host.certificate_serial,
                          ToUnixMillis(host.certificate_ends), ToUnixMillis(host.last_seen))
                          .Run();
    if (added == 1) return OkStatus();
    return AlreadyExists("a host with the id " + host.id.str() + " is enrolled already");
  });
}

StatusOr<std::vector<HostRecord>> SqliteStore::ListHosts() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->Run([&]() -> StatusOr<std::vector<HostRecord>> {
    Use rows(fleet_.list_hosts);
    std::vector<HostRecord> hosts;
    while (rows.Next()) hosts.push_back(ReadHost(rows));
    return hosts;
  });
}

Status SqliteStore::UpdateHost(const HostRecord& host) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->InTransaction([&]() -> Status {
    if (!host.revoked && Use(fleet_.find_host, host.name, host.id.str()).Next()) {
      return NameTaken(host.name);
    }
    const int updated =
        Use(fleet_.update_host, host.id.str(), host.name, ToUnixMillis(host.enrolled_at),
            host.cordoned, host.revoked, host.certificate_serial,
            ToUnixMillis(host.certificate_ends), ToUnixMillis(host.last_seen))
            .Run();
    if (updated == 1) return OkStatus();
    return NotFound("no host has the id " + host.id.str() + ": drover host ls names the hosts");
  });
}

}  // namespace drover::store
