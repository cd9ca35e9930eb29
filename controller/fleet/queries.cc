#include "controller/fleet/queries.h"

#include <utility>
#include <vector>

#include "common/crypto/crypto.h"
#include "controller/fleet/convert.h"

namespace drover::fleet {

std::string Queries::Add(Pending pending) {
  std::string id = crypto::RandomHex(8);
  const std::lock_guard lock(mutex_);
  pending_.emplace(id, std::move(pending));
  return id;
}

bool Queries::Take(const std::string& id, Pending* pending) {
  const std::lock_guard lock(mutex_);
  const auto found = pending_.find(id);
  if (found == pending_.end()) return false;
  *pending = std::move(found->second);
  pending_.erase(found);
  return true;
}

void Queries::Deliver(Pending pending, Status status) {
  worker_.Run([pending = std::move(pending), status = std::move(status)] {
    if (pending.follower) pending.follower(status);
    if (pending.done) pending.done(status);
  });
}

std::string Queries::Begin(const HostId& host, const std::string& host_name, Millis timeout,
                           Done done) {
  std::string id = Add({host, host_name, std::move(done), nullptr, nullptr});
  worker_.RunAfter(timeout, [this, id, host_name, timeout] {
    Fail(id, DeadlineExceeded("host " + host_name + ": its agent did not answer within " +
                              FormatDuration(timeout) + "; look at the agent's log there"));
  });
  return id;
}

std::string Queries::BeginFollow(const HostId& host, const std::string& host_name, Sink sink,
                                 FollowDone done) {
  std::string id = Add({host, host_name, nullptr, std::move(sink), std::move(done)});
  Probe(host, id);
  return id;
}

void Queries::Probe(const HostId& host, const std::string& id) {
  worker_.RunAfter(kFollowProbe, [this, host, id] {
    if (Feed(host, id, {})) Probe(host, id);
  });
}

void Queries::Complete(const HostId& from, agent::v1::QueryResult result) {
  Pending pending;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pending_.find(result.query_id());
    if (found == pending_.end() || found->second.host != from) return;
    // A follower's output comes by UploadOutput; here it can only fail.
    if (found->second.follower && !result.has_error()) return;
    pending = std::move(found->second);
    pending_.erase(found);
  }
  if (result.has_error()) {
    const Status error = ErrorOf(result.error(), pending.host_name);
    Deliver(std::move(pending), error);
    return;
  }
  worker_.Run([done = std::move(pending.done), result = std::move(result)] { done(result); });
}

void Queries::Fail(const std::string& id, const Status& status) {
  Pending pending;
  if (Take(id, &pending)) Deliver(std::move(pending), status);
}

void Queries::FailWhere(const std::function<bool(const Pending&)>& which, const Status& status) {
  std::vector<Pending> failed;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = pending_.begin(); it != pending_.end();) {
      if (!which(it->second)) {
        ++it;
        continue;
      }
      failed.push_back(std::move(it->second));
      it = pending_.erase(it);
    }
  }
  for (Pending& pending : failed) Deliver(std::move(pending), status);
}

void Queries::FailHost(const HostId& host, const Status& status) {
  FailWhere([&host](const Pending& pending) { return pending.host == host; }, status);
}

void Queries::FailAll(const Status& status) {
  FailWhere([](const Pending&) { return true; }, status);
}

bool Queries::Feed(const HostId& from, const std::string& id, const LogChunk& chunk) {
  Sink sink;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pending_.find(id);
    if (found == pending_.end() || found->second.host != from || !found->second.sink) return false;
    sink = found->second.sink;
  }
  if (sink(chunk)) return true;
  Fail(id, OkStatus());
  return false;
}

void Queries::EndFollow(const HostId& from, const std::string& id, const Status& status) {
  Pending pending;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pending_.find(id);
    if (found == pending_.end() || found->second.host != from || !found->second.sink) return;
    pending = std::move(found->second);
    pending_.erase(found);
  }
  Deliver(std::move(pending), status);
}

}  // namespace drover::fleet
