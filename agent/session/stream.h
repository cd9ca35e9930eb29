// One control stream to the controller: Hello out, messages in, and what waits to be sent.
#ifndef DROVER_AGENT_SESSION_STREAM_H_
#define DROVER_AGENT_SESSION_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "drover/agent/v1/gateway.grpc.pb.h"

namespace drover::agent {

// Calls come from gRPC's threads, one at a time; they must return at once.
class StreamListener {
 public:
  virtual ~StreamListener() = default;
  virtual void OnMessage(v1::ControllerMessage message) = 0;
  // The last call; the stream is gone after it.
  virtual void OnClosed(const grpc::Status& status) = 0;
};

// Thread safe. Events and answers keep their order and are never dropped: where a peer that does
// not read lets them pile up, the stream closes, and the journal sends them again on the next one.
// Of reports and of each operation's progress only the latest one waits.
class ControlStream final
    : private grpc::ClientBidiReactor<v1::AgentMessage, v1::ControllerMessage> {
 public:
  // The sequence for a progress event of an operation, 0 to drop it; asked when it is sent.
  using Numberer = std::function<uint64_t(const std::string& operation_id)>;

  // `listener` outlives the call of its OnClosed, which comes only after Open.
  static std::shared_ptr<ControlStream> Make(const std::shared_ptr<grpc::Channel>& channel,
                                             Numberer numberer, StreamListener* listener);

  // Opens the stream and sends `hello`. Once, before anything else.
  void Open(const v1::Hello& hello);

  // After the stream has closed these do nothing.
  void Send(v1::AgentMessage message);
  void SendReport(v1::HostReport report);
  void SendProgress(const std::string& operation_id, const v1::OperationProgress& progress);

  // Ends the stream; OnClosed follows.
  void Close();

 private:
  static constexpr size_t kMaxWaiting = 10'000;

  ControlStream(const std::shared_ptr<grpc::Channel>& channel, Numberer numberer,
                StreamListener* listener);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  // Takes what is to be sent next into writing_; false where nothing waits. With the lock held.
  bool TakeNext();
  bool TakeProgress();
  // Begins a write from outside of a reaction, where none is under way.
  void Kick(std::unique_lock<std::mutex> lock);

  std::unique_ptr<v1::AgentGateway::Stub> stub_;
  grpc::ClientContext context_;
  const Numberer numberer_;
  StreamListener* const listener_;
  std::shared_ptr<ControlStream> self_;  // until OnDone

  v1::ControllerMessage incoming_;
  std::mutex mutex_;
  v1::AgentMessage writing_;
  bool write_under_way_ = false;
  bool closed_ = false;
  std::deque<v1::AgentMessage> waiting_;
  std::optional<v1::HostReport> report_;
  std::map<std::string, v1::OperationProgress> progress_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_STREAM_H_
