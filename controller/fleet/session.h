// One agent's control stream, as a gRPC reactor: a bounded queue out, one message in at a time.
#ifndef DROVER_CONTROLLER_FLEET_SESSION_H_
#define DROVER_CONTROLLER_FLEET_SESSION_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "drover/agent/v1/gateway.grpc.pb.h"

namespace drover::fleet {

// Owns itself while gRPC uses it; others hold it by shared_ptr, and may call it at any time from
// any thread: after its end every call does nothing. It knows nothing of what the messages mean.
class Session final
    : public grpc::ServerBidiReactor<agent::v1::AgentMessage, agent::v1::ControllerMessage>,
      public std::enable_shared_from_this<Session> {
 public:
  // Called from gRPC's threads, for one session never two at a time; must not block.
  class Owner {
   public:
    virtual ~Owner() = default;
    // The next message is read after session->Read() alone: a slow owner slows its agent, and
    // nothing piles up.
    virtual void OnMessage(const std::shared_ptr<Session>& session,
                           agent::v1::AgentMessage& message) = 0;
    // The last call. `reason` is a sentence for a person.
    virtual void OnEnd(const std::shared_ptr<Session>& session, const std::string& reason) = 0;
  };

  // Where more than this waits for an agent that does not read, the stream is ended.
  static constexpr size_t kMaxQueued = 256;

  // `owner` and `context` outlive the stream. `host` is who the certificate says.
  static std::shared_ptr<Session> Make(grpc::CallbackServerContext* context, Owner& owner,
                                       HostId host);

  const HostId& host() const { return host_; }

  // Asks for the next message.
  void Read();
  // False where the stream has ended or ends because the queue is full.
  bool Write(agent::v1::ControllerMessage message);
  // Coalesced: while another write is under way, later sequences replace earlier ones.
  void Acknowledge(const OperationId& id, uint64_t sequence);
  // Ends the stream with `status`; of several calls the first counts.
  void End(const Status& status);
  // Cuts the connection's call where End did not get through, as the agent does not read.
  void CutIfNotDone();

 private:
  Session(grpc::CallbackServerContext* context, Owner& owner, HostId host);
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void EndLocked(const Status& status);
  void StartNextWriteLocked();

  Owner& owner_;
  const HostId host_;
  std::shared_ptr<Session> self_;  // until OnDone
  agent::v1::AgentMessage incoming_;
  agent::v1::ControllerMessage outgoing_;

  std::mutex mutex_;
  // All guarded by mutex_.
  grpc::CallbackServerContext* context_;  // null after OnDone
  std::deque<agent::v1::ControllerMessage> queue_;
  std::map<std::string, uint64_t> acknowledgements_;
  bool writing_ = false;
  bool ended_ = false;
  std::string reason_;
};

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_SESSION_H_
