// Output of one follow query on its way to the controller, off the control stream.
#ifndef DROVER_AGENT_SESSION_UPLOAD_H_
#define DROVER_AGENT_SESSION_UPLOAD_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <mutex>
#include <string>

#include "agent/compose/verbs.h"
#include "drover/agent/v1/gateway.grpc.pb.h"

namespace drover::agent {

// Thread safe. Keeps at most kMaxBuffered bytes; what comes while the buffer is full is dropped and
// counted in gap_bytes of the chunk that follows the gap.
class OutputUpload final : private grpc::ClientWriteReactor<v1::OutputChunk> {
 public:
  static constexpr size_t kMaxBuffered = 256 * 1024;

  // Opens the call and sends an empty chunk, so that the controller knows the query's upload.
  // `stop->canceled` becomes true when the call has ended.
  static std::shared_ptr<OutputUpload> Open(const std::shared_ptr<grpc::Channel>& channel,
                                            const std::string& query_id,
                                            std::shared_ptr<StopRequest> stop);

  // Never blocks; false where the call has ended.
  bool Append(const std::string& bytes);
  // Sends an empty chunk where nothing else is on its way: gRPC tells a writer that the other side
  // has ended the call only when it writes.
  void Heartbeat();
  // No more output comes: sends what is buffered and ends the call. Once.
  void Finish();
  // Ends the call at once.
  void Cancel();

 private:
  OutputUpload(const std::shared_ptr<grpc::Channel>& channel, const std::string& query_id,
               std::shared_ptr<StopRequest> stop);

  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  bool TakeNext();  // with the lock held
  void Kick(std::unique_lock<std::mutex> lock);

  std::unique_ptr<v1::AgentGateway::Stub> stub_;
  grpc::ClientContext context_;
  const std::string query_id_;
  const std::shared_ptr<StopRequest> stop_;
  v1::UploadOutputResponse response_;
  std::shared_ptr<OutputUpload> self_;  // until OnDone

  std::mutex mutex_;
  v1::OutputChunk writing_;
  bool write_under_way_ = false;
  bool finished_ = false;     // by Finish
  bool writes_done_ = false;  // told gRPC so, or a write failed
  bool heartbeat_due_ = false;
  std::string buffer_;
  uint64_t gap_before_ = 0;  // dropped before the first byte of buffer_
  uint64_t gap_after_ = 0;   // dropped after its last
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_UPLOAD_H_
