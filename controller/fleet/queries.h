// Reads that agents were asked for and have not answered yet.
#ifndef DROVER_CONTROLLER_FLEET_QUERIES_H_
#define DROVER_CONTROLLER_FLEET_QUERIES_H_

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/base/time.h"
#include "controller/fleet/agents.h"
#include "controller/fleet/worker.h"
#include "drover/agent/v1/gateway.pb.h"

namespace drover::fleet {

// Thread safe. Every callback that callers gave runs once at most as documented, on the worker's
// thread, in the order of what caused them. The worker must be stopped before this is destroyed.
class Queries {
 public:
  using Done = std::function<void(StatusOr<agent::v1::QueryResult>)>;
  using Sink = std::function<bool(const LogChunk&)>;
  using FollowDone = std::function<void(Status)>;

  // How often a follower that gets no output is asked, with an empty chunk, if it still listens.
  static constexpr Millis kFollowProbe{5'000};

  explicit Queries(Worker& worker) : worker_(worker) {}

  // The id to send. `done` gets the result, the host's error, or DEADLINE_EXCEEDED after `timeout`.
  std::string Begin(const HostId& host, const std::string& host_name, Millis timeout, Done done);

  // The id to send. `sink` gets the output until it returns false; then, or when the agent ends
  // the output, `done`.
  std::string BeginFollow(const HostId& host, const std::string& host_name, Sink sink,
                          FollowDone done);

  // An answer of the agent `from`. One that nobody waits for any more, or that another host was
  // asked for, is dropped.
  void Complete(const HostId& from, agent::v1::QueryResult result);

  void Fail(const std::string& id, const Status& status);
  // All that wait for this host.
  void FailHost(const HostId& host, const Status& status);
  void FailAll(const Status& status);

  // From the worker's thread alone: gives output to the follower. False where there is none (any
  // more) that asked `from`.
  bool Feed(const HostId& from, const std::string& id, const LogChunk& chunk);
  // From any thread: the agent ended the output.
  void EndFollow(const HostId& from, const std::string& id, const Status& status);

 private:
  struct Pending {
    HostId host;
    std::string host_name;
    Done done;            // of a query
    Sink sink;            // of a follower
    FollowDone follower;  // of a follower
  };

  std::string Add(Pending pending);
  // Takes the entry out, so that whoever got it is the one that ends it.
  bool Take(const std::string& id, Pending* pending);
  void Deliver(Pending pending, Status status);
  void FailWhere(const std::function<bool(const Pending&)>& which, const Status& status);
  void Probe(const HostId& host, const std::string& id);

  Worker& worker_;
  std::mutex mutex_;
  std::map<std::string, Pending> pending_;  // guarded by mutex_
};

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_QUERIES_H_
