#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdio>

#include "agent/docker/engine.h"
#include "tests/unit/agent/docker/fake_engine_server.h"

namespace drover::agent {
namespace {

using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;

CallLimits Soon(Millis timeout = Millis(5000)) { return {steady_clock::now() + timeout, nullptr}; }

class EngineClientTest : public testing::Test {
 protected:
  FakeEngineServer server_;
  std::unique_ptr<Engine> engine_ = MakeEngineClient(server_.socket_path());
};

TEST_F(EngineClientTest, SpeaksTheVersionOfTheOldestEngine) {
  const auto info = engine_->Info();
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->version, "20.10.24");
  EXPECT_EQ(info->api_version, "1.41");
  EXPECT_EQ(info->root_dir, "/var/lib/docker");
  ASSERT_TRUE(engine_->Info().ok());
  EXPECT_THAT(server_.Requests(), ElementsAre("GET /version", "GET /v1.41/info"));
}

TEST_F(EngineClientTest, SpeaksWhatANewerEngineAsksForAtLeast) {
  server_.Set("GET /version",
              {200, {R"({"Version":"29.0.0","ApiVersion":"1.52","MinAPIVersion":"1.44"})"}});
  server_.Set("GET /v1.44/info", {200, {"{}"}});
  EXPECT_EQ(engine_->Info()->api_version, "1.44");
}

TEST_F(EngineClientTest, AgreesAnewAfterTheEngineWasReplaced) {
  ASSERT_TRUE(engine_->Info().ok());
  server_.Set("GET /v1.41/containers/json",
              {400, {R"({"message":"client version 1.41 is too old. Minimum is 1.44"})"}});
  server_.Set("GET /version",
              {200, {R"({"Version":"29.0.0","ApiVersion":"1.52","MinAPIVersion":"1.44"})"}});
  server_.Set("GET /v1.44/info", {200, {"{}"}});
  server_.Set("GET /v1.44/containers/json", {200, {"[]"}});
  const auto list = engine_->ListContainers({"a=b"});
  EXPECT_TRUE(list.ok()) << list.status();
}

TEST_F(EngineClientTest, ListsByLabels) {
  server_.Set("GET /v1.41/containers/json",
              {200,
               {R"([{"Id":"c1","Names":["/p_os1_1"],"Image":"r/x:1","ImageID":"sha256:aa",)",
                R"("State":"running","Labels":{"k":"v"}}])"}});
  const auto list = engine_->ListContainers({"com.docker.compose.project=p"});
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->size(), 1u);
  EXPECT_EQ((*list)[0].name, "p_os1_1");
  EXPECT_EQ((*list)[0].state, "running");
  EXPECT_EQ((*list)[0].labels.at("k"), "v");
  EXPECT_EQ(server_.Requests().back(),
            "GET /v1.41/containers/json?all=1&filters="
            "%7B%22label%22%3A%5B%22com.docker.compose.project%3Dp%22%5D%7D");
}

TEST_F(EngineClientTest, PassesTheEnginesWordsOn) {
  server_.Set("GET /v1.41/containers/c1/json", {404, {R"({"message":"No such container: c1"})"}});
  const auto missing = engine_->InspectContainer("c1");
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Message(missing.status()), "No such container: c1");
  server_.Set("GET /v1.41/containers/c2/json", {500, {"out of order"}});
  EXPECT_EQ(Message(engine_->InspectContainer("c2").status()), "out of order");
  server_.Set("GET /v1.41/containers/c3/json", {200, {"{not json"}});
  EXPECT_EQ(engine_->InspectContainer("c3").status().code(), StatusCode::kInternal);
}

TEST_F(EngineClientTest, RefusesAReferenceThatIsNone) {
  EXPECT_EQ(engine_->InspectImage("../containers/x").status().code(), StatusCode::kInvalidArgument);
  server_.Set("GET /v1.41/images/r:5000/x:1/json",
              {200,
               {R"({"Id":"sha256:aa","RepoDigests":["r:5000/x@sha256:bb"],)",
                R"("Metadata":{"LastTagTime":"2026-11-23T02:13:54.5Z"}})"}});
  const auto image = engine_->InspectImage("r:5000/x:1");
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_THAT(image->repo_digests, ElementsAre("r:5000/x@sha256:bb"));
  EXPECT_EQ(FormatTime(image->last_tagged), "2026-11-23T02:13:54.500Z");
}

TEST_F(EngineClientTest, IsUnavailableWithoutAnEngine) {
  server_.Stop();
  const auto info = engine_->Info();
  EXPECT_EQ(info.status().code(), StatusCode::kUnavailable) << info.status();
  EXPECT_THAT(Message(info.status()), HasSubstr(server_.socket_path()));
  const auto nowhere = MakeEngineClient("/nowhere/docker.sock")->ListContainers({});
  EXPECT_EQ(nowhere.status().code(), StatusCode::kUnavailable);
}

