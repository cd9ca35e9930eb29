#include "agent/session/queries.h"

#include <utility>

#include "common/rpc/channel.h"
#include "common/rpc/limits.h"

namespace drover::agent {
namespace {

constexpr size_t kReadThreads = 2;
constexpr size_t kFollowThreads = 4;
constexpr size_t kMaxWaiting = 32;
// Room for the message around a result.
constexpr size_t kMaxResultBytes = rpc::kMaxMessageBytes - 64 * 1024;

v1::QueryResult Failure(const v1::Query& query, v1::OperationErrorCode code,
                        const std::string& message) {
  v1::QueryResult result;
  result.set_query_id(query.query_id());
  result.mutable_error()->set_code(code);
  result.mutable_error()->set_message(message);
  return result;
}

v1::QueryResult Busy(const v1::Query& query) {
  return Failure(query, v1::OPERATION_ERROR_CODE_INTERNAL,
                 "this host answers too many queries already; ask again in a moment");
}

}  // namespace

Queries::Queries(HostVerbs* verbs)
    : verbs_(verbs), reads_(kReadThreads, kMaxWaiting), follow_threads_(kFollowThreads, 1) {}

Queries::~Queries() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  EndFollows();
}

void Queries::Answer(const v1::Query& query, const std::shared_ptr<grpc::Channel>& channel,
                     Reply reply) {
  const bool follow = query.has_tail_log() && query.tail_log().follow();
  bool taken = false;
  if (follow) {
    taken = follow_threads_.Push(
        query.query_id(), [this, query, channel, reply] { RunFollow(query, channel, reply); });
  } else {
    taken = reads_.Push(query.query_id(), [this, query, reply] {
      v1::QueryResult result = verbs_->Answer(query);
      result.set_query_id(query.query_id());
      if (result.ByteSizeLong() > kMaxResultBytes) {
        result = Failure(query, v1::OPERATION_ERROR_CODE_INTERNAL,
                         "the answer is longer than " + std::to_string(kMaxResultBytes) +
                             " bytes; ask for less");
      }
      reply(result);
    });
  }
  if (!taken) reply(Busy(query));
}

void Queries::RunFollow(const v1::Query& query, const std::shared_ptr<grpc::Channel>& channel,
                        const Reply& reply) {
  auto stop = std::make_shared<StopRequest>();
  std::shared_ptr<OutputUpload> upload;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    upload = OutputUpload::Open(channel, query.query_id(), stop);
    follows_[query.query_id()] = {stop, upload};
  }
  const Status status =
      verbs_->FollowLog(query.tail_log(), *stop,
                        [&upload](const std::string& bytes) { return upload->Append(bytes); });
  if (!status.ok() && !stop->canceled) {
    reply(Failure(query, v1::OPERATION_ERROR_CODE_INTERNAL, Message(status)));
  }
  upload->Finish();
  std::lock_guard lock(mutex_);
  follows_.erase(query.query_id());
}

void Queries::Heartbeat() {
  std::lock_guard lock(mutex_);
  for (auto& [id, follow] : follows_) follow.upload->Heartbeat();
}

void Queries::EndFollows() {
  std::lock_guard lock(mutex_);
  for (auto& [id, follow] : follows_) {
    follow.stop->canceled = true;
    follow.upload->Cancel();
  }
}

}  // namespace drover::agent
