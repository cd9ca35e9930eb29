// plan, apply, upgrade: what is called, in which order, and how each refusal ends.
#include "common/base/files.h"
#include "tests/unit/cli/fake_control.h"

namespace drover::cli {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class PlanTest : public CliTest {
 protected:
  PlanTest() {
    plan_.set_id("7f3c9a1e");
    plan_.set_cluster("search-prod");
    plan_.set_kind(v1::ROLLOUT_KIND_UPGRADE);
    plan_.set_from_version("2.17.1");
    plan_.set_to_version("2.19.1");
    plan_.set_startable(true);
    rollouts_.create_plan = [this](const v1::CreatePlanRequest& request,
                                   v1::CreatePlanResponse& response) {
      created_ = request;
      *response.mutable_plan() = plan_;
      return grpc::Status::OK;
    };
    rollouts_.get_plan = [this](const v1::GetPlanRequest& request, v1::GetPlanResponse& response) {
      asked_ = request.id();
      *response.mutable_plan() = plan_;
      return grpc::Status::OK;
    };
    rollouts_.start = [this](const v1::StartRolloutRequest& request,
                             v1::StartRolloutResponse& response) {
      started_ = request.plan_id();
      response.mutable_rollout()->set_id(request.plan_id());
      return start_status_;
    };
    rollouts_.watch = [](grpc::ServerContext*, const v1::WatchRolloutRequest& request,
                         grpc::ServerWriter<v1::WatchRolloutResponse>* writer) {
      v1::WatchRolloutResponse message;
      message.mutable_rollout()->set_id(request.id());
      message.mutable_rollout()->set_state(v1::ROLLOUT_STATE_SUCCEEDED);
      writer->Write(message);
      return grpc::Status::OK;
    };
  }

  void Block() {
    v1::CheckResult& check = *plan_.add_checks();
    check.set_id("P6");
    check.set_title("No foreign allocation setting");
    check.set_verdict(v1::VERDICT_BLOCK);
    check.set_evidence("allocation.enable is none");
    check.set_remedy("clear it");
    plan_.set_startable(false);
  }

