#include <sys/stat.h>

#include "common/crypto/crypto.h"
#include "tests/unit/agent/compose/host_fixture.h"

namespace drover::agent {
namespace {

using testing::HasSubstr;

using Verbs = HostTest;

constexpr char kAfter[] =
    "# the lab\nservices:\n  os1:\n    image: r:5000/os:2.19.1  # keep\n"
    "    hostname: node1\n    environment: {node.name: n1, PASSWORD: x}\n";

TEST_F(Verbs, ChecksArgumentsAndTouchNothing) {
  v1::StartOperation order = StopOrder();
  EXPECT_EQ(Refused(order), v1::OPERATION_ERROR_CODE_UNSPECIFIED) << said_;
  order.set_project("other");
  EXPECT_EQ(Refused(order), v1::OPERATION_ERROR_CODE_UNKNOWN_PROJECT);
  order.set_project("--rm");
  EXPECT_EQ(Refused(order), v1::OPERATION_ERROR_CODE_UNKNOWN_PROJECT);
  order = StopOrder();
  order.mutable_verb()->mutable_stop_service()->set_service("os9");
  EXPECT_EQ(Refused(order), v1::OPERATION_ERROR_CODE_UNKNOWN_SERVICE);
  EXPECT_THAT(said_, HasSubstr("it has os1"));
  order.mutable_verb()->mutable_stop_service()->set_service("-v");
  EXPECT_EQ(Refused(order), v1::OPERATION_ERROR_CODE_UNKNOWN_SERVICE);
  order = StopOrder();
  *order.mutable_deadline() = WireTime(clock_.now - Millis(1));
  EXPECT_EQ(Refused(order), v1::OPERATION_ERROR_CODE_DEADLINE_PASSED);
  EXPECT_EQ(Refused(Order()), v1::OPERATION_ERROR_CODE_UNSUPPORTED_VERB);
  EXPECT_EQ(Refused(PullOrder("not an image")), v1::OPERATION_ERROR_CODE_IMAGE_NOT_FOUND);
  EXPECT_TRUE(runner_.lines().empty());
}

TEST_F(Verbs, ChecksThePolicy) {
  EXPECT_EQ(Refused(PullOrder("evil/os:1")), v1::OPERATION_ERROR_CODE_POLICY_DENIED);
  EXPECT_THAT(said_, HasSubstr("docker.io/evil/os"));
  EXPECT_EQ(Refused(SetImageOrder("evil/os:1")), v1::OPERATION_ERROR_CODE_POLICY_DENIED);
  v1::StartOperation order = StopOrder();
  *order.mutable_verb()->mutable_stop_service()->mutable_timeout() = WireSpan(Millis(61'000));
  EXPECT_EQ(Refused(order), v1::OPERATION_ERROR_CODE_POLICY_DENIED);
  // The image that `up` would start counts as well.
  folder_.Write("srv/lab/compose.yaml", "services:\n  os1:\n    image: evil/os:1\n");
  EXPECT_EQ(Refused(UpOrder()), v1::OPERATION_ERROR_CODE_POLICY_DENIED);
  folder_.Write("policy.yaml", "project_roots: [" + folder_.path() + "/srv]\nverbs: [PullImage]\n");
  EXPECT_EQ(Refused(StopOrder()), v1::OPERATION_ERROR_CODE_POLICY_DENIED);
  EXPECT_THAT(said_, HasSubstr("StopService"));
  folder_.Write("policy.yaml", "project_roots: [/nowhere]\nverbs: all\n");
  EXPECT_EQ(Refused(StopOrder()), v1::OPERATION_ERROR_CODE_UNKNOWN_PROJECT);
}

TEST_F(Verbs, RefusesAProjectThatPullsInAFileFromOutside) {
  folder_.Write("outside/secret.env", "X=1\n");
  folder_.Write("outside/base.yml", "services: {os: {image: 'r:5000/os:1'}}\n");
  const std::string texts[] = {
      "services:\n  os1:\n    image: r:5000/os:1\n    env_file: ../../outside/secret.env\n",
      "services:\n  os1:\n    image: r:5000/os:1\n    env_file: [{path: "
      "../../outside/secret.env}]\n",
      "services:\n  os1:\n    extends: {file: ../../outside/base.yml, service: os}\n",
      "include: [../../outside/base.yml]\nservices: {os1: {image: 'r:5000/os:1'}}\n",
  };
  for (const std::string& text : texts) {
    folder_.Write("srv/lab/compose.yaml", text);
    EXPECT_EQ(Refused(StopOrder()), v1::OPERATION_ERROR_CODE_POLICY_DENIED) << text;
    EXPECT_THAT(said_, HasSubstr("outside"));
  }
  folder_.Write("srv/lab/compose.yaml",
                "services:\n  os1: {image: 'r:5000/os:1', env_file: l.env}\n");
  std::filesystem::create_symlink(folder_.At("outside/secret.env"), folder_.At("srv/lab/l.env"));
  EXPECT_EQ(Refused(StopOrder()), v1::OPERATION_ERROR_CODE_POLICY_DENIED) << "by a symlink";
}

TEST_F(Verbs, RefusesWhileTheEngineIsDownOrTheFileIsBroken) {
  folder_.Write("srv/lab/compose.yaml", "services:\n  os1: [\n");
  EXPECT_EQ(Refused(StopOrder()), v1::OPERATION_ERROR_CODE_INVALID_PROJECT);
  EXPECT_THAT(said_, HasSubstr("srv/lab/compose.yaml:3:1: "));
  engine_.down = Unavailable("no socket");
  EXPECT_EQ(Refused(StopOrder()), v1::OPERATION_ERROR_CODE_ENGINE_DOWN);
}

TEST_F(Verbs, PullsAndReturnsTheDigestOfItsOwnRepository) {
  const v1::OperationEnd end = Run(PullOrder());
  ASSERT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED) << end.error().message();
  EXPECT_EQ(end.pull_image().digest(), Digest('b'));
  EXPECT_EQ(end.pull_image().image_id(), "sha256:new");
  EXPECT_FALSE(end.pull_image().was_present());
  ASSERT_FALSE(progress_.empty());
  EXPECT_EQ(progress_[0].total_bytes(), 2);
  EXPECT_TRUE(end.has_started_at());
  EXPECT_TRUE(end.has_ended_at());
  EXPECT_TRUE(Run(PullOrder()).pull_image().was_present());
  EXPECT_TRUE(runner_.lines().empty());
}

TEST_F(Verbs, PullsByTheCliWhereItHoldsCredentials) {
  folder_.Write("no-docker-config/config.json", R"({"auths":{"r:5000":{"auth":"eDp5"}}})");
  instead_ = nullptr;
  engine_.images["r:5000/os:2.19.1"] = engine_.registry["r:5000/os:2.19.1"];
  EXPECT_EQ(Run(PullOrder()).state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_THAT(runner_.lines(), testing::ElementsAre("docker pull r:5000/os:2.19.1"));
}

TEST_F(Verbs, SaysWhyAPullFailed) {
  EXPECT_EQ(Run(PullOrder("r:5000/os:9")).error().code(), v1::OPERATION_ERROR_CODE_IMAGE_NOT_FOUND);
  engine_.pull_result = Internal("write /x: no space left on device");
  EXPECT_EQ(Run(PullOrder()).error().code(), v1::OPERATION_ERROR_CODE_DISK_FULL);
  engine_.pull_result = Internal("dial tcp 1.2.3.4:5000: connect: connection refused");
  EXPECT_EQ(Run(PullOrder()).error().code(), v1::OPERATION_ERROR_CODE_REGISTRY_UNREACHABLE);
  engine_.pull_result = Aborted("Canceled");
  EXPECT_EQ(Run(PullOrder()).error().code(), v1::OPERATION_ERROR_CODE_CANCELED);
  engine_.pull_result = DeadlineExceeded("late");
  const v1::OperationEnd end = Run(PullOrder());
  EXPECT_EQ(end.error().code(), v1::OPERATION_ERROR_CODE_DEADLINE_PASSED);
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_FAILED);
}

TEST_F(Verbs, SetsTheImageAndRestoresTheFile) {
  const v1::OperationEnd end = Run(SetImageOrder());
  ASSERT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED) << end.error().message();
  EXPECT_EQ(folder_.Read("srv/lab/compose.yaml"), kAfter);
  EXPECT_EQ(end.set_image().path(), folder_.At("srv/lab/compose.yaml"));
  EXPECT_EQ(end.set_image().old_sha256(), crypto::Sha256Hex(kCompose));
  EXPECT_EQ(end.set_image().new_sha256(), crypto::Sha256Hex(kAfter));
  EXPECT_EQ(end.set_image().old_image(), "r:5000/os:2.17.1");
  EXPECT_FALSE(end.set_image().already_set());
  EXPECT_EQ(Called("config"), 1u);  // one call, after the edit

  for (const auto& entry : std::filesystem::directory_iterator(folder_.At("state"))) {
    struct stat about {};
    ASSERT_EQ(stat(entry.path().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600u);
  }
  EXPECT_TRUE(Run(SetImageOrder()).set_image().already_set());

  const v1::OperationEnd restored = Run(RestoreOrder());
  ASSERT_EQ(restored.state(), v1::OPERATION_STATE_SUCCEEDED) << restored.error().message();
  EXPECT_EQ(folder_.Read("srv/lab/compose.yaml"), kCompose);
  EXPECT_EQ(restored.restore_file().sha256(), crypto::Sha256Hex(kCompose));
  EXPECT_EQ(Run(RestoreOrder()).state(), v1::OPERATION_STATE_SUCCEEDED);  // nothing left to do
}

TEST_F(Verbs, SetsNothingWhereTheImageIsAnother) {
  const v1::OperationEnd end = Run(SetImageOrder("r:5000/os:2.19.1", "r:5000/os:2.16.0"));
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_FAILED);
  EXPECT_EQ(end.error().code(), v1::OPERATION_ERROR_CODE_FILE_CHANGED);
  EXPECT_EQ(folder_.Read("srv/lab/compose.yaml"), kCompose);
}

TEST_F(Verbs, PutsTheFileBackWhereComposeSeesAnotherImage) {
  config_image_ = "r:5000/os:2.18.0";
  v1::OperationEnd end = Run(SetImageOrder());
  EXPECT_EQ(end.error().code(), v1::OPERATION_ERROR_CODE_INVALID_PROJECT);
  EXPECT_THAT(end.error().message(), HasSubstr("r:5000/os:2.18.0"));
  EXPECT_EQ(folder_.Read("srv/lab/compose.yaml"), kCompose);
  instead_ = [](const std::string&) { return Printed("", 1, "no such thing\n"); };
  end = Run(SetImageOrder());
  EXPECT_EQ(end.error().code(), v1::OPERATION_ERROR_CODE_INVALID_PROJECT);
  EXPECT_THAT(end.error().message(), HasSubstr("no such thing"));
  EXPECT_EQ(folder_.Read("srv/lab/compose.yaml"), kCompose);
}

TEST_F(Verbs, RestoresOnlyWhatItWroteItself) {
  EXPECT_EQ(Refused(RestoreOrder()), v1::OPERATION_ERROR_CODE_FILE_CHANGED);
  ASSERT_EQ(Run(SetImageOrder()).state(), v1::OPERATION_STATE_SUCCEEDED);
  folder_.Write("srv/lab/compose.yaml", std::string(kAfter) + "# by hand\n");
  const v1::OperationEnd end = Run(RestoreOrder());
  EXPECT_EQ(end.error().code(), v1::OPERATION_ERROR_CODE_FILE_CHANGED);
  EXPECT_EQ(folder_.Read("srv/lab/compose.yaml"), std::string(kAfter) + "# by hand\n");
}

TEST_F(Verbs, StopsWithoutAskingForTheConfiguration) {
  const v1::OperationEnd end = Run(StopOrder());
  ASSERT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED) << end.error().message();
  EXPECT_EQ(end.stop_service().container_id(), "c1");
  EXPECT_EQ(end.stop_service().exit_code(), 143);
  EXPECT_FALSE(end.stop_service().killed());
  EXPECT_FALSE(end.stop_service().was_stopped());
  EXPECT_EQ(SpanOnWire(end.stop_service().took()), Millis(700));
  EXPECT_EQ(Called("stop -t 30 os1"), 1u);
  EXPECT_EQ(Called("config"), 0u);
  // Again: nothing to stop, nothing to run.
  EXPECT_TRUE(Run(StopOrder()).stop_service().was_stopped());
  EXPECT_EQ(Called("stop"), 1u);
  engine_.containers.clear();
  EXPECT_TRUE(Run(StopOrder()).stop_service().was_stopped());
}

TEST_F(Verbs, SeesThatAStopEndedInAKill) {
  instead_ = [this](const std::string&) {
    engine_.containers[0].state = "exited";
    engine_.containers[0].exit_code = 137;
    engine_.containers[0].finished_at = clock_.now + Millis(30'100);
    engine_.past_events = {
        {"container", "kill", "c1", {{"signal", "15"}}, clock_.now + Millis(100)},
        {"container", "kill", "c1", {{"signal", "9"}}, clock_.now + Millis(30'000)}};
    clock_.now += Millis(31'000);
    return Printed("");
  };
  const v1::OperationEnd end = Run(StopOrder());
  EXPECT_TRUE(end.stop_service().killed());
  EXPECT_EQ(SpanOnWire(end.stop_service().took()), Millis(30'000));
}

TEST_F(Verbs, FailsWhereTheContainerStillRunsAfterTheStop) {
  instead_ = [](const std::string&) { return Printed(""); };
  EXPECT_EQ(Run(StopOrder()).error().code(), v1::OPERATION_ERROR_CODE_COMPOSE_FAILED);
}

TEST_F(Verbs, ReportsCancelAndDeadline) {
  instead_ = [](const std::string&) {
    CommandResult result = Printed("", 143, "half done\n");
    result.timed_out = true;
    return result;
  };
  const v1::OperationEnd end = Run(StopOrder());
  EXPECT_EQ(end.error().code(), v1::OPERATION_ERROR_CODE_DEADLINE_PASSED);
  EXPECT_EQ(end.error().output(0), "half done");
  EXPECT_TRUE(runner_.deadlines_set());
}

TEST_F(Verbs, BringsAServiceUp) {
  ASSERT_EQ(Run(SetImageOrder()).state(), v1::OPERATION_STATE_SUCCEEDED);
  const v1::OperationEnd end = Run(UpOrder());
  ASSERT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED) << end.error().message();
  EXPECT_EQ(end.up_service().container_id(), "c2");
  EXPECT_EQ(end.up_service().image_id(), "sha256:new");
  EXPECT_TRUE(end.up_service().recreated());
  EXPECT_EQ(Called("up -d --no-deps --no-build os1"), 1u);
  EXPECT_EQ(Called("config"), 1u);  // SetImage's own
}

// Seen in the lab: each Compose has words of its own for an Engine that went away.
TEST_F(Verbs, AnEngineThatGoesAwayIsNotTheProjectsFault) {
  instead_ = [this](const std::string&) {
    engine_.down = Unavailable("no such file");
    return Printed("", 1, "Traceback: ConnectionResetError\n");
  };
  const v1::OperationEnd end = Run(UpOrder());
  EXPECT_EQ(end.error().code(), v1::OPERATION_ERROR_CODE_ENGINE_DOWN) << end.error().message();
  EXPECT_THAT(end.error().message(), HasSubstr("ConnectionResetError"));
}

// Seen in the lab: dockerd, killed in the middle of a start, came back with the port taken.
TEST_F(Verbs, APortThatIsTakenSaysByWhomItMayBe) {
  instead_ = [](const std::string&) {
    return Printed("", 1, "Bind for 10.77.0.11:9310 failed: port is already allocated\n");
  };
  const v1::OperationEnd end = Run(UpOrder());
  EXPECT_EQ(end.error().code(), v1::OPERATION_ERROR_CODE_COMPOSE_FAILED);
  EXPECT_THAT(end.error().message(), HasSubstr("start Docker on this host again"));
  EXPECT_THAT(end.error().message(), HasSubstr("10.77.0.11:9310"));
}

TEST_F(Verbs, FailsWhereTheNewContainerDoesNotRun) {
  up_leaves_ = "exited";
  const v1::OperationEnd end = Run(UpOrder(true));
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_FAILED);
  EXPECT_EQ(end.error().code(), v1::OPERATION_ERROR_CODE_COMPOSE_FAILED);
  EXPECT_THAT(end.error().message(), HasSubstr("exit code 3"));
}

TEST_F(Verbs, TakesTheProjectDownButNeverItsVolumes) {
  const v1::OperationEnd end = Run(DownOrder());
  ASSERT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED) << end.error().message();
  EXPECT_EQ(end.down_project().removed_containers(), 1);
  for (const std::string& line : runner_.lines()) {
    EXPECT_EQ(line.find(" -v"), std::string::npos) << line;
    EXPECT_EQ(line.find("--volumes"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace drover::agent
