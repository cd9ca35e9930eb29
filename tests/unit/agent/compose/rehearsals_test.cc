// A rehearsal's container on its host: made, asked, removed in every ending.
#include "agent/compose/rehearsals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "agent/compose/outcome.h"
#include "agent/compose/wire_time.h"
#include "tests/unit/agent/compose/fake_engine.h"
#include "tests/unit/agent/compose/temp_folder.h"

namespace drover::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr char kImage[] = "r:5000/os:3.8.0";

class RehearsalsTest : public testing::Test {
 protected:
  RehearsalsTest() {
    Allow("verbs: [Rehearse]");
    member_.id = "c1";
    member_.user = "1000:1000";
    member_.network_mode = "lab_default";
    member_.environment = {"node.name=os-1", "AWS_ACCESS_KEY_ID=key", "PASSWORD=x"};
    member_.mounts = {{"volume", "lab_data", "/v", "/usr/share/opensearch/data"},
                      {"bind", "", "/srv/snap", "/snap"},
                      {"tmpfs", "", "", "/tmp"}};
    member_.ulimits = {{"nofile", 65536, 65536}};
    Begin();
  }

  void Allow(const std::string& verbs) {
    folder_.Write("policy.yaml", "images: ['r:5000/*']\n" + verbs + "\n");
  }

  void Begin() {
    Rehearsals::Parts parts;
    parts.engine = &engine_;
    parts.policy = &policy_;
    parts.member = [this](const auto&, const auto&) { return member_; };
    parts.pull = [this](const auto&, const auto&, const StopRequest& stop) {
      if (pull_hangs_) {
        while (!stop.canceled) std::this_thread::yield();
        return Aborted("canceled");
      }
      return pull_result_;
    };
    parts.call = [this](const ContainerCall& call, const CallLimits&, size_t) {
      calls_.push_back(call.method + " " + call.address + ":" + std::to_string(call.port) +
                       call.target + " " + call.json);
      return StatusOr<HttpAnswer>(HttpAnswer{201, "{}"});
    };
    parts.now = [this] { return now_; };
    rehearsals_ = std::make_unique<Rehearsals>(std::move(parts));
  }

