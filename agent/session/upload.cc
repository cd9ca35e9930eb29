#include "agent/session/upload.h"

#include <algorithm>
#include <utility>

#include "common/rpc/limits.h"

namespace drover::agent {

OutputUpload::OutputUpload(const std::shared_ptr<grpc::Channel>& channel,
                           const std::string& query_id, std::shared_ptr<StopRequest> stop)
    : stub_(v1::AgentGateway::NewStub(channel)), query_id_(query_id), stop_(std::move(stop)) {}

std::shared_ptr<OutputUpload> OutputUpload::Open(const std::shared_ptr<grpc::Channel>& channel,
                                                 const std::string& query_id,
                                                 std::shared_ptr<StopRequest> stop) {
  std::shared_ptr<OutputUpload> upload(new OutputUpload(channel, query_id, std::move(stop)));
  upload->self_ = upload;
  upload->stub_->async()->UploadOutput(&upload->context_, &upload->response_, upload.get());
  upload->writing_.set_query_id(query_id);
  upload->write_under_way_ = true;
  upload->StartWrite(&upload->writing_);
  // Writes begin outside of reactions; the hold goes in Finish.
  upload->AddHold();
  upload->StartCall();
  return upload;
}

bool OutputUpload::Append(const std::string& bytes) {
  std::unique_lock lock(mutex_);
  if (writes_done_ || finished_ || stop_->canceled) return false;
  if (buffer_.empty()) gap_before_ += std::exchange(gap_after_, 0);
  // After a gap the buffer has to run empty first, so that the gap is told in its place.
  if (gap_after_ > 0 || buffer_.size() + bytes.size() > kMaxBuffered) {
    gap_after_ += bytes.size();
    return true;
  }
  buffer_ += bytes;
  Kick(std::move(lock));
  return true;
}

void OutputUpload::Heartbeat() {
  std::unique_lock lock(mutex_);
  if (writes_done_ || finished_) return;
  heartbeat_due_ = true;
  Kick(std::move(lock));
}

void OutputUpload::Finish() {
  bool end_writes = false;
  {
    std::lock_guard lock(mutex_);
    finished_ = true;
    end_writes = !write_under_way_ && !writes_done_;
    if (end_writes) writes_done_ = true;
  }
  if (end_writes) StartWritesDone();
  RemoveHold();
}

void OutputUpload::Cancel() { context_.TryCancel(); }

void OutputUpload::Kick(std::unique_lock<std::mutex> lock) {
  if (write_under_way_ || !TakeNext()) return;
  write_under_way_ = true;
  AddHold();  // Finish may run in between
  lock.unlock();
  StartWrite(&writing_);
  RemoveHold();
}

bool OutputUpload::TakeNext() {
  if (buffer_.empty() && !heartbeat_due_) return false;
  heartbeat_due_ = false;
  const size_t size = std::min<size_t>(buffer_.size(), rpc::kMaxOutputChunkBytes);
  writing_.Clear();
  writing_.set_query_id(query_id_);
  writing_.set_data(buffer_.substr(0, size));
  if (size > 0) writing_.set_gap_bytes(std::exchange(gap_before_, 0));
  buffer_.erase(0, size);
  return true;
}

void OutputUpload::OnWriteDone(bool ok) {
  bool end_writes = false;
  {
    std::lock_guard lock(mutex_);
    write_under_way_ = ok && TakeNext();
    if (!ok) {
      writes_done_ = true;
    } else if (!write_under_way_ && finished_ && !writes_done_) {
      end_writes = writes_done_ = true;
    }
    if (!write_under_way_ && !end_writes) return;
  }
  if (end_writes) return StartWritesDone();
  StartWrite(&writing_);
}

void OutputUpload::OnDone(const grpc::Status&) {
  const std::shared_ptr<OutputUpload> self = std::move(self_);
  stop_->canceled = true;
}

}  // namespace drover::agent
