// Steps of rehearsals, asked of agents.
#include <utility>

#include "controller/fleet/convert.h"
#include "controller/fleet/gateway.h"

namespace drover::fleet {
namespace {

namespace pb = drover::agent::v1;

// The Engine makes, starts and removes containers meanwhile.
constexpr Millis kStepTimeout{90'000};
// What a call's answer takes beside the call itself.
constexpr Millis kCallMargin{10'000};

pb::Rehearse StepOf(const std::string& id) {
  pb::Rehearse step;
  step.set_rehearsal_id(id);
  return step;
}

RehearsalView FromProto(const pb::Rehearsal& rehearsal, const std::string& host) {
  RehearsalView view;
  switch (rehearsal.state()) {
    case pb::REHEARSAL_STATE_RUNNING:
      view.state = RehearsalView::State::kRunning;
      break;
    case pb::REHEARSAL_STATE_ENDED:
      view.state = RehearsalView::State::kEnded;
      break;
    default:
      view.state = RehearsalView::State::kPreparing;
  }
  view.progress = rehearsal.progress();
  view.container = rehearsal.container_name();
  view.exit_code = rehearsal.exit_code();
  view.oom_killed = rehearsal.oom_killed();
  view.log.assign(rehearsal.log().begin(), rehearsal.log().end());
  if (rehearsal.has_error()) view.error = ErrorOf(rehearsal.error(), host);
  return view;
}

}  // namespace

void Gateway::AskRehearsal(const std::string& host, pb::Rehearse step, Looked done) {
  pb::Query query;
  *query.mutable_rehearse() = std::move(step);
  Ask(host, std::move(query), kStepTimeout,
      [host, done = std::move(done)](StatusOr<pb::QueryResult> result) {
        if (!result.ok()) return done(result.status());
        if (!result->rehearsed().has_rehearsal()) {
          return done(Internal("host " + host + ": its agent answered without a rehearsal"));
        }
        done(FromProto(result->rehearsed().rehearsal(), host));
      });
}

void Gateway::StartRehearsal(const std::string& host, const std::string& id,
                             const RehearsalOrder& order, Looked done) {
  pb::Rehearse step = StepOf(id);
  pb::StartRehearsal& start = *step.mutable_start();
  start.set_project(order.project);
  start.set_service(order.service);
  start.set_image(order.image);
  start.mutable_environment()->insert(order.environment.begin(), order.environment.end());
  for (const std::string& name : order.inherited_environment) start.add_inherited_environment(name);
  for (const std::string& path : order.left_out_mounts) start.add_left_out_mounts(path);
  start.set_memory_bytes(order.memory_bytes);
  start.set_port(static_cast<uint32_t>(order.port));
  *start.mutable_lease() = ToProto(order.lease);
  AskRehearsal(host, std::move(step), std::move(done));
}

void Gateway::LookAtRehearsal(const std::string& host, const std::string& id, Looked done) {
  pb::Rehearse step = StepOf(id);
  step.mutable_look();
  AskRehearsal(host, std::move(step), std::move(done));
}

void Gateway::EndRehearsal(const std::string& host, const std::string& id, bool keep, Looked done) {
  pb::Rehearse step = StepOf(id);
  step.mutable_end()->set_keep(keep);
  AskRehearsal(host, std::move(step), std::move(done));
}

void Gateway::CallRehearsal(const std::string& host, const std::string& id, const NodeCall& call,
                            std::function<void(StatusOr<NodeAnswer>)> done) {
  pb::Query query;
  *query.mutable_rehearse() = StepOf(id);
  pb::CallRehearsal& out = *query.mutable_rehearse()->mutable_call();
  out.set_method(call.method);
  out.set_path(call.path);
  out.set_body(call.body);
  *out.mutable_timeout() = ToProto(call.timeout);
  Ask(host, std::move(query), call.timeout + kCallMargin,
      [host, done = std::move(done)](StatusOr<pb::QueryResult> result) {
        if (!result.ok()) return done(result.status());
        if (!result->rehearsed().has_answer()) {
          return done(Internal("host " + host + ": its agent answered without an answer"));
        }
        const pb::RehearsalAnswer& answer = result->rehearsed().answer();
        done(NodeAnswer{static_cast<int>(answer.status()), answer.body()});
      });
}

}  // namespace drover::fleet
