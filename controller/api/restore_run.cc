#include "controller/api/restore_run.h"

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "common/rpc/channel.h"

namespace drover::api {
namespace {

using Ticks = std::chrono::steady_clock;

// Looks that may fail in a row before the stream gives up; a restore itself goes on.
constexpr int kMaxFailures = 10;

std::string Number(size_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "es");
}

}  // namespace

RestoreRun::RestoreRun(std::shared_ptr<opensearch::ClusterApi> api, Order order,
                       std::unique_ptr<BusyClusters::Hold> hold, Millis poll, Later later)
    : api_(std::move(api)),
      order_(std::move(order)),
      hold_(std::move(hold)),
      poll_(poll),
      later_(std::move(later)) {}

std::vector<std::string> RestoreRun::Targets() const {
  std::vector<std::string> names;
  for (const auto& index : order_.plan.indices) names.push_back(index.target);
  return names;
}

Status RestoreRun::DeleteAll(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const Status status = api_->DeleteIndex(name);
    if (!status.ok() && status.code() != StatusCode::kNotFound) {
      return Annotate(status, "index " + name + " of the proof stays behind; delete it");
    }
  }
  return OkStatus();
}

Found RestoreRun::Wait() {
  next_look_ = Ticks::now() + poll_;
  if (later_(poll_)) return Found::Nothing();
  return Found::End({grpc::StatusCode::UNAVAILABLE,
                     begun_ && !order_.proof
                         ? "the controller is stopping; the restore goes on in the cluster"
                         : "the controller is stopping"});
}

Found RestoreRun::Failed(const Status& status) {
  const bool passing =
      status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded;
  if (passing && begun_ && ++failures_ < kMaxFailures) return Wait();
  return Found::End(rpc::ToGrpc(status));
}

Found RestoreRun::Find(pb::RestoreProgress* message) {
  if (Ticks::now() < next_look_) {
    const auto left = std::chrono::ceil<Millis>(next_look_ - Ticks::now());
    return later_(std::max(left, Millis(1))) ? Found::Nothing() : Wait();
  }
  return Do(message);
}

Found RestoreRun::Do(pb::RestoreProgress* message) {
  switch (step_) {
    case Step::kClean:
      step_ = Step::kBegin;
      if (order_.leftovers.empty()) return Do(message);
      if (const Status status = DeleteAll(order_.leftovers); !status.ok()) return Failed(status);
      message->set_text("deleted " + Number(order_.leftovers.size(), "index") +
                        " that an earlier proof left behind");
      return Found::Message();
    case Step::kBegin:
      return Begin(message);
    case Step::kWatch:
      return Watch(message);
    case Step::kCount:
      return Count(message);
    case Step::kDelete:
      return Delete(message);
    case Step::kEnd:
      return Found::End(rpc::ToGrpc(failure_));
  }
  return Found::End(grpc::Status::OK);
}

Found RestoreRun::Begin(pb::RestoreProgress* message) {
  // It may have begun although the answer was lost, and a proof cleans that up too.
  begun_ = true;
  if (const Status status = api_->BeginRestore(order_.plan, order_.proof); !status.ok()) {
    begun_ = order_.proof && status.code() != StatusCode::kFailedPrecondition;
    return Found::End(rpc::ToGrpc(status));
  }
  step_ = Step::kWatch;
  message->set_text("restores " + Number(order_.plan.indices.size(), "index") + " of snapshot " +
                    order_.plan.snapshot +
                    (order_.plan.global_state ? " and the cluster's global state" : ""));
  return Found::Message();
}

Found RestoreRun::Watch(pb::RestoreProgress* message) {
  const StatusOr<opensearch::RestoreProgress> seen = api_->LookAtRestore(Targets());
  if (!seen.ok()) return Failed(seen.status());
  failures_ = 0;
  if (!seen->failures.empty()) {
    failure_ = FailedPrecondition("the cluster gave up restoring " + seen->failures.front() +
                                  (order_.proof ? ": this snapshot is no way back"
                                                : "; the index is there and red: delete it, put "
                                                  "right what is said, restore it again"));
    step_ = order_.proof ? Step::kDelete : Step::kEnd;
    return Do(message);
  }
  const bool moved = seen->shards_done != last_.shards_done ||
                     seen->bytes_done != last_.bytes_done ||
                     seen->shards_total != last_.shards_total;
  last_ = *seen;
  if (seen->Ended()) step_ = Step::kCount;
  if (!moved && !seen->Ended()) return Wait();
  if (!seen->Ended()) next_look_ = Ticks::now() + poll_;
  message->set_text("restores");
  message->set_shards_done(static_cast<uint32_t>(seen->shards_done));
  message->set_shards_total(static_cast<uint32_t>(seen->shards_total));
  message->set_bytes_done(seen->bytes_done);
  message->set_bytes_total(seen->bytes_total);
  return Found::Message();
}

Found RestoreRun::Count(pb::RestoreProgress* message) {
  if (counted_ == order_.plan.indices.size()) {
    step_ = order_.proof ? Step::kDelete : Step::kEnd;
    return Do(message);
  }
  const rollout::RestoredIndex& index = order_.plan.indices[counted_];
  const StatusOr<uint64_t> documents = api_->CountDocuments(index.target);
  pb::CountedIndex* counted = message->add_counted();
  counted->set_name(index.name);
  counted->set_target(index.target);
  if (documents.ok()) {
    counted->set_documents(*documents);
  } else if (documents.status().code() == StatusCode::kFailedPrecondition) {
    counted->set_closed(true);
  } else {
    message->Clear();
    return Failed(documents.status());
  }
  const auto live = order_.live_documents.find(index.name);
  if (live != order_.live_documents.end()) counted->set_live_documents(live->second);
  message->set_text("restored " + index.target);
  ++counted_;
  return Found::Message();
}

Found RestoreRun::Delete(pb::RestoreProgress* message) {
  if (const Status status = DeleteAll(Targets()); !status.ok()) return Failed(status);
  begun_ = false;
  step_ = Step::kEnd;
  message->set_text("deleted what the proof restored");
  return Found::Message();
}

void RestoreRun::Close() {
  if (order_.proof && begun_) {
    if (const Status status = DeleteAll(Targets()); !status.ok()) {
      LogWarning("api", Message(status));
    }
  }
  hold_.reset();
}

}  // namespace drover::api
