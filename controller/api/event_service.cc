#include "controller/api/event_service.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>

#include "controller/api/stream.h"
#include "controller/api/unary.h"

namespace drover::api {
namespace {

constexpr uint32_t kPageDefault = 200;
constexpr uint32_t kPageMax = 1000;

// The full id of a rollout named by an unambiguous prefix; empty stays empty (all).
StatusOr<RolloutId> Resolve(const Parts& parts, const std::string& prefix) {
  if (prefix.empty()) return RolloutId();
  DROVER_ASSIGN_OR_RETURN(const rollout::Rollout rollout, parts.coordinator->Get(prefix));
  return rollout.id;
}

// Reads the store from a cursor on, so a slow reader misses nothing; new records only wake it.
class EventSource final : public Source<pb::WatchEventsResponse> {
 public:
  EventSource(const Parts& parts, RolloutId rollout, uint64_t since)
      : parts_(parts), rollout_(std::move(rollout)), cursor_(since) {}

  void Subscribe(const std::shared_ptr<Stream<pb::WatchEventsResponse>>& stream) {
    subscription_ = parts_.coordinator->SubscribeRecords(
        [stream](const store::StoredRecord&) { stream->Poke(); });
  }

  Found Find(pb::WatchEventsResponse* message) override {
    if (page_.empty()) {
      auto records = parts_.rollouts->ListRecords(rollout_, cursor_, kPageDefault);
      if (!records.ok()) return Found::End(rpc::ToGrpc(records.status()));
      page_.assign(records->begin(), records->end());
    }
    if (page_.empty()) return Found::Nothing();
    cursor_ = page_.front().sequence;
    ToProto(page_.front(), message->mutable_event());
    page_.pop_front();
    return Found::Message();
  }

  void Close() override { parts_.coordinator->Unsubscribe(subscription_); }

 private:
  const Parts& parts_;
  const RolloutId rollout_;
  uint64_t cursor_;
  std::deque<store::StoredRecord> page_;
  driver::SubscriptionId subscription_ = 0;
};

grpc::Status List(const Parts& parts, const pb::ListEventsRequest& request,
                  pb::ListEventsResponse* response) {
  const auto rollout = Resolve(parts, request.rollout_id());
  if (!rollout.ok()) return rpc::ToGrpc(rollout.status());
  const uint32_t size =
      request.page_size() == 0 ? kPageDefault : std::min(request.page_size(), kPageMax);
  auto records = parts.rollouts->ListRecords(*rollout, request.since_sequence(), size + 1);
  if (!records.ok()) return rpc::ToGrpc(records.status());
  response->set_more(records->size() > size);
  if (response->more()) records->resize(size);
  for (const auto& record : *records) ToProto(record, response->add_events());
  response->set_next_sequence(records->empty() ? request.since_sequence()
                                               : records->back().sequence);
  return grpc::Status::OK;
}

}  // namespace

grpc::ServerUnaryReactor* EventService::ListEvents(grpc::CallbackServerContext* context,
                                                   const pb::ListEventsRequest* request,
                                                   pb::ListEventsResponse* response) {
  return Unary<pb::ListEventsRequest, pb::ListEventsResponse>(
      desk_, context, request, response, "EventService/ListEvents",
      [this](const Caller&, const auto& question, auto* answer) {
        return List(parts_, question, answer);
      });
}

grpc::ServerWriteReactor<pb::WatchEventsResponse>* EventService::WatchEvents(
    grpc::CallbackServerContext* context, const pb::WatchEventsRequest* request) {
  using Made = StatusOr<std::unique_ptr<Source<pb::WatchEventsResponse>>>;
  return Streaming<pb::WatchEventsRequest, pb::WatchEventsResponse>(
      desk_, context, request, "EventService/WatchEvents",
      [this](const Caller&, const pb::WatchEventsRequest& question, const auto& stream) -> Made {
        DROVER_ASSIGN_OR_RETURN(const RolloutId rollout, Resolve(parts_, question.rollout_id()));
        auto source = std::make_unique<EventSource>(parts_, rollout, question.since_sequence());
        source->Subscribe(stream);
        return source;
      });
}

}  // namespace drover::api
