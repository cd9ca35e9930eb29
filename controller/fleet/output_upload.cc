#include "controller/fleet/output_upload.h"

#include <utility>

#include "common/rpc/channel.h"

namespace drover::fleet {

LogChunk LineSplitter::Take(const agent::v1::OutputChunk& chunk) {
  LogChunk out;
  out.gap = chunk.gap_bytes() > 0;
  // The two ends of a gap are not one line.
  if (out.gap && !partial_.empty()) out.lines.push_back(std::exchange(partial_, ""));
  for (const char c : chunk.data()) {
    if (c != '\n') partial_.push_back(c);
    if (c == '\n' || partial_.size() >= kMaxLineBytes) {
      out.lines.push_back(std::exchange(partial_, ""));
    }
  }
  return out;
}

LogChunk LineSplitter::Rest() {
  LogChunk out;
  if (!partial_.empty()) out.lines.push_back(std::exchange(partial_, ""));
  return out;
}

OutputUpload::OutputUpload(HostId host, Queries& queries, Worker& worker)
    : host_(std::move(host)), queries_(queries), worker_(worker) {}

OutputUpload* OutputUpload::Make(HostId host, Queries& queries, Worker& worker) {
  const std::shared_ptr<OutputUpload> upload(new OutputUpload(std::move(host), queries, worker));
  upload->self_ = upload;
  upload->ReadNext();
  return upload.get();
}

OutputUpload* OutputUpload::Refuse(const Status& status, Queries& queries, Worker& worker) {
  const std::shared_ptr<OutputUpload> upload(new OutputUpload(HostId(), queries, worker));
  upload->self_ = upload;
  upload->End(status);
  return upload.get();
}

void OutputUpload::ReadNext() {
  const std::lock_guard lock(mutex_);
  if (!ended_) StartRead(&chunk_);
}

void OutputUpload::End(const Status& status) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  ended_ = true;
  Finish(rpc::ToGrpc(status));
}

void OutputUpload::OnReadDone(bool ok) {
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    if (ok && query_id_.empty()) query_id_ = chunk_.query_id();
    id = query_id_;
  }
  LogChunk lines = ok ? splitter_.Take(chunk_) : splitter_.Rest();
  worker_.Run([self = self_, id, ok, lines = std::move(lines)] {
    const bool wanted = lines.lines.empty() && !lines.gap
                            ? !id.empty()
                            : self->queries_.Feed(self->host_, id, lines);
    if (ok && wanted) {
      self->ReadNext();
      return;
    }
    self->queries_.EndFollow(self->host_, id, OkStatus());
    self->End(OkStatus());
  });
}

void OutputUpload::OnCancel() {
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    id = query_id_;
  }
  const Status status = Unavailable("the agent's connection broke; follow the log again");
  queries_.EndFollow(host_, id, status);
  End(status);
}

void OutputUpload::OnDone() {
  // Ends this object, unless the worker still holds it.
  const std::shared_ptr<OutputUpload> self = std::move(self_);
}

}  // namespace drover::fleet
