// One UploadOutput call: an agent's log output on its way to a follower.
#ifndef DROVER_CONTROLLER_FLEET_OUTPUT_UPLOAD_H_
#define DROVER_CONTROLLER_FLEET_OUTPUT_UPLOAD_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <mutex>
#include <string>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "controller/fleet/agents.h"
#include "controller/fleet/queries.h"
#include "controller/fleet/worker.h"
#include "drover/agent/v1/gateway.grpc.pb.h"

namespace drover::fleet {

// Cuts chunks of bytes into lines; what a chunk leaves unfinished waits for the next one.
class LineSplitter {
 public:
  // A longer line is cut here.
  static constexpr size_t kMaxLineBytes = 64 * 1024;

  LogChunk Take(const agent::v1::OutputChunk& chunk);
  // What is left at the end of the output, if anything.
  LogChunk Rest();

 private:
  std::string partial_;
};

// Owns itself until gRPC is done with it. The next chunk is read when the follower has had the last
// one, so nothing piles up here.
class OutputUpload final : public grpc::ServerReadReactor<agent::v1::OutputChunk>,
                           public std::enable_shared_from_this<OutputUpload> {
 public:
  // `queries` and `worker` outlive the call.
  static OutputUpload* Make(HostId host, Queries& queries, Worker& worker);
  // A call that is refused at once.
  static OutputUpload* Refuse(const Status& status, Queries& queries, Worker& worker);

 private:
  OutputUpload(HostId host, Queries& queries, Worker& worker);
  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void ReadNext();
  void End(const Status& status);

  const HostId host_;
  Queries& queries_;
  Worker& worker_;
  std::shared_ptr<OutputUpload> self_;  // until OnDone
  agent::v1::OutputChunk chunk_;
  LineSplitter splitter_;
  std::mutex mutex_;
  std::string query_id_;  // guarded by mutex_
  bool ended_ = false;    // guarded by mutex_
};

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_OUTPUT_UPLOAD_H_
