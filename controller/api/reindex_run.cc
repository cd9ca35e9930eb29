#include "controller/api/reindex_run.h"

#include <algorithm>
#include <utility>

#include "common/rpc/channel.h"

namespace drover::api {
namespace {

using rollout::ReindexStep;
using Ticks = std::chrono::steady_clock;

// Looks and calls that may fail in a row before the stream gives up; the same command goes on.
constexpr int kMaxFailures = 10;

}  // namespace

Status IndexReindex::Do(ReindexStep step, const rollout::ReindexView& view) {
  switch (step) {
    case ReindexStep::kCreateTemporary:
      return api_.CreateTemporary(index_);
    case ReindexStep::kOpen:
      return api_.Open(index_);
    case ReindexStep::kBlock:
      return api_.SetWriteBlock(index_, "true");
    case ReindexStep::kCopy: {
      DROVER_ASSIGN_OR_RETURN(task_, api_.BeginCopy(index_));
      return OkStatus();
    }
    case ReindexStep::kBlockTemporary:
      return api_.BlockTemporary(index_);
    case ReindexStep::kKeepOld:
      return api_.KeepOld(index_);
    case ReindexStep::kHandOver:
      return api_.HandOver(index_);
    case ReindexStep::kFreeName:
      return api_.FreeName(index_);
    case ReindexStep::kClone:
      return api_.Clone(index_);
    case ReindexStep::kMoveAliases:
      return api_.MoveAliases(index_);
    case ReindexStep::kForgetRecord:
      return api_.ForgetRecord(index_);
    case ReindexStep::kRestoreBlock:
      return api_.SetWriteBlock(index_, view.record->write_block);
    case ReindexStep::kClose:
      return api_.Close(index_);
    case ReindexStep::kDeleteTemporary:
      return api_.DeleteTemporary(index_);
    case ReindexStep::kWait:
    case ReindexStep::kDone:
    case ReindexStep::kRefuse:
      break;
  }
  return OkStatus();
}

StatusOr<ReindexProgress> IndexReindex::Advance() {
  if (const std::string why = rollout::WhyNotReindexed(index_); !why.empty()) {
    return FailedPrecondition(why);
  }
  DROVER_ASSIGN_OR_RETURN(const rollout::ReindexView view, api_.Look(index_, task_));
  const rollout::ReindexDecision decision = rollout::DecideReindex(view, keep_old_);
  ReindexProgress progress;
  progress.text = decision.text;
  if (view.task && !view.task->ended) {
    progress.documents_done = view.task->done;
    progress.documents_total = view.task->total;
  }
  switch (decision.step) {
    case ReindexStep::kRefuse:
      return FailedPrecondition(decision.text);
    case ReindexStep::kDone:
      progress.what = begun_ ? ReindexProgress::What::kDone : ReindexProgress::What::kLeftAlone;
      if (begun_) progress.text = index_ + " is made anew by " + view.version;
      return progress;
    case ReindexStep::kWait:
      progress.what = ReindexProgress::What::kWaiting;
      return progress;
    default:
      DROVER_RETURN_IF_ERROR(Do(decision.step, view));
      begun_ = true;
      return progress;
  }
}

ReindexRun::ReindexRun(std::shared_ptr<opensearch::ReindexApi> api,
                       std::vector<std::string> indexes, bool keep_old,
                       std::unique_ptr<BusyClusters::Hold> hold, Millis poll, Later later)
    : api_(std::move(api)),
      indexes_(std::move(indexes)),
      keep_old_(keep_old),
      hold_(std::move(hold)),
      poll_(poll),
      later_(std::move(later)) {}

Found ReindexRun::Wait() {
  next_look_ = Ticks::now() + poll_;
  if (later_(poll_)) return Found::Nothing();
  return Found::End({grpc::StatusCode::UNAVAILABLE,
                     "the controller is stopping; the same command goes on with the reindex"});
}

Found ReindexRun::Failed(const Status& status) {
  const bool passing =
      status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded;
  if (passing && ++failures_ < kMaxFailures) return Wait();
  return Found::End(rpc::ToGrpc(status));
}

Found ReindexRun::Find(pb::ReindexIndexesResponse* message) {
  if (Ticks::now() < next_look_) {
    const auto left = std::chrono::ceil<Millis>(next_look_ - Ticks::now());
    return later_(std::max(left, Millis(1))) ? Found::Nothing() : Wait();
  }
  if (!present_) {
    if (next_ == indexes_.size()) return Found::End(grpc::Status::OK);
    present_ = std::make_unique<IndexReindex>(*api_, indexes_[next_++], keep_old_);
    last_text_.clear();
  }
  const StatusOr<ReindexProgress> progress = present_->Advance();
  if (!progress.ok()) return Failed(progress.status());
  failures_ = 0;
  const bool waits = progress->what == ReindexProgress::What::kWaiting;
  if (waits && progress->text == last_text_ && progress->documents_done == last_done_) {
    return Wait();
  }
  if (waits) next_look_ = Ticks::now() + poll_;
  last_text_ = progress->text;
  last_done_ = progress->documents_done;
  message->set_index(indexes_[next_ - 1]);
  message->set_text(progress->text);
  message->set_documents_done(progress->documents_done);
  message->set_documents_total(progress->documents_total);
  message->set_state(pb::REINDEX_STATE_RUNNING);
  if (progress->what == ReindexProgress::What::kDone) message->set_state(pb::REINDEX_STATE_DONE);
  if (progress->what == ReindexProgress::What::kLeftAlone) {
    message->set_state(pb::REINDEX_STATE_LEFT_ALONE);
  }
  if (message->state() != pb::REINDEX_STATE_RUNNING) present_.reset();
  return Found::Message();
}

}  // namespace drover::api
