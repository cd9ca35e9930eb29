#include "controller/fleet/host_table.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace drover::fleet {

void HostTable::PutRecordLocked(const store::HostRecord& record) {
  Entry& entry = hosts_[record.id];
  entry.record = record;
  entry.view.id = record.id;
  entry.view.name = record.name;
  entry.view.known = !record.revoked;
  entry.view.cordoned = record.cordoned;
  if (!entry.view.last_seen.has_value() && record.last_seen != Time{}) {
    entry.view.last_seen = record.last_seen;
  }
}

StatusOr<std::vector<std::shared_ptr<Session>>> HostTable::Reload(Time now) {
  const std::lock_guard change(change_mutex_);
  DROVER_ASSIGN_OR_RETURN(const std::vector<store::HostRecord> records, store_.ListHosts());
  std::vector<std::shared_ptr<Session>> refused;
  std::set<HostId> kept;
  const std::lock_guard lock(mutex_);
  for (const store::HostRecord& record : records) {
    PutRecordLocked(record);
    kept.insert(record.id);
  }
  for (auto it = hosts_.begin(); it != hosts_.end();) {
    Entry& entry = it->second;
    const bool gone = !kept.contains(it->first);
    if (gone) entry.record.revoked = true;
    const bool over = entry.record.revoked || entry.record.certificate_ends <= now;
    if (entry.session != nullptr && over) refused.push_back(entry.session);
    it = gone && entry.session == nullptr ? hosts_.erase(it) : std::next(it);
  }
  return refused;
}

Status HostTable::Enroll(const std::string& secret_sha256, Time now,
                         const store::HostRecord& host) {
  const std::lock_guard change(change_mutex_);
  DROVER_RETURN_IF_ERROR(store_.Enroll(secret_sha256, now, host));
  const std::lock_guard lock(mutex_);
  PutRecordLocked(host);
  return OkStatus();
}

StatusOr<store::HostRecord> HostTable::Change(
    const HostId& id, const std::function<void(store::HostRecord&)>& change) {
  const std::lock_guard change_lock(change_mutex_);
  store::HostRecord record;
  {
    const std::lock_guard lock(mutex_);
    const auto found = hosts_.find(id);
    if (found == hosts_.end()) return NoSuchHostLocked(id.str());
    record = found->second.record;
  }
  const store::HostRecord before = record;
  change(record);
  if (record == before) return record;
  DROVER_RETURN_IF_ERROR(store_.UpdateHost(record));
  const std::lock_guard lock(mutex_);
  PutRecordLocked(record);
  return record;
}

Status HostTable::CheckAdmitted(const Entry* entry) {
  if (entry == nullptr) {
    return PermissionDenied(
        "the controller does not know this host's certificate; enrol the host with a token from "
        "`drover token create`");
  }
  if (entry->record.revoked) {
    return PermissionDenied("host " + entry->record.name +
                            " was revoked; enrol it anew with a token from `drover token create`");
  }
  return OkStatus();
}

StatusOr<store::HostRecord> HostTable::Admit(const HostId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = hosts_.find(id);
  DROVER_RETURN_IF_ERROR(CheckAdmitted(found == hosts_.end() ? nullptr : &found->second));
  return found->second.record;
}

StatusOr<std::shared_ptr<Session>> HostTable::Attach(
    const std::shared_ptr<Session>& session, Time now,
    const std::function<void(rollout::HostView&)>& apply) {
  const std::lock_guard lock(mutex_);
  const auto found = hosts_.find(session->host());
  DROVER_RETURN_IF_ERROR(CheckAdmitted(found == hosts_.end() ? nullptr : &found->second));
  Entry& entry = found->second;
  apply(entry.view);
  entry.view.connected = true;
  entry.view.connected_since = now;
  entry.view.last_seen = now;
  return std::exchange(entry.session, session);
}

bool HostTable::Detach(const Session& session, Time now) {
  const std::lock_guard lock(mutex_);
  const auto found = hosts_.find(session.host());
  if (found == hosts_.end() || found->second.session.get() != &session) return false;
  found->second.session = nullptr;
  found->second.view.connected = false;
  found->second.view.connected_since.reset();
  found->second.view.last_seen = now;
  return true;
}