  v1::Plan plan_;
  v1::CreatePlanRequest created_;
  std::string asked_;
  std::string started_;
  grpc::Status start_status_;
};

TEST_F(PlanTest, UpgradeRunsToItsEnd) {
  const Result result = Run({"upgrade", "search-prod", "--to", "2.19.1", "--yes"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  EXPECT_EQ(created_.cluster(), "search-prod");
  EXPECT_EQ(created_.to_version(), "2.19.1");
  EXPECT_EQ(created_.strategy(), v1::STRATEGY_ROLLING);
  EXPECT_EQ(started_, "7f3c9a1e");
  EXPECT_TRUE(Has(result.out, "plan 7f3c9a1e"));
  EXPECT_TRUE(Has(result.err, "SUCCEEDED"));
}

TEST_F(PlanTest, RestartOfSomeMembers) {
  const Result result = Run({"restart", "search-prod", "--members", "os-1,os-2", "--yes"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  EXPECT_EQ(created_.kind(), v1::ROLLOUT_KIND_RESTART);
  EXPECT_EQ(created_.to_version(), "");
  EXPECT_FALSE(created_.accept_downtime());
  ASSERT_EQ(created_.members_size(), 2);
  EXPECT_EQ(created_.members(0), "os-1");
  EXPECT_EQ(created_.members(1), "os-2");
  EXPECT_EQ(started_, "7f3c9a1e");
}

TEST_F(PlanTest, DowntimeIsAcceptedByName) {
  for (const std::string command : {"restart", "upgrade"}) {
    std::vector<std::string> arguments = {command, "search-prod", "--accept-downtime", "--yes"};
    if (command == "upgrade") arguments.insert(arguments.end(), {"--to", "2.19.1"});
    EXPECT_EQ(Run(arguments).exit, Exit::kOk);
    EXPECT_TRUE(created_.accept_downtime());
  }
}

// A controller that plans the first of the hops that are left, as the real one.
class HopsTest : public PlanTest {
 protected:
  HopsTest() {
    rollouts_.create_plan = [this](const v1::CreatePlanRequest& request,
                                   v1::CreatePlanResponse& response) {
      created_ = request;
      const size_t hop = plans_++;
      v1::Plan plan = plan_;
      plan.set_id("plan" + std::to_string(hop));
      plan.set_from_version(hop == 0 ? "1.3.20" : "2.19.4");
      plan.set_to_version(hop == 0 ? "2.19.4" : "3.8.0");
      if (hop == 0) plan.set_final_version("3.8.0");
      for (size_t i = hop; i < 2; ++i) {
        v1::Hop* step = plan.add_hops();
        step->set_from_version(i == 0 ? "1.3.20" : "2.19.4");
        step->set_to_version(i == 0 ? "2.19.4" : "3.8.0");
      }
      *response.mutable_plan() = plan;
      return grpc::Status::OK;
    };
  }
  size_t plans_ = 0;
};

TEST_F(HopsTest, YesGoesThroughAllOfThem) {
  const Result result = Run({"upgrade", "search-prod", "--to", "3.8.0", "--yes"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  EXPECT_EQ(plans_, 2U);
  EXPECT_EQ(started_, "plan1");
  EXPECT_TRUE(created_.follow_path());
  EXPECT_TRUE(Has(result.out, "hop 2  2.19.4 → 3.8.0")) << result.out;
  EXPECT_TRUE(Has(result.err, "hop 1 of 2 is done: search-prod runs 2.19.4")) << result.err;
}

TEST_F(HopsTest, EachIsAskedFor) {
  env_.in_is_terminal = env_.err_is_terminal = true;
  in_.str("y\nn\n");
  const Result result = Run({"upgrade", "search-prod", "--to", "3.8.0", "--via", "2.19.4"});
  EXPECT_EQ(result.exit, Exit::kError);
  EXPECT_EQ(started_, "plan0");
  EXPECT_TRUE(Has(result.err, "search-prod 2.19.4 → 3.8.0 now? [y/N]")) << result.err;
  EXPECT_TRUE(Has(result.err, "drover upgrade search-prod --to 3.8.0 --via 2.19.4")) << result.err;
  ASSERT_EQ(created_.via_size(), 1);
}

TEST_F(HopsTest, OneThatDoesNotSucceedEndsTheWay) {
  rollouts_.watch = [](grpc::ServerContext*, const v1::WatchRolloutRequest& request,
                       grpc::ServerWriter<v1::WatchRolloutResponse>* writer) {
    v1::WatchRolloutResponse message;
    message.mutable_rollout()->set_id(request.id());
    message.mutable_rollout()->set_state(v1::ROLLOUT_STATE_PAUSED);
    writer->Write(message);
    return grpc::Status::OK;
  };
  const Result result = Run({"upgrade", "search-prod", "--to", "3.8.0", "--yes"});
  EXPECT_EQ(result.exit, Exit::kPaused);
  EXPECT_EQ(plans_, 1U);
  EXPECT_TRUE(Has(result.err, "the way has 2 hops")) << result.err;
}

TEST_F(HopsTest, DetachStartsTheFirstAndSaysHowToGoOn) {
  const Result result = Run({"upgrade", "search-prod", "--to", "3.8.0", "--yes", "--detach"});
  EXPECT_EQ(result.exit, Exit::kOk);
  EXPECT_EQ(plans_, 1U);
  EXPECT_TRUE(Has(result.err, "drover upgrade search-prod --to 3.8.0")) << result.err;
}

TEST_F(HopsTest, OneHopIsAskedForAsSuch) {
  Block();
  const Result result = Run({"upgrade", "search-prod", "--to", "3.8.0", "--one-hop", "--yes"});
  EXPECT_EQ(result.exit, Exit::kRefused);
  EXPECT_FALSE(created_.follow_path());
}

TEST_F(PlanTest, WithoutATerminalAndYesNothingIsCalled) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"upgrade", "search-prod", "--to", "2.19.1"},
                                             {"apply", "7f3c9a1e"},
                                             {"restart", "search-prod"}}) {
    const Result result = Run(arguments);
    EXPECT_EQ(result.exit, Exit::kError);
    EXPECT_TRUE(Has(result.err, "give --yes")) << result.err;
  }
  EXPECT_EQ(rollouts_.calls, 0);
}

TEST_F(PlanTest, TheAnswerDecides) {
  env_.in_is_terminal = env_.err_is_terminal = true;
  for (const std::string answer : {"n\n", "\n", "", "yep\n"}) {
    in_.clear();
    in_.str(answer);
    const Result result = Run({"upgrade", "search-prod", "--to", "2.19.1"});
    EXPECT_EQ(result.exit, Exit::kError);
    EXPECT_TRUE(Has(result.err, "now? [y/N]")) << result.err;
    EXPECT_TRUE(Has(result.err, "nothing was changed")) << result.err;
    EXPECT_FALSE(Has(result.out, "[y/N]"));
  }
  EXPECT_EQ(started_, "");
  in_.clear();
  in_.str("y\n");
  EXPECT_EQ(Run({"upgrade", "search-prod", "--to", "2.19.1"}).exit, Exit::kOk);
  EXPECT_EQ(started_, "7f3c9a1e");
}

TEST_F(PlanTest, ABlockingCheckIsExitTwoAndStartsNothing) {
  Block();
  for (const std::string command : {"plan", "upgrade"}) {
    std::vector<std::string> arguments = {command, "search-prod", "--to", "2.19.1"};
    if (command == "upgrade") arguments.emplace_back("--yes");
    const Result result = Run(arguments);
    EXPECT_EQ(result.exit, Exit::kRefused);
    EXPECT_TRUE(Has(result.out, "allocation.enable is none"));
    EXPECT_TRUE(Has(result.out, "remedy: clear it"));
  }
  EXPECT_EQ(started_, "");
}

TEST_F(PlanTest, WaiversGoWithTheirReason) {
  const Result result = Run({"plan", "search-prod", "--to", "2.19.1", "--waive", "P16", "--waive",
                             "P20", "--reason", "logs can wait"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  ASSERT_EQ(created_.waive_size(), 2);
  EXPECT_EQ(created_.waive(1), "P20");
  EXPECT_EQ(created_.waive_reason(), "logs can wait");
}

TEST_F(PlanTest, AWaiverWithoutAReasonIsNotSent) {
  const Result result =
      Run({"upgrade", "search-prod", "--to", "2.19.1", "--yes", "--waive", "P16"});
  EXPECT_EQ(result.exit, Exit::kError);
  EXPECT_TRUE(Has(result.err, "--reason")) << result.err;
  EXPECT_EQ(rollouts_.calls, 0);
}

TEST_F(PlanTest, AWaivedCheckIsShownWithWhoAndWhy) {
  v1::CheckResult& check = *plan_.add_checks();
  check.set_id("P16");
  check.set_title("every index has a replica");
  check.set_verdict(v1::VERDICT_WAIVED);
  check.set_evidence("index logs has no replica");
  check.set_waived_by("alice");
  check.set_waived_reason("logs can wait");
  const Result result = Run({"plan", "search-prod", "--to", "2.19.1"});
  EXPECT_EQ(result.exit, Exit::kOk);
  EXPECT_TRUE(Has(result.out, "waived by alice: logs can wait")) << result.out;
}

TEST_F(PlanTest, ARolloutThatACheckRefusedLaterIsExitTwo) {
  rollouts_.watch = [](grpc::ServerContext*, const v1::WatchRolloutRequest& request,
                       grpc::ServerWriter<v1::WatchRolloutResponse>* writer) {
    v1::WatchRolloutResponse message;
    message.mutable_rollout()->set_id(request.id());
    message.mutable_rollout()->set_state(v1::ROLLOUT_STATE_FAILED);
    message.mutable_rollout()->set_refusal(v1::ERROR_REASON_REFUSED_BY_CHECK);
    writer->Write(message);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"upgrade", "search-prod", "--to", "2.19.1", "--yes"}).exit, Exit::kRefused);
}

TEST_F(PlanTest, AStalePlanIsExitThreeWithItsChanges) {
  v1::ErrorDetail detail;
  detail.set_reason(v1::ERROR_REASON_PLAN_STALE);
  detail.add_changes("h2: compose.yaml was edited");
  start_status_ = WithDetail(grpc::StatusCode::FAILED_PRECONDITION, "the plan is stale", detail);
  const Result result = Run({"apply", "7f3c9a1e", "--yes"});
  EXPECT_EQ(result.exit, Exit::kStale);
  EXPECT_TRUE(Has(result.err, "error: the plan is stale")) << result.err;
  EXPECT_TRUE(Has(result.err, "- h2: compose.yaml was edited")) << result.err;
}

TEST_F(PlanTest, EachReasonHasItsExitCode) {
  const std::vector<std::pair<v1::ErrorReason, Exit>> wanted = {
      {v1::ERROR_REASON_REFUSED_BY_CHECK, Exit::kRefused},
      {v1::ERROR_REASON_REFUSED_BY_POLICY, Exit::kRefused},
      {v1::ERROR_REASON_CLUSTER_BUSY, Exit::kRefused},
      {v1::ERROR_REASON_HOSTS_UNREACHABLE, Exit::kHostsUnreachable},
      {v1::ERROR_REASON_UNSPECIFIED, Exit::kError}};
  for (const auto& [reason, exit] : wanted) {
    v1::ErrorDetail detail;
    detail.set_reason(reason);
    detail.add_hosts("h2");
    start_status_ = WithDetail(grpc::StatusCode::FAILED_PRECONDITION, "no", detail);
    const Result result = Run({"apply", "7f3c9a1e", "--yes"});
    EXPECT_EQ(result.exit, exit) << v1::ErrorReason_Name(reason);
    EXPECT_TRUE(Has(result.err, "hosts not reachable: h2"));
  }
}

TEST_F(PlanTest, AStartWithoutAnAnswerMayHaveBegun) {
  start_status_ = grpc::Status(grpc::StatusCode::UNAVAILABLE, "restarting");
  const Result result = Run({"apply", "7f3c9a1e", "--yes"});
  EXPECT_EQ(result.exit, Exit::kError);
  EXPECT_TRUE(Has(result.err, "drover rollout show 7f3c9a1e")) << result.err;
}

TEST_F(PlanTest, PlanFilesCanBeApplied) {
  const std::string file = Path("plan.json");
  const Result made = Run({"plan", "search-prod", "--to", "2.19.1", "-o", file});
  EXPECT_EQ(made.exit, Exit::kOk) << made.err;
  EXPECT_TRUE(Has(made.err, "drover apply " + file));
  EXPECT_EQ(started_, "");
  EXPECT_EQ(Run({"apply", file, "--yes"}).exit, Exit::kOk);
  EXPECT_EQ(asked_, "7f3c9a1e");
  EXPECT_EQ(started_, "7f3c9a1e");
}

TEST_F(PlanTest, WhatIsNoPlanIsRefusedBeforeAnyCall) {
  const std::string file = Path("plan.json");
  ASSERT_TRUE(WriteFileAtomically(file, "{\"cluster\": \"x\"}").ok());
  EXPECT_TRUE(Has(Run({"apply", file, "--yes"}).err, "it has no id"));
  ASSERT_TRUE(WriteFileAtomically(file, "not json").ok());
  EXPECT_TRUE(Has(Run({"apply", file, "--yes"}).err, "is not a Plan as JSON"));
  EXPECT_TRUE(Has(Run({"apply", "none.json", "--yes"}).err, "neither a file nor the id"));
  EXPECT_EQ(rollouts_.calls, 0);
}

TEST_F(PlanTest, DetachStartsAndReturns) {
  const Result result = Run({"upgrade", "search-prod", "--to", "2.19.1", "--yes", "--detach"});
  EXPECT_EQ(result.exit, Exit::kOk);
  EXPECT_TRUE(Has(result.out, "rollout 7f3c9a1e started"));
  EXPECT_TRUE(Has(result.err, "drover rollout watch 7f3c9a1e"));
}

TEST_F(PlanTest, MinusOOfPlanIsAFileAndNoFormat) {
  EXPECT_TRUE(Has(Run({"plan", "x", "--to", "2", "-o", "json"}).err, "--output json"));
  EXPECT_EQ(rollouts_.calls, 0);
  const Result json = Run({"plan", "x", "--to", "2", "--output", "json"});
  EXPECT_EQ(json.exit, Exit::kOk);
  EXPECT_TRUE(Has(json.out, "\"id\": \"7f3c9a1e\""));
}

TEST_F(PlanTest, JsonOfAnUpgradeIsTheRolloutAlone) {
  const Result result = Run({"upgrade", "search-prod", "--to", "2.19.1", "--yes", "-o", "json"});
  EXPECT_EQ(result.exit, Exit::kOk);
  EXPECT_TRUE(Has(result.out, "ROLLOUT_STATE_SUCCEEDED"));
  EXPECT_EQ(result.out.front(), '{');
  EXPECT_TRUE(Has(result.err, "plan 7f3c9a1e"));
}

}  // namespace
}  // namespace drover::cli
