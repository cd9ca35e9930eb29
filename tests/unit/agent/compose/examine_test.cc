#include <filesystem>

#include "tests/unit/agent/compose/host_fixture.h"

namespace drover::agent {
namespace {

// A verb had begun at begun_ when the agent died; what is there now decides how it ended.
class Examine : public HostTest {
 protected:
  v1::OperationEnd Look(const v1::StartOperation& order) {
    const v1::OperationEnd end = verbs_->Examine(order, begun_);
    EXPECT_EQ(end.started_at().seconds(), ToUnixMillis(begun_) / 1000);
    // Nothing is ever run again.
    EXPECT_EQ(Called("stop") + Called("up") + Called("down"), 0u);
    return end;
  }
  v1::OperationState State(const v1::StartOperation& order) { return Look(order).state(); }

  Time begun_ = clock_.now - Millis(10'000);
};

TEST_F(Examine, Pull) {
  EXPECT_EQ(State(PullOrder()), v1::OPERATION_STATE_INTERRUPTED);
  engine_.images["r:5000/os:2.19.1"] = engine_.registry["r:5000/os:2.19.1"];
  const v1::OperationEnd end = Look(PullOrder());
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(end.pull_image().digest(), Digest('b'));
  // A tag from before the pull says nothing about the registry now.
  engine_.images["r:5000/os:2.19.1"].last_tagged = begun_ - Millis(1000);
  EXPECT_EQ(State(PullOrder()), v1::OPERATION_STATE_INTERRUPTED);
}

TEST_F(Examine, PullByDigest) {
  const std::string image = "r:5000/os@" + Digest('b');
  engine_.images[image] = {"sha256:new", {}, {image}, Time{}};
  EXPECT_EQ(Look(PullOrder(image)).pull_image().digest(), Digest('b'));
}

TEST_F(Examine, SetImageNotBegun) {
  const v1::OperationEnd end = Look(SetImageOrder());
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_INTERRUPTED);
  EXPECT_FALSE(end.error().message().empty());
}

TEST_F(Examine, SetImageBetweenKeepingAndWriting) {
  ASSERT_EQ(Run(SetImageOrder()).state(), v1::OPERATION_STATE_SUCCEEDED);
  folder_.Write("srv/lab/compose.yaml", kCompose);
  EXPECT_EQ(State(SetImageOrder()), v1::OPERATION_STATE_INTERRUPTED);
}

// Its agent was killed between writing the new file and putting it in its place.
TEST_F(Examine, SetImageLeavesNoHalfFileBehind) {
  ASSERT_EQ(Run(SetImageOrder()).state(), v1::OPERATION_STATE_SUCCEEDED);
  folder_.Write("srv/lab/compose.yaml", kCompose);
  const std::string half = folder_.At("srv/lab/.compose.yaml.drover-a1B2c3");
  folder_.Write("srv/lab/.compose.yaml.drover-a1B2c3", "services: {");
  EXPECT_EQ(State(SetImageOrder()), v1::OPERATION_STATE_INTERRUPTED);
  EXPECT_FALSE(std::filesystem::exists(half));
}

TEST_F(Examine, SetImageWritten) {
  const v1::OperationEnd ran = Run(SetImageOrder());
  const v1::OperationEnd end = Look(SetImageOrder());
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(end.set_image().SerializeAsString(), ran.set_image().SerializeAsString());
}

TEST_F(Examine, SetImageWrittenButNotWhatComposeSees) {
  ASSERT_EQ(Run(SetImageOrder()).state(), v1::OPERATION_STATE_SUCCEEDED);
  config_image_ = "r:5000/os:2.18.0";
  EXPECT_EQ(State(SetImageOrder()), v1::OPERATION_STATE_FAILED);
  EXPECT_EQ(folder_.Read("srv/lab/compose.yaml"), kCompose);
}

TEST_F(Examine, SetImageChangedByAnother) {
  ASSERT_EQ(Run(SetImageOrder()).state(), v1::OPERATION_STATE_SUCCEEDED);
  folder_.Write("srv/lab/compose.yaml", "services: {os1: {image: 'r:5000/os:7'}}\n");
  const v1::OperationEnd end = Look(SetImageOrder());
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_FAILED);
  EXPECT_EQ(end.error().code(), v1::OPERATION_ERROR_CODE_FILE_CHANGED);
}

TEST_F(Examine, RestoreFile) {
  ASSERT_EQ(Run(SetImageOrder()).state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(State(RestoreOrder()), v1::OPERATION_STATE_INTERRUPTED);
  folder_.Write("srv/lab/compose.yaml", kCompose);
  EXPECT_EQ(State(RestoreOrder()), v1::OPERATION_STATE_SUCCEEDED);
  folder_.Write("srv/lab/compose.yaml", "services: {os1: {image: 'r:5000/os:7'}}\n");
  EXPECT_EQ(State(RestoreOrder()), v1::OPERATION_STATE_FAILED);
}

TEST_F(Examine, Stop) {
  EXPECT_EQ(State(StopOrder()), v1::OPERATION_STATE_INTERRUPTED);
  ContainerDetail& container = engine_.containers[0];
  container.state = "exited";
  container.exit_code = 143;
  container.finished_at = begun_ + Millis(500);
  v1::OperationEnd end = Look(StopOrder());
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(end.stop_service().exit_code(), 143);
  EXPECT_FALSE(end.stop_service().was_stopped());
  container.finished_at = begun_ - Millis(500);
  EXPECT_TRUE(Look(StopOrder()).stop_service().was_stopped());
  engine_.containers.clear();
  EXPECT_TRUE(Look(StopOrder()).stop_service().was_stopped());
}

TEST_F(Examine, Up) {
  engine_.images["r:5000/os:2.19.1"] = engine_.registry["r:5000/os:2.19.1"];
  // Runs with the image of the file.
  v1::OperationEnd end = Look(UpOrder());
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(end.up_service().container_id(), "c1");
  EXPECT_FALSE(end.up_service().recreated());
  // But was not made anew, as ordered.
  EXPECT_EQ(State(UpOrder(true)), v1::OPERATION_STATE_INTERRUPTED);
  // The file has another image by now.
  ASSERT_EQ(Run(SetImageOrder()).state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(State(UpOrder()), v1::OPERATION_STATE_INTERRUPTED);
  engine_.containers.clear();
  EXPECT_EQ(State(UpOrder()), v1::OPERATION_STATE_INTERRUPTED);
  AddContainer("c2", "os1", "r:5000/os:2.19.1", "running");
  engine_.containers[0].created_at = begun_ + Millis(1);
  EXPECT_EQ(State(UpOrder()), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_TRUE(Look(UpOrder(true)).up_service().recreated());
  engine_.containers[0].state = "exited";
  EXPECT_EQ(State(UpOrder()), v1::OPERATION_STATE_INTERRUPTED);
}

TEST_F(Examine, Down) {
  EXPECT_EQ(State(DownOrder()), v1::OPERATION_STATE_INTERRUPTED);
  engine_.containers.clear();
  EXPECT_EQ(State(DownOrder()), v1::OPERATION_STATE_SUCCEEDED);
}

TEST_F(Examine, WithoutAnEngineNothingIsKnown) {
  engine_.down = Unavailable("no socket");
  const v1::OperationEnd end = Look(StopOrder());
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_INTERRUPTED);
  EXPECT_EQ(end.error().code(), v1::OPERATION_ERROR_CODE_ENGINE_DOWN);
}

}  // namespace
}  // namespace drover::agent
