#include "controller/api/rehearsal_run.h"

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "common/rpc/channel.h"
#include "controller/api/convert.h"

namespace drover::api {
namespace {

using fleet::RehearsalView;

// Longer than any one call to the node takes.
// Longer than the longest call of a rehearsal; what a controller leaves that died in the middle is
// gone after it.
constexpr Millis kLease{90'000};
constexpr int kHttpPort = 9200;
constexpr size_t kLogLines = 12;

fleet::RehearsalOrder OrderOf(const rollout::RehearsalPlan& plan) {
  return {.project = plan.project,
          .service = plan.service,
          .image = plan.image,
          .environment = plan.environment,
          .inherited_environment = plan.inherited_environment,
          .left_out_mounts = plan.left_out_mounts,
          .memory_bytes = plan.memory_bytes,
          .port = kHttpPort,
          .lease = kLease};
}

std::string Number(size_t count) {
  return std::to_string(count) + (count == 1 ? " index" : " indexes");
}

void Describe(const rollout::RehearsalPlan& plan, const std::string& container,
              pb::RehearsalPlace* place) {
  place->set_host(plan.host);
  place->set_container(container);
  place->set_image(plan.image);
  place->set_version(plan.version);
  place->set_snapshot(plan.snapshot.name);
  place->set_snapshot_version(plan.snapshot.version);
  place->set_indices(static_cast<uint32_t>(plan.indices.size()));
  for (const rollout::LeftIndex& left : plan.left_alone) {
    pb::LeftIndex* out = place->add_left_alone();
    out->set_name(left.name);
    out->set_reason(left.reason);
  }
}

bool IsPassing(const Status& status) {
  return status.code() == StatusCode::kUnavailable ||
         status.code() == StatusCode::kDeadlineExceeded;
}

}  // namespace

grpc::Status RehearsalRefusal(const Status& status, const std::string& host) {
  driver::Refusal refusal;
  if (status.code() == StatusCode::kPermissionDenied) {
    refusal.reason = driver::RefusalReason::kPolicy;
  } else if (IsPassing(status)) {
    refusal.reason = driver::RefusalReason::kHostsUnreachable;
    if (!host.empty()) refusal.hosts = {host};
  } else if (status.code() == StatusCode::kFailedPrecondition) {
    refusal.reason = driver::RefusalReason::kCheck;
  }
  return ToGrpc(status, refusal);
}

RehearsalRun::RehearsalRun(std::shared_ptr<RehearsalHost> host,
                           std::shared_ptr<opensearch::RehearsalNode> node, Order order,
                           std::unique_ptr<BusyClusters::Hold> hold, const RehearsalLimits& limits,
                           Later later)
    : host_(std::move(host)),
      node_(std::move(node)),
      order_(std::move(order)),
      hold_(std::move(hold)),
      limits_(limits),
      later_(std::move(later)) {}

Found RehearsalRun::Wait() {
  next_look_ = Ticks::now() + limits_.poll;
  if (later_(limits_.poll)) return Found::Nothing();
  return Found::End({grpc::StatusCode::UNAVAILABLE,
                     "the controller is stopping: the rehearsal is ended and its node removed"});
}

Found RehearsalRun::Find(pb::RehearseResponse* message) {
  if (Ticks::now() < next_look_) {
    const auto left = std::chrono::ceil<Millis>(next_look_ - Ticks::now());
    return later_(std::max(left, Millis(1))) ? Found::Nothing() : Wait();
  }
  const Found found = Do(message);
  if (found.what == Found::What::kMessage) away_since_.reset();
  return found;
}

Found RehearsalRun::Do(pb::RehearseResponse* message) {
  switch (step_) {
    case Step::kBegin:
      return Begin(message);
    case Step::kPrepare:
      return Prepare(message);
    case Step::kBoot:
      return Boot(message);
    case Step::kRepository:
      return Repository(message);
    case Step::kGlobalState:
      return GlobalState(message);
    case Step::kRestore:
      return Restore(message);
    case Step::kWatch:
      return Watch(message);
    case Step::kRemove:
      return Remove(message);
    case Step::kEnd:
      break;
  }
  return Found::End(failure_.ok() ? grpc::Status::OK
                                  : RehearsalRefusal(failure_, order_.plan.host));
}

Found RehearsalRun::GiveUp(const Status& status, pb::RehearseResponse* message) {
  failure_ = status;
  step_ = Step::kRemove;
  return Do(message);
}

void RehearsalRun::Note(const std::string& subject, const std::string& text,
                        const std::string& remedy, pb::RehearseResponse* message) {
  pb::RehearsalFinding* finding = message->add_findings();
  finding->set_subject(subject);
  finding->set_text(text);
  finding->set_remedy(remedy);
}

Found RehearsalRun::Fail(const std::string& subject, const std::string& text,
                         pb::RehearseResponse* message) {
  Note(subject, text, "", message);
  message->mutable_findings()->rbegin()->set_fails(true);
  message->set_text(subject + ": " + text);
  passed_ = false;
  step_ = Step::kRemove;
  return Found::Message();
}

Found RehearsalRun::NodeEnded(const RehearsalView& view, pb::RehearseResponse* message) {
  std::string text = view.oom_killed ? "it was killed for lack of memory"
                                     : "it ended with exit code " + std::to_string(view.exit_code);
  const size_t first = view.log.size() > kLogLines ? view.log.size() - kLogLines : 0;
  for (size_t i = first; i < view.log.size(); ++i) text += "\n" + view.log[i];
  return Fail("node", text, message);
}

Found RehearsalRun::Trouble(const Status& status, pb::RehearseResponse* message) {
  const StatusOr<RehearsalView> view = host_->Look();
  if (view.ok() && view->state == RehearsalView::State::kEnded) return NodeEnded(*view, message);
  const Status& worst = view.ok() ? status : view.status();
  if (IsPassing(worst)) {
    if (!away_since_) away_since_ = Ticks::now();
    if (Ticks::now() - *away_since_ < limits_.away) return Wait();
  }
  if (view.ok()) return Fail("node", Message(status), message);
  return GiveUp(worst, message);
}

Found RehearsalRun::Begin(pb::RehearseResponse* message) {
  // It may have begun although the answer was lost.
  begun_ = true;
  const StatusOr<RehearsalView> view = host_->Start(OrderOf(order_.plan));
  if (!view.ok()) return GiveUp(view.status(), message);
  Describe(order_.plan, view->container, message->mutable_place());
  message->set_text("makes a node of " + order_.plan.version + " on " + order_.plan.host +
                    " after " + order_.plan.project + "/" + order_.plan.service + ", for " +
                    Number(order_.plan.indices.size()) + " of snapshot " +
                    order_.plan.snapshot.name);
  step_ = Step::kPrepare;
  return Found::Message();
}

Found RehearsalRun::Prepare(pb::RehearseResponse* message) {
  const StatusOr<RehearsalView> view = host_->Look();
  if (!view.ok()) return Trouble(view.status(), message);
  // An image that is not there is a refusal, and no lost rehearsal.
  const bool missing = view->error.code() == StatusCode::kNotFound;
  if (missing) return GiveUp(FailedPrecondition(Message(view->error)), message);
  if (!view->error.ok()) return GiveUp(view->error, message);
  if (view->state == RehearsalView::State::kEnded) return NodeEnded(*view, message);
  if (view->state == RehearsalView::State::kRunning) {
    step_ = Step::kBoot;
    since_ = Ticks::now();
    message->set_text("the container runs; waits until its node answers");
    return Found::Message();
  }
  if (view->progress == last_text_) return Wait();
  last_text_ = view->progress;
  next_look_ = Ticks::now() + limits_.poll;
  message->set_text(view->progress);
  return Found::Message();
}

Found RehearsalRun::Boot(pb::RehearseResponse* message) {
  const StatusOr<RehearsalView> view = host_->Look();
  if (!view.ok()) return Trouble(view.status(), message);
  if (view->state == RehearsalView::State::kEnded) return NodeEnded(*view, message);
  const StatusOr<std::string> version = node_->Version();
  if (version.ok()) {
    if (*version != order_.plan.version) {
      return Fail("node",
                  "it reports version " + *version + ", not " + order_.plan.version +
                      ": is the image " + order_.plan.image + " right?",
                  message);
    }
    step_ = Step::kRepository;
    message->set_text("the node of " + *version + " is up");
    return Found::Message();
  }
  if (Ticks::now() - since_ < limits_.boot) return Wait();
  return Fail("node",
              "no answer within " + FormatDuration(limits_.boot) + ": " + Message(version.status()),
              message);
}

Found RehearsalRun::Repository(pb::RehearseResponse* message) {
  const std::string& name = order_.plan.repository.name;
  if (const Status status = node_->RegisterReadOnly(order_.plan.repository); !status.ok()) {
    if (IsPassing(status)) return Trouble(status, message);
    return Fail("repository", Message(status), message);
  }
  const StatusOr<rollout::SnapshotView> seen = node_->FindSnapshot(name, order_.plan.snapshot.name);
  if (!seen.ok() && IsPassing(seen.status())) return Trouble(seen.status(), message);
  if (!seen.ok()) return Fail("repository", Message(seen.status()), message);
  if (seen->state.empty()) {
    return Fail("repository",
                "as the node on " + order_.plan.host + " sees it, " + name + " has no snapshot " +
                    order_.plan.snapshot.name + ": is it shared with that host?",
                message);
  }
  step_ = Step::kGlobalState;
  message->set_text("repository " + name + " is registered there, read-only");
  return Found::Message();
}

Found RehearsalRun::GlobalState(pb::RehearseResponse* message) {
  step_ = Step::kRestore;
  const auto archived =
      node_->RestoreGlobalState(order_.plan.repository.name, order_.plan.snapshot.name);
  if (!archived.ok()) {
    const std::string text = Message(archived.status());
    if (IsPassing(archived.status())) return Trouble(archived.status(), message);
    Note("global state", text, "", message);
    const bool fails = text.find("without global state") == std::string::npos;
    message->mutable_findings()->rbegin()->set_fails(fails);
    passed_ = passed_ && !fails;
    message->set_text("global state: " + text);
    return Found::Message();
  }
  for (const std::string& setting : *archived) {
    Note("setting " + setting, order_.plan.version + " does not know it, and archives it",
         "take it away before the upgrade: PUT _cluster/settings {\"persistent\":{\"" + setting +
             "\":null}}",
         message);
  }
  message->set_text("the cluster's settings and templates were read");
  return Found::Message();
}

Found RehearsalRun::Restore(pb::RehearseResponse* message) {
  if (next_ == order_.plan.indices.size()) {
    step_ = Step::kRemove;
    return Do(message);
  }
  const Status begun =
      node_->BeginRestore(order_.plan.repository.name, order_.plan.snapshot.name, index().name);
  if (!begun.ok() && !IsPassing(begun)) return Report({}, Message(begun), message);
  // Where the answer was lost, a look says whether it goes on.
  step_ = Step::kWatch;
  last_ = {};
  since_ = Ticks::now();
  return Do(message);
}

Found RehearsalRun::Watch(pb::RehearseResponse* message) {
  const StatusOr<opensearch::RestoreProgress> seen = node_->LookAtRestore(index().name);
  if (!seen.ok()) return Trouble(seen.status(), message);
  if (!seen->failures.empty()) return Report({}, seen->failures.front(), message);
  if (seen->Ended()) {
    const auto served = node_->LookAtIndex(index().name);
    if (!served.ok() && IsPassing(served.status())) return Trouble(served.status(), message);
    if (!served.ok()) return Report({}, Message(served.status()), message);
    std::string text = served->search_failure;
    if (text.empty() && served->health != "green") text = "its health is " + served->health;
    return Report(*served, text, message);
  }
  const bool moved = seen->shards_done != last_.shards_done || seen->bytes_done != last_.bytes_done;
  if (moved) since_ = Ticks::now();
  last_ = *seen;
  if (Ticks::now() - since_ < limits_.stall) return Wait();
  return Report({}, "nothing of it moved for " + FormatDuration(limits_.stall), message);
}

Found RehearsalRun::Report(const opensearch::ServedIndex& served, const std::string& text,
                           pb::RehearseResponse* message) {
  const rollout::RehearsedIndex& present = index();
  pb::RehearsedIndex* out = message->add_indexes();
  out->set_name(present.name);
  out->set_created_version(present.created_version);
  out->set_health(served.health);
  out->set_documents(served.documents);
  out->set_text(text);
  if (present.documents) out->set_live_documents(*present.documents);
  out->set_verdict(text.empty() ? pb::REHEARSAL_VERDICT_PASSED : pb::REHEARSAL_VERDICT_FAILED);
  if (!text.empty()) out->set_remedy(rollout::RehearsalRemedy(order_.plan, present));
  for (const std::string& setting : served.archived) {
    Note("index " + present.name,
         order_.plan.version + " does not know its setting " + setting + ", and archives it", "",
         message);
  }
  if (text.empty() && present.documents && *present.documents != served.documents) {
    Note("index " + present.name,
         "the snapshot has " + std::to_string(served.documents) +
             " documents of it and the cluster " + std::to_string(*present.documents) +
             ": it was written to since",
         "", message);
  }
  passed_ = passed_ && text.empty();
  message->set_text(text.empty() ? "index " + present.name + " came up"
                                 : "index " + present.name + " did not come up");
  step_ = Step::kRestore;
  ++next_;
  return Found::Message();
}

Found RehearsalRun::Remove(pb::RehearseResponse* message) {
  step_ = Step::kEnd;
  const bool keep = order_.keep && failure_.ok();
  const Status ended = host_->End(keep);
  begun_ = false;
  if (!ended.ok()) {
    Note("node", Message(ended),
         "its host removes it by itself once nobody has asked for it for " + FormatDuration(kLease),
         message);
  }
  if (!failure_.ok()) return Do(message);
  message->set_verdict(passed_ ? pb::REHEARSAL_VERDICT_PASSED : pb::REHEARSAL_VERDICT_FAILED);
  message->set_text(!ended.ok() ? "the node could not be removed"
                    : keep      ? "the node is kept"
                                : "the node is removed, with all that it wrote");
  if (order_.ended) order_.ended(passed_);
  return Found::Message();
}

void RehearsalRun::Close() {
  if (begun_) {
    if (const Status status = host_->End(false); !status.ok()) LogWarning("api", Message(status));
  }
  hold_.reset();
}

}  // namespace drover::api
