// Every enrolled host: its durable record, what it reported last, its connection.
#ifndef DROVER_CONTROLLER_FLEET_HOST_TABLE_H_
#define DROVER_CONTROLLER_FLEET_HOST_TABLE_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/base/time.h"
#include "controller/fleet/fleet_admin.h"
#include "controller/fleet/session.h"
#include "controller/store/fleet_store.h"

namespace drover::fleet {

// Thread safe. The store is written first, then the table: what the table says is durable. Only
// Reload, Enroll and Change wait for the store.
class HostTable {
 public:
  struct Target {
    store::HostRecord record;
    std::shared_ptr<Session> session;  // null while it is not connected
  };

  // `store` outlives the table.
  explicit HostTable(store::FleetStore& store) : store_(store) {}

  // Reads the records again. Sessions of hosts that may not be connected any more at `now`
  // (revoked, gone, certificate ended) are returned, to be ended.
  StatusOr<std::vector<std::shared_ptr<Session>>> Reload(Time now);

  // Uses up the token and adds the host in one transaction; errors are the store's.
  Status Enroll(const std::string& secret_sha256, Time now, const store::HostRecord& host);

  // Changes one record by `change`, durably. Nothing is written where it changes nothing.
  StatusOr<store::HostRecord> Change(const HostId& id,
                                     const std::function<void(store::HostRecord&)>& change);

  // The record of a host that may connect; PERMISSION_DENIED, and what to do, where it may not.
  StatusOr<store::HostRecord> Admit(const HostId& id) const;

  // Makes `session` the host's connection and lets `apply` change its view; `apply` must not call
  // the table. The connection it had before is returned. Nothing is done where Admit refuses.
  StatusOr<std::shared_ptr<Session>> Attach(const std::shared_ptr<Session>& session, Time now,
                                            const std::function<void(rollout::HostView&)>& apply);
  // True where `session` was the host's connection; now the host has none.
  bool Detach(const Session& session, Time now);
  // True, and the view changed by `apply`, where `session` is the host's connection.
  bool Update(const Session& session, const std::function<void(rollout::HostView&)>& apply);
  bool IsCurrent(const Session& session) const;

  // By name: the host that is not revoked, else a revoked one of that name; or by id. NOT_FOUND
  // names the hosts that exist.
  StatusOr<Target> Find(const std::string& name_or_id) const;
  StatusOr<HostStatus> Get(const std::string& name_or_id) const;
  std::optional<HostStatus> GetById(const HostId& id) const;

  std::vector<HostStatus> List() const;          // by name, all
  std::vector<rollout::HostView> Views() const;  // by name, without the revoked ones
  std::vector<std::shared_ptr<Session>> Sessions() const;
  size_t CountEnrolled() const;  // without the revoked ones

 private:
  struct Entry {
    store::HostRecord record;
    rollout::HostView view;
    std::shared_ptr<Session> session;
  };
  const Entry* FindLocked(const std::string& name_or_id) const;
  Status NoSuchHostLocked(const std::string& host) const;
  static Status CheckAdmitted(const Entry* entry);
  void PutRecordLocked(const store::HostRecord& record);
  static HostStatus ToStatus(const Entry& entry);

  store::FleetStore& store_;
  // Held over a change of the store and of the table, so that no change is lost; taken before
  // mutex_.
  std::mutex change_mutex_;
  mutable std::mutex mutex_;
  std::map<HostId, Entry> hosts_;  // guarded by mutex_
};

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_HOST_TABLE_H_