TEST_F(EngineClientTest, ReadsEventsAcrossPieces) {
  FakeAnswer stream;
  stream.stay_open = true;
  stream.pieces = {R"({"Type":"container","Action":"di)",
                   "e\",\"Actor\":{\"ID\":\"c1\",\"Attributes\":{\"exitCode\":\"137\"}},"
                   "\"timeNano\":1700000000123456789}\n{\"Type\":\"container\",",
                   "\"Action\":\"start\",\"Actor\":{\"ID\":\"c2\"}}\n"};
  server_.Set("GET /v1.41/events", stream);
  auto events = engine_->WatchContainers("com.docker.compose.project");
  ASSERT_TRUE(events.ok()) << events.status();
  const auto first = (*events)->Next(Millis(5000));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->action, "die");
  EXPECT_EQ(first->attributes.at("exitCode"), "137");
  EXPECT_EQ(ToUnixMillis(first->time), 1700000000123);
  EXPECT_EQ((*events)->Next(Millis(5000))->id, "c2");
  // Nothing more comes: the stream stays good after a time-out.
  EXPECT_EQ((*events)->Next(Millis(20)).status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ((*events)->Next(Millis(20)).status().code(), StatusCode::kDeadlineExceeded);
  server_.Stop();
  EXPECT_EQ((*events)->Next(Millis(5000)).status().code(), StatusCode::kUnavailable);
}

TEST_F(EngineClientTest, ListsWhatRunsInAContainer) {
  // An answer of Engine 20.10.24.
  server_.Set("GET /v1.41/containers/c1/top",
              {200,
               {R"({"Processes":[["4711","4690","opensearch-dock"],["4760","4711","java"]],)",
                R"("Titles":["PID","PPID","COMMAND"]})"}});
  const auto all = engine_->ListProcesses("c1");
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[1].pid, 4760);
  EXPECT_EQ((*all)[1].parent, 4711);
  EXPECT_EQ((*all)[1].name, "java");
}

TEST_F(EngineClientTest, WatchesTheSignalsOfOneContainer) {
  server_.Set("GET /v1.41/events",
              {200,
               {R"({"Type":"container","Action":"kill","Actor":{"ID":"c1","Attributes":)",
                R"({"signal":"15"}},"timeNano":1800000000000000000})"
                "\n"}});
  const auto stream = engine_->WatchSignals("c1");
  ASSERT_TRUE(stream.ok()) << stream.status();
  const auto event = (*stream)->Next(Millis(5000));
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->action, "kill");
  EXPECT_EQ(event->attributes.at("signal"), "15");
}

TEST_F(EngineClientTest, ReadsPastEvents) {
  server_.Set("GET /v1.41/events",
              {200,
               {"{\"Type\":\"container\",\"Action\":\"kill\",\"Actor\":{\"ID\":\"c\","
                "\"Attributes\":{\"signal\":\"9\"}}}\n"}});
  const auto events = engine_->PastEvents("c", FromUnixMillis(1500), FromUnixMillis(2007));
  ASSERT_TRUE(events.ok());
  ASSERT_EQ(events->size(), 1u);
  EXPECT_THAT(server_.Requests().back(), HasSubstr("since=1.500000000&until=2.007000000&"));
}

TEST_F(EngineClientTest, ReadsLogsWithoutFrames) {
  const std::string frame1("\x01\0\0\0\0\0\0\x04one\n", 12);
  const std::string frame2("\x02\0\0\0\0\0\0\x04two\n", 12);
  server_.Set("GET /v1.41/containers/c/logs",
              {200, {frame1.substr(0, 5), frame1.substr(5) + frame2}});
  ContainerDetail container;
  container.id = "c";
  std::string text;
  const auto take = [&text](const std::string& bytes) {
    text += bytes;
    return true;
  };
  ASSERT_TRUE(engine_->ReadLog(container, 10, false, Time{}, Soon(), take).ok());
  EXPECT_EQ(text, "one\ntwo\n");
  EXPECT_THAT(server_.Requests().back(), HasSubstr("stdout=1&stderr=1&tail=10"));
}