  v1::Rehearse Step(const std::string& id = "ab12") {
    v1::Rehearse step;
    step.set_rehearsal_id(id);
    return step;
  }
  v1::Rehearse StartStep(const std::string& id = "ab12") {
    v1::Rehearse step = Step(id);
    v1::StartRehearsal& start = *step.mutable_start();
    start.set_project("lab");
    start.set_service("os1");
    start.set_image(kImage);
    (*start.mutable_environment())["discovery.type"] = "single-node";
    start.add_inherited_environment("AWS_*");
    start.add_left_out_mounts("/usr/share/opensearch/data");
    start.set_memory_bytes(1 << 30);
    start.set_port(9200);
    *start.mutable_lease() = WireSpan(Millis(60'000));
    return step;
  }
  StatusOr<v1::Rehearsed> Look(const std::string& id = "ab12") {
    v1::Rehearse step = Step(id);
    step.mutable_look();
    return rehearsals_->Answer(step);
  }
  StatusOr<v1::Rehearsed> CallIt(const std::string& path, const std::string& id = "ab12") {
    v1::Rehearse step = Step(id);
    step.mutable_call()->set_method("GET");
    step.mutable_call()->set_path(path);
    *step.mutable_call()->mutable_timeout() = WireSpan(Millis(1'000));
    return rehearsals_->Answer(step);
  }
  Status End(bool keep = false) {
    v1::Rehearse step = Step();
    step.mutable_end()->set_keep(keep);
    return rehearsals_->Answer(step).status();
  }
  // Looks until the container is prepared; its state then.
  v1::Rehearsal Prepared() {
    for (;;) {
      const auto seen = Look();
      if (!seen.ok()) {
        ADD_FAILURE() << seen.status();
        return {};
      }
      if (seen->rehearsal().state() != v1::REHEARSAL_STATE_PREPARING) return seen->rehearsal();
      std::this_thread::yield();
    }
  }
  void Run() {
    const auto started = rehearsals_->Answer(StartStep());
    ASSERT_TRUE(started.ok()) << started.status();
    ASSERT_EQ(Prepared().state(), v1::REHEARSAL_STATE_RUNNING);
  }

  TempFolder folder_;
  FakeEngine engine_;
  PolicyFile policy_{folder_.At("policy.yaml"), geteuid()};
  ContainerDetail member_;
  SteadyTime now_ = std::chrono::steady_clock::now();
  std::atomic<bool> pull_hangs_{false};
  Status pull_result_;
  std::vector<std::string> calls_;
  std::unique_ptr<Rehearsals> rehearsals_;
};

TEST_F(RehearsalsTest, IsMadeAfterTheMemberWithoutItsDataAndReadOnly) {
  Run();
  ASSERT_EQ(engine_.made.size(), 1U);
  const NewContainer& made = engine_.made[0];
  EXPECT_EQ(made.name, "drover-rehearsal-ab12");
  EXPECT_EQ(made.image, kImage);
  EXPECT_EQ(made.user, "1000:1000");
  EXPECT_EQ(made.network, "lab_default");
  EXPECT_EQ(made.memory_bytes, 1U << 30);
  EXPECT_THAT(made.environment,
              UnorderedElementsAre("discovery.type=single-node", "AWS_ACCESS_KEY_ID=key"));
  EXPECT_EQ(made.labels.at(kRehearsalLabel), "ab12");
  ASSERT_EQ(made.mounts.size(), 1U);
  EXPECT_EQ(made.mounts[0].destination, "/snap");
  ASSERT_EQ(made.ulimits.size(), 1U);
}

TEST_F(RehearsalsTest, StaysOutOfTheHostsOwnNetwork) {
  member_.network_mode = "host";
  EXPECT_EQ(MadeAfter(member_, "ab12", StartStep().start()).network, "bridge");
}

TEST_F(RehearsalsTest, NothingBeginsThatThePolicyDoesNotAllow) {
  Allow("verbs: [UpService]");
  const auto verb = rehearsals_->Answer(StartStep());
  EXPECT_EQ(verb.status().code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(Message(verb.status()), HasSubstr("Rehearse"));
  Allow("verbs: all");
  v1::Rehearse other = StartStep();
  other.mutable_start()->set_image("docker.io/library/alpine:3");
  EXPECT_EQ(rehearsals_->Answer(other).status().code(), StatusCode::kPermissionDenied);
  v1::Rehearse odd = StartStep();
  (*odd.mutable_start()->mutable_environment())["A B"] = "c";
  EXPECT_EQ(rehearsals_->Answer(odd).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(rehearsals_->Answer(StartStep("../x")).status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(engine_.made, IsEmpty());
}

TEST_F(RehearsalsTest, ForwardsRequestsToItsOwnContainerAlone) {
  Run();
  const auto answer = CallIt("/_cluster/health?x=1");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->answer().status(), 201U);
  EXPECT_THAT(calls_, ElementsAre("GET 10.0.0.7:9200/_cluster/health?x=1 "));
  EXPECT_EQ(ToOperationError(CallIt("/", "other").status()).code(),
            v1::OPERATION_ERROR_CODE_UNKNOWN_SERVICE);
  EXPECT_FALSE(CallIt("/ HTTP/1.1\r\nHost: x").ok());
  // Its address belongs to another container now.
  engine_.containers.back().labels.clear();
  EXPECT_EQ(ToOperationError(CallIt("/").status()).code(),
            v1::OPERATION_ERROR_CODE_UNKNOWN_SERVICE);
  EXPECT_EQ(calls_.size(), 1U);
}

TEST_F(RehearsalsTest, AtItsEndNothingIsLeft) {
  Run();
  EXPECT_TRUE(End().ok());
  EXPECT_THAT(engine_.containers, IsEmpty());
  EXPECT_FALSE(Look().ok());
  EXPECT_TRUE(End().ok()) << "sent again it is no error";
}

TEST_F(RehearsalsTest, APullIsBrokenOff) {
  pull_hangs_ = true;
  ASSERT_TRUE(rehearsals_->Answer(StartStep()).ok());
  EXPECT_EQ(Look()->rehearsal().state(), v1::REHEARSAL_STATE_PREPARING);
  EXPECT_TRUE(End().ok());
  EXPECT_THAT(engine_.made, IsEmpty());
}

TEST_F(RehearsalsTest, AnImageThatIsMissingIsSaid) {
  pull_result_ = VerbError(v1::OPERATION_ERROR_CODE_IMAGE_NOT_FOUND, "there is no such image");
  ASSERT_TRUE(rehearsals_->Answer(StartStep()).ok());
  const v1::Rehearsal seen = Prepared();
  EXPECT_EQ(seen.state(), v1::REHEARSAL_STATE_ENDED);
  EXPECT_EQ(seen.error().code(), v1::OPERATION_ERROR_CODE_IMAGE_NOT_FOUND);
}

TEST_F(RehearsalsTest, ANodeThatEndsSaysWhatItSaid) {
  Run();
  engine_.containers.back().state = "exited";
  engine_.containers.back().exit_code = 78;
  engine_.log = "started\nfatal: no\n";
  const auto seen = Look();
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(seen->rehearsal().state(), v1::REHEARSAL_STATE_ENDED);
  EXPECT_EQ(seen->rehearsal().exit_code(), 78);
  EXPECT_THAT(seen->rehearsal().log(), ElementsAre("started", "fatal: no"));
}

TEST_F(RehearsalsTest, WithoutItsControllerItIsRemoved) {
  Run();
  now_ += Millis(59'000);
  rehearsals_->Tend();
  EXPECT_TRUE(Look().ok()) << "and the lease is extended";
  now_ += Millis(59'000);
  rehearsals_->Tend();
  EXPECT_EQ(engine_.containers.size(), 1U);
  now_ += Millis(2'000);
  rehearsals_->Tend();
  EXPECT_THAT(engine_.containers, IsEmpty());
}

TEST_F(RehearsalsTest, AnAgentThatStartsRemovesWhatWasLeft) {
  Run();
  EXPECT_TRUE(End(/*keep=*/true).ok());
  now_ += Millis(3'600'000);
  rehearsals_->Tend();
  EXPECT_EQ(engine_.containers.size(), 1U) << "kept without a lease";
  Begin();
  EXPECT_EQ(engine_.containers.size(), 1U) << "and at an orderly stop";
  engine_.down = Unavailable("the Engine starts");
  rehearsals_->Tend();
  engine_.down = OkStatus();
  rehearsals_->Tend();
  EXPECT_THAT(engine_.containers, IsEmpty());
}

TEST_F(RehearsalsTest, OneAtATimeButOneThatIsKeptMakesRoom) {
  Run();
  EXPECT_TRUE(rehearsals_->Answer(StartStep()).ok()) << "the same one again";
  EXPECT_EQ(engine_.made.size(), 1U);
  const auto second = rehearsals_->Answer(StartStep("cd34"));
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(second.status()), HasSubstr("ab12"));
  EXPECT_TRUE(End(/*keep=*/true).ok());
  EXPECT_TRUE(rehearsals_->Answer(StartStep("cd34")).ok());
  rehearsals_.reset();
  EXPECT_THAT(engine_.containers, IsEmpty());
}

}  // namespace
}  // namespace drover::agent