bool HostTable::Update(const Session& session,
                       const std::function<void(rollout::HostView&)>& apply) {
  const std::lock_guard lock(mutex_);
  const auto found = hosts_.find(session.host());
  if (found == hosts_.end() || found->second.session.get() != &session) return false;
  apply(found->second.view);
  return true;
}

bool HostTable::IsCurrent(const Session& session) const {
  const std::lock_guard lock(mutex_);
  const auto found = hosts_.find(session.host());
  return found != hosts_.end() && found->second.session.get() == &session;
}

const HostTable::Entry* HostTable::FindLocked(const std::string& name_or_id) const {
  const Entry* best = nullptr;
  for (const auto& [id, entry] : hosts_) {
    if (entry.record.name != name_or_id) continue;
    const bool better = best == nullptr || (best->record.revoked && !entry.record.revoked) ||
                        (best->record.revoked == entry.record.revoked &&
                         best->record.enrolled_at < entry.record.enrolled_at);
    if (better) best = &entry;
  }
  if (best != nullptr) return best;
  const auto found = hosts_.find(HostId(name_or_id));
  return found == hosts_.end() ? nullptr : &found->second;
}

Status HostTable::NoSuchHostLocked(const std::string& host) const {
  constexpr size_t kNamed = 20;
  std::set<std::string> names;
  for (const auto& [id, entry] : hosts_) {
    if (!entry.record.revoked) names.insert(entry.record.name);
  }
  if (names.empty()) {
    return NotFound("there is no host \"" + host +
                    "\"; none is enrolled yet: `drover token create` prints how");
  }
  std::string list;
  size_t count = 0;
  for (const std::string& name : names) {
    if (++count > kNamed) break;
    list += (list.empty() ? "" : ", ") + name;
  }
  if (names.size() > kNamed) list += " and " + std::to_string(names.size() - kNamed) + " more";
  return NotFound("there is no host \"" + host + "\"; the hosts are " + list);
}

StatusOr<HostTable::Target> HostTable::Find(const std::string& name_or_id) const {
  const std::lock_guard lock(mutex_);
  const Entry* entry = FindLocked(name_or_id);
  if (entry == nullptr) return NoSuchHostLocked(name_or_id);
  return Target{entry->record, entry->session};
}

StatusOr<HostStatus> HostTable::Get(const std::string& name_or_id) const {
  const std::lock_guard lock(mutex_);
  const Entry* entry = FindLocked(name_or_id);
  if (entry == nullptr) return NoSuchHostLocked(name_or_id);
  return ToStatus(*entry);
}

std::optional<HostStatus> HostTable::GetById(const HostId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = hosts_.find(id);
  if (found == hosts_.end()) return std::nullopt;
  return ToStatus(found->second);
}

HostStatus HostTable::ToStatus(const Entry& entry) {
  return {entry.view, entry.record.revoked, entry.record.enrolled_at,
          entry.record.certificate_ends};
}

std::vector<HostStatus> HostTable::List() const {
  std::vector<HostStatus> list;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : hosts_) list.push_back(ToStatus(entry));
  }
  std::sort(list.begin(), list.end(), [](const HostStatus& a, const HostStatus& b) {
    return std::tie(a.view.name, a.revoked, a.enrolled_at) <
           std::tie(b.view.name, b.revoked, b.enrolled_at);
  });
  return list;
}

std::vector<rollout::HostView> HostTable::Views() const {
  std::vector<rollout::HostView> views;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : hosts_) {
      if (!entry.record.revoked) views.push_back(entry.view);
    }
  }
  std::sort(views.begin(), views.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return views;
}

std::vector<std::shared_ptr<Session>> HostTable::Sessions() const {
  std::vector<std::shared_ptr<Session>> sessions;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, entry] : hosts_) {
    if (entry.session != nullptr) sessions.push_back(entry.session);
  }
  return sessions;
}

size_t HostTable::CountEnrolled() const {
  const std::lock_guard lock(mutex_);
  return static_cast<size_t>(std::count_if(
      hosts_.begin(), hosts_.end(), [](const auto& host) { return !host.second.record.revoked; }));
}

}  // namespace drover::fleet