TEST_F(EngineClientTest, StopsFollowingWhenAsked) {
  FakeAnswer answer;
  answer.stay_open = true;
  answer.pieces = {std::string("\x01\0\0\0\0\0\0\x04one\n", 12)};
  server_.Set("GET /v1.41/containers/c/logs", answer);
  ContainerDetail container;
  container.id = "c";
  std::atomic<bool> cancel{false};
  const Status status =
      engine_->ReadLog(container, 10, true, Time{}, {steady_clock::now() + Millis(10'000), &cancel},
                       [&cancel](const std::string&) {
                         cancel = true;
                         return true;
                       });
  EXPECT_EQ(status.code(), StatusCode::kAborted) << status;
}

TEST_F(EngineClientTest, PullsWithProgress) {
  server_.Set("POST /v1.41/images/create",
              {200,
               {"{\"status\":\"Pulling from x\",\"id\":\"1\"}\r\n",
                "{\"status\":\"Downloading\",\"id\":\"l1\",\"progressDetail\":"
                "{\"current\":5,\"total\":10}}\r\n"}});
  std::vector<PullStatus> seen;
  const Status pulled =
      engine_->PullImage("r:5000/x:1", Soon(), [&seen](const PullStatus& s) { seen.push_back(s); });
  ASSERT_TRUE(pulled.ok()) << pulled;
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].current, 5);
  EXPECT_EQ(seen[1].total, 10);
  EXPECT_EQ(server_.Requests().back(), "POST /v1.41/images/create?fromImage=r%3A5000%2Fx&tag=1");
}

TEST_F(EngineClientTest, FindsThePullsFailureInItsStream) {
  server_.Set("POST /v1.41/images/create",
              {200,
               {"{\"status\":\"Pulling\"}\r\n{\"errorDetail\":{},"
                "\"error\":\"write /x: no space left on device\"}\r\n"}});
  EXPECT_THAT(Message(engine_->PullImage("x", Soon(), [](const PullStatus&) {})),
              HasSubstr("no space left"));
  EXPECT_THAT(server_.Requests().back(), HasSubstr("tag=latest"));
}

TEST(EngineSocketPath, ReadsDockerHost) {
  unsetenv("DOCKER_HOST");
  EXPECT_EQ(*EngineSocketPath(), "/var/run/docker.sock");
  setenv("DOCKER_HOST", "unix:///run/x.sock", 1);
  EXPECT_EQ(*EngineSocketPath(), "/run/x.sock");
  setenv("DOCKER_HOST", "tcp://1.2.3.4:2375", 1);
  EXPECT_THAT(Message(EngineSocketPath().status()), HasSubstr("tcp://1.2.3.4:2375"));
  unsetenv("DOCKER_HOST");
}

// One entry of a ustar archive: its header, and its contents in whole blocks.
std::string TarEntry(const std::string& name, char type, const std::string& contents = "") {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  char size[12];
  snprintf(size, sizeof(size), "%011zo", contents.size());
  header.replace(124, 11, size);
  header[156] = type;
  header.replace(257, 5, "ustar");
  std::string body = contents;
  body.resize((contents.size() + 511) / 512 * 512);
  return header + body;
}

TEST_F(EngineClientTest, ListsAFolderOfAnImageByAContainerThatNeverRuns) {
  server_.Set("POST /v1.41/containers/create", {201, {R"({"Id":"look1","Warnings":[]})"}});
  std::string tar = TarEntry("plugins/", '5') + TarEntry("plugins/a/", '5') +
                    TarEntry("plugins/a/a.jar", '0', std::string(1500, 'x')) +
                    TarEntry("plugins/b/", '5') + std::string(1024, '\0');
  // Pieces end where they like.
  server_.Set("GET /v1.41/containers/look1/archive",
              {200, {tar.substr(0, 700), tar.substr(700, 900), tar.substr(1600)}});
  server_.Set("DELETE /v1.41/containers/look1", {204, {}});
  const auto names = engine_->ListImageFolder("r:5000/os:2.19.1", "/plugins", Soon());
  ASSERT_TRUE(names.ok()) << names.status();
  EXPECT_THAT(*names, ElementsAre("a", "b"));
  EXPECT_THAT(server_.Requests().back(), HasSubstr("DELETE /v1.41/containers/look1"));
  for (const std::string& request : server_.Requests()) {
    EXPECT_EQ(request.find("/start"), std::string::npos);
  }
}

TEST_F(EngineClientTest, RemovesTheContainerWhereTheFolderIsNotThere) {
  server_.Set("POST /v1.41/containers/create", {201, {R"({"Id":"look1"})"}});
  server_.Set("GET /v1.41/containers/look1/archive",
              {404, {R"({"message":"Could not find the file /plugins"})"}});
  server_.Set("DELETE /v1.41/containers/look1", {204, {}});
  const auto names = engine_->ListImageFolder("r:5000/os:2.19.1", "/plugins", Soon());
  EXPECT_EQ(names.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(server_.Requests().back(), HasSubstr("DELETE /v1.41/containers/look1"));
}

}  // namespace
}  // namespace drover::agent
