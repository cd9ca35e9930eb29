// Answers the controller's reads from a few threads of their own.
#ifndef DROVER_AGENT_SESSION_QUERIES_H_
#define DROVER_AGENT_SESSION_QUERIES_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "agent/compose/verbs.h"
#include "agent/session/keyed_executor.h"
#include "agent/session/upload.h"
#include "drover/agent/v1/gateway.pb.h"

namespace drover::agent {

// Thread safe.
class Queries {
 public:
  using Reply = std::function<void(const v1::QueryResult&)>;

  // `verbs` outlives this.
  explicit Queries(HostVerbs* verbs);
  ~Queries();

  // Returns at once. `reply` is called once from another thread; of a follow query only where it
  // fails, its output goes by UploadOutput over `channel`. With too many waiting, replies here.
  void Answer(const v1::Query& query, const std::shared_ptr<grpc::Channel>& channel, Reply reply);

  // To be called every few seconds: finds follows whose reader has gone.
  void Heartbeat();

  // The connection is gone: ends all follows.
  void EndFollows();

 private:
  struct Follow {
    std::shared_ptr<StopRequest> stop;
    std::shared_ptr<OutputUpload> upload;
  };

  void RunFollow(const v1::Query& query, const std::shared_ptr<grpc::Channel>& channel,
                 const Reply& reply);

  HostVerbs* const verbs_;
  std::mutex mutex_;
  bool stopped_ = false;
  std::map<std::string, Follow> follows_;  // by query id
  // Last, so that their threads end first.
  KeyedExecutor reads_;
  KeyedExecutor follow_threads_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_QUERIES_H_
