#include "controller/api/rollout_service.h"

#include <algorithm>
#include <utility>

#include "controller/api/rollout_watch.h"
#include "controller/api/unary.h"

namespace drover::api {
namespace {

constexpr uint32_t kPageDefault = 50;
constexpr uint32_t kPageMax = 500;

StatusOr<rollout::PlanRequest> FromProto(const pb::CreatePlanRequest& request) {
  rollout::PlanRequest plan;
  plan.cluster = request.cluster();
  plan.to_version = request.to_version();
  plan.image = request.image();
  plan.adopt = request.adopt();
  plan.accept_downtime = request.accept_downtime();
  plan.members.assign(request.members().begin(), request.members().end());
  plan.follow_path = request.follow_path() && !plan.adopt;
  plan.accept_no_return = request.accept_no_return();
  plan.via.assign(request.via().begin(), request.via().end());
  if (request.kind() == pb::ROLLOUT_KIND_RESTART) {
    plan.kind = rollout::Kind::kRestart;
  } else if (request.kind() == pb::ROLLOUT_KIND_ROLLBACK) {
    return InvalidArgument(
        "a rollback is not planned by itself: it begins from the rollout that it undoes");
  } else if (request.kind() != pb::ROLLOUT_KIND_UPGRADE) {
    return InvalidArgument("the kind of rollout is missing: expected upgrade or restart");
  }
  if (request.strategy() == pb::STRATEGY_FULL) plan.strategy = rollout::Strategy::kFull;
  if (plan.cluster.empty()) return InvalidArgument("the cluster's name is missing");
  return plan;
}

// The answer of every call that steers a rollout: the rollout as it is then.
template <typename Response>
grpc::Status Answer(const Parts& parts, const StatusOr<rollout::Rollout>& rollout,
                    Response* response) {
  if (!rollout.ok()) return rpc::ToGrpc(rollout.status());
  ToProto(*rollout, parts.clock->Now(), response->mutable_rollout());
  return grpc::Status::OK;
}

template <typename Request, typename Response>
grpc::Status Ask(const Parts& parts, const Caller& caller, rollout::Request what,
                 const std::string& reason, const Request& question, Response* answer,
                 const std::string& skip = "") {
  const rollout::Asked asked{what, caller.name, reason, skip};
  return Answer(parts, parts.coordinator->Ask(question.id(), asked), answer);
}

// Tier 0: no volume was opened by the new image, so that an end of the rollout is the way back.
bool OnlyStops(const rollout::Rollout& rollout) {
  const bool active = !HasEnded(rollout.phase) && rollout.plan->ChangesImages();
  return active && !rollout.plan->undo &&
         std::none_of(rollout.members.begin(), rollout.members.end(),
                      [](const rollout::MemberState& m) { return m.new_image_ran; });
}

grpc::Status NotYet(const std::string& what) { return {grpc::StatusCode::UNIMPLEMENTED, what}; }

}  // namespace

grpc::ServerUnaryReactor* RolloutService::CreatePlan(grpc::CallbackServerContext* context,
                                                     const pb::CreatePlanRequest* request,
                                                     pb::CreatePlanResponse* response) {
  return Unary<pb::CreatePlanRequest, pb::CreatePlanResponse>(
      desk_, context, request, response, "RolloutService/CreatePlan",
      [this](const Caller& caller, const auto& question, auto* answer) {
        auto wanted = FromProto(question);
        if (!wanted.ok()) return rpc::ToGrpc(wanted.status());
        wanted->waivers = WaiversOf(question, caller.name);
        if (!wanted->waivers.empty()) {
          const Status may = Authorize(caller, "RolloutService/WaiveCheck");
          if (!may.ok()) return rpc::ToGrpc(may);
        }
        const auto plan = parts_.coordinator->CreatePlan(*wanted, caller.name);
        if (!plan.ok()) return rpc::ToGrpc(plan.status());
        ToProto(**plan, answer->mutable_plan());
        return grpc::Status(grpc::Status::OK);
      });
}

grpc::ServerUnaryReactor* RolloutService::GetPlan(grpc::CallbackServerContext* context,
                                                  const pb::GetPlanRequest* request,
                                                  pb::GetPlanResponse* response) {
  return Unary<pb::GetPlanRequest, pb::GetPlanResponse>(
      desk_, context, request, response, "RolloutService/GetPlan",
      [this](const Caller&, const auto& question, auto* answer) {
        const auto plan = parts_.coordinator->GetPlan(question.id());
        if (!plan.ok()) return rpc::ToGrpc(plan.status());
        ToProto(**plan, answer->mutable_plan());
        return grpc::Status(grpc::Status::OK);
      });
}

grpc::ServerUnaryReactor* RolloutService::StartRollout(grpc::CallbackServerContext* context,
                                                       const pb::StartRolloutRequest* request,
                                                       pb::StartRolloutResponse* response) {
  return Unary<pb::StartRolloutRequest, pb::StartRolloutResponse>(
      desk_, context, request, response, "RolloutService/StartRollout",
      [this](const Caller& caller, const auto& question, auto* answer) {
        const auto plan = parts_.coordinator->GetPlan(question.plan_id());
        if (!plan.ok()) return rpc::ToGrpc(plan.status());
        // Until the rollout is there for a reindex to see. A call that is sent again is no other.
        const auto hold = busy_.Take((*plan)->spec.name, "the start of a rollout", true);
        if (!hold.ok()) return ClusterBusy(hold.status());
        driver::Refusal refusal;
        const auto rollout = parts_.coordinator->Start(question.plan_id(), caller.name, &refusal);
        if (!rollout.ok()) return ToGrpc(rollout.status(), refusal);
        return Answer(parts_, rollout, answer);
      });
}

grpc::ServerUnaryReactor* RolloutService::GetRollout(grpc::CallbackServerContext* context,
                                                     const pb::GetRolloutRequest* request,
                                                     pb::GetRolloutResponse* response) {
  return Unary<pb::GetRolloutRequest, pb::GetRolloutResponse>(
      desk_, context, request, response, "RolloutService/GetRollout",
      [this](const Caller&, const auto& question, auto* answer) {
        return Answer(parts_, parts_.coordinator->Get(question.id()), answer);
      });
}

grpc::ServerUnaryReactor* RolloutService::ListRollouts(grpc::CallbackServerContext* context,
                                                       const pb::ListRolloutsRequest* request,
                                                       pb::ListRolloutsResponse* response) {
  return Unary<pb::ListRolloutsRequest, pb::ListRolloutsResponse>(
      desk_, context, request, response, "RolloutService/ListRollouts",
      [this](const Caller&, const auto& question, auto* answer) {
        const uint32_t size =
            question.page_size() == 0 ? kPageDefault : std::min(question.page_size(), kPageMax);
        const auto rollouts = parts_.coordinator->List(question.cluster(), size);
        if (!rollouts.ok()) return rpc::ToGrpc(rollouts.status());
        for (const auto& rollout : *rollouts) {
          ToProto(rollout, parts_.clock->Now(), answer->add_rollouts());
        }
        return grpc::Status(grpc::Status::OK);
      });
}

grpc::ServerWriteReactor<pb::WatchRolloutResponse>* RolloutService::WatchRollout(
    grpc::CallbackServerContext* context, const pb::WatchRolloutRequest* request) {
  return Streaming<pb::WatchRolloutRequest, pb::WatchRolloutResponse>(
      desk_, context, request, "RolloutService/WatchRollout",
      [this](const Caller&, const pb::WatchRolloutRequest& question, const auto& stream) {
        return MakeRolloutWatch(parts_, question.id(), question.since_sequence(), stream);
      });
}

grpc::ServerUnaryReactor* RolloutService::PauseRollout(grpc::CallbackServerContext* context,
                                                       const pb::PauseRolloutRequest* request,
                                                       pb::PauseRolloutResponse* response) {
  return Unary<pb::PauseRolloutRequest, pb::PauseRolloutResponse>(
      desk_, context, request, response, "RolloutService/PauseRollout",
      [this](const Caller& caller, const auto& question, auto* answer) {
        return Ask(parts_, caller, rollout::Request::kPause, "", question, answer);
      });
}

grpc::ServerUnaryReactor* RolloutService::ResumeRollout(grpc::CallbackServerContext* context,
                                                        const pb::ResumeRolloutRequest* request,
                                                        pb::ResumeRolloutResponse* response) {
  return Unary<pb::ResumeRolloutRequest, pb::ResumeRolloutResponse>(
      desk_, context, request, response, "RolloutService/ResumeRollout",
      [this](const Caller& caller, const auto& question, auto* answer) {
        return Ask(parts_, caller, rollout::Request::kResume, "", question, answer,
                   question.skip());
      });
}

grpc::ServerUnaryReactor* RolloutService::AbortRollout(grpc::CallbackServerContext* context,
                                                       const pb::AbortRolloutRequest* request,
                                                       pb::AbortRolloutResponse* response) {
  return Unary<pb::AbortRolloutRequest, pb::AbortRolloutResponse>(
      desk_, context, request, response, "RolloutService/AbortRollout",
      [this](const Caller& caller, const auto& question, auto* answer) {
        return Ask(parts_, caller, rollout::Request::kAbort, question.reason(), question, answer);
      });
}

grpc::ServerUnaryReactor* RolloutService::ApproveRollout(grpc::CallbackServerContext* context,
                                                         const pb::ApproveRolloutRequest* request,
                                                         pb::ApproveRolloutResponse* response) {
  return Unary<pb::ApproveRolloutRequest, pb::ApproveRolloutResponse>(
      desk_, context, request, response, "RolloutService/ApproveRollout",
      [this](const Caller& caller, const auto& question, auto* answer) {
        return Ask(parts_, caller, rollout::Request::kApprove, "", question, answer);
      });
}

grpc::ServerUnaryReactor* RolloutService::RollBackRollout(grpc::CallbackServerContext* context,
                                                          const pb::RollBackRolloutRequest* request,
                                                          pb::RollBackRolloutResponse* response) {
  return Unary<pb::RollBackRolloutRequest, pb::RollBackRolloutResponse>(
      desk_, context, request, response, "RolloutService/RollBackRollout",
      [this](const Caller& caller, const auto& question, auto* answer) {
        const auto undone = parts_.coordinator->Get(question.id());
        if (!undone.ok()) return rpc::ToGrpc(undone.status());
        ToProto(*undone, parts_.clock->Now(), answer->mutable_rollout());
        if (question.tier() == 0 && OnlyStops(*undone)) return grpc::Status(grpc::Status::OK);
        const auto plan = parts_.coordinator->PlanUndo(
            undone->id.str(), static_cast<int>(std::min(question.tier(), 9U)), caller.name);
        if (!plan.ok()) return rpc::ToGrpc(plan.status());
        ToProto(**plan, answer->mutable_plan());
        return grpc::Status(grpc::Status::OK);
      });
}

grpc::ServerUnaryReactor* RolloutService::WaiveCheck(grpc::CallbackServerContext* context,
                                                     const pb::WaiveCheckRequest* request,
                                                     pb::WaiveCheckResponse* response) {
  return Unary<pb::WaiveCheckRequest, pb::WaiveCheckResponse>(
      desk_, context, request, response, "RolloutService/WaiveCheck",
      [](const Caller&, const auto& question, auto*) {
        const std::string check = question.check_id().empty() ? "ID" : question.check_id();
        return NotYet(
            "a check is waived with the plan, so that what is waived is in it: drover "
            "plan NAME --to VERSION --waive " +
            check + " --reason TEXT");
      });
}

}  // namespace drover::api
