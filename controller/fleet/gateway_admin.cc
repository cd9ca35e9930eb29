// What operators do with the fleet.
#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "common/crypto/crypto.h"
#include "common/crypto/join_token.h"
#include "controller/fleet/gateway.h"

namespace drover::fleet {

std::string Gateway::FleetName() { return authority_.fleet_name(); }

StatusOr<NewToken> Gateway::CreateToken(Millis ttl) {
  if (ttl == Millis(0)) ttl = kTokenLifeDefault;
  if (ttl < kTokenLifeMin || ttl > kTokenLifeMax) {
    return InvalidArgument("a join token lives between one minute and seven days, not " +
                           FormatDuration(ttl) + "; choose another --ttl");
  }
  const crypto::JoinToken token = crypto::NewJoinToken(authority_.digest());
  const Time now = clock_.Now();
  store::TokenRecord record;
  record.secret_sha256 = crypto::Sha256Hex(token.secret);
  record.created_at = now;
  record.expires_at = now + ttl;
  DROVER_RETURN_IF_ERROR(store_.AddToken(record));
  return NewToken{crypto::FormatJoinToken(token), record.expires_at};
}

std::vector<HostStatus> Gateway::ListHosts() { return hosts_.List(); }

StatusOr<HostStatus> Gateway::GetHost(const std::string& host) { return hosts_.Get(host); }

StatusOr<HostStatus> Gateway::ChangeHost(const std::string& host,
                                         const std::function<void(store::HostRecord&)>& change) {
  DROVER_ASSIGN_OR_RETURN(const HostTable::Target target, hosts_.Find(host));
  DROVER_RETURN_IF_ERROR(hosts_.Change(target.record.id, change).status());
  NotifyChanged(target.record.id);
  return hosts_.Get(target.record.id.str());
}

StatusOr<HostStatus> Gateway::RevokeHost(const std::string& host) {
  DROVER_ASSIGN_OR_RETURN(const HostStatus revoked, ChangeHost(host, [](store::HostRecord& record) {
                            record.revoked = true;
                          }));
  LogInfo("fleet", "revoked host " + revoked.view.name + ", " + revoked.view.id.str());
  // Sought after the change: a connection made since was refused by it.
  DROVER_ASSIGN_OR_RETURN(const HostTable::Target target, hosts_.Find(revoked.view.id.str()));
  if (target.session != nullptr) {
    EndSession(target.session,
               PermissionDenied("host " + revoked.view.name +
                                " was revoked; enrol it anew with a token from `drover token "
                                "create`"));
  }
  return revoked;
}

StatusOr<HostStatus> Gateway::SetCordoned(const std::string& host, bool cordoned) {
  DROVER_ASSIGN_OR_RETURN(const HostTable::Target target, hosts_.Find(host));
  if (target.record.revoked) {
    return FailedPrecondition("host " + host + " was revoked; there is nothing to cordon");
  }
  return ChangeHost(target.record.id.str(),
                    [cordoned](store::HostRecord& record) { record.cordoned = cordoned; });
}

StatusOr<HostStatus> Gateway::CordonHost(const std::string& host) {
  return SetCordoned(host, true);
}

StatusOr<HostStatus> Gateway::UncordonHost(const std::string& host) {
  return SetCordoned(host, false);
}

int64_t Gateway::Subscribe(std::function<void(const HostStatus&)> changed) {
  const std::lock_guard lock(subscribers_mutex_);
  subscribers_[++last_subscription_] = std::move(changed);
  return last_subscription_;
}

void Gateway::Unsubscribe(int64_t subscription) {
  const std::lock_guard lock(subscribers_mutex_);
  subscribers_.erase(subscription);
}

// Coalesced: while a host's change waits to be told, further ones are told with it.
void Gateway::NotifyChanged(const HostId& host) {
  {
    const std::lock_guard lock(dirty_mutex_);
    if (!dirty_.insert(host).second) return;
  }
  callbacks_.Run([this, host] {
    {
      const std::lock_guard lock(dirty_mutex_);
      dirty_.erase(host);
    }
    const std::lock_guard lock(subscribers_mutex_);
    if (subscribers_.empty()) return;
    const auto status = hosts_.GetById(host);
    if (!status.has_value()) return;
    for (const auto& [id, changed] : subscribers_) changed(*status);
  });
}

}  // namespace drover::fleet
