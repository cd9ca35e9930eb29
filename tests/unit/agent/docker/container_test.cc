// Containers that the agent makes, and what they serve.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/docker/container_http.h"
#include "agent/docker/engine_json.h"
#include "tests/unit/agent/docker/fake_engine_server.h"
#include "tests/unit/opensearch/http_server.h"

namespace drover::agent {
namespace {

using opensearch::HttpServer;
using opensearch::Reply;
using opensearch::SeenRequest;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;

CallLimits Soon(Millis timeout = Millis(5'000)) { return {steady_clock::now() + timeout, nullptr}; }

ContainerCall CallTo(const HttpServer& server) {
  ContainerCall call;
  call.address = "127.0.0.1";
  const std::string url = server.url();
  call.port = static_cast<uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  return call;
}

TEST(ContainerHttp, SendsAndReads) {
  HttpServer server([](const SeenRequest&) { return Reply{404, R"({"error":"none"})"}; });
  ContainerCall call = CallTo(server);
  call.method = "PUT";
  call.target = "/_snapshot/backups";
  call.json = R"({"type":"fs"})";
  const auto answer = CallContainer(call, Soon(), 1000);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status_code, 404);
  EXPECT_EQ(answer->body, R"({"error":"none"})");
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].Line(), "PUT /_snapshot/backups");
  EXPECT_EQ(server.requests()[0].body, R"({"type":"fs"})");
}

TEST(ContainerHttp, SaysWhyThereIsNoAnswer) {
  HttpServer server([](const SeenRequest& seen) {
    return seen.target == "/long" ? Reply{200, std::string(2'000, 'x')} : Reply{200, "", true};
  });
  ContainerCall call = CallTo(server);
  EXPECT_EQ(CallContainer(call, Soon(), 1000).status().code(), StatusCode::kUnavailable);
  call.target = "/long";
  EXPECT_EQ(CallContainer(call, Soon(), 1000).status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(CallContainer(call, Soon(Millis(-1)), 1000).status().code(),
            StatusCode::kDeadlineExceeded);
  call.address = "os-1";
  EXPECT_EQ(CallContainer(call, Soon(), 1000).status().code(), StatusCode::kInvalidArgument);
}

TEST(NewContainer, HasReadOnlyMountsAndNoPort) {
  NewContainer made;
  made.image = "r:5000/os:3.8.0";
  made.network = "lab_default";
  made.environment = {"A=b"};
  made.mounts = {{"bind", "", "/srv/snap", "/snap"}, {"volume", "keys", "/v", "/keys"}};
  made.memory_bytes = 7;
  const nlohmann::json body = nlohmann::json::parse(NewContainerJson(made));
  EXPECT_EQ(body["Image"], "r:5000/os:3.8.0");
  EXPECT_FALSE(body.contains("User"));
  const nlohmann::json& host = body["HostConfig"];
  EXPECT_EQ(host["NetworkMode"], "lab_default");
  EXPECT_EQ(host["Memory"], 7);
  EXPECT_EQ(host["RestartPolicy"]["Name"], "no");
  EXPECT_FALSE(host.contains("PortBindings"));
  ASSERT_EQ(host["Mounts"].size(), 2U);
  EXPECT_EQ(host["Mounts"][0]["Source"], "/srv/snap");
  EXPECT_EQ(host["Mounts"][1]["Source"], "keys");
  for (const nlohmann::json& mount : host["Mounts"]) EXPECT_EQ(mount["ReadOnly"], true);
}

TEST(NewContainer, IsMadeStartedAndRemoved) {
  FakeEngineServer server;
  server.Set("POST /v1.41/containers/create", {201, {R"({"Id":"abc"})"}});
  server.Set("POST /v1.41/containers/abc/start", {204, {}});
  server.Set("DELETE /v1.41/containers/abc", {204, {}});
  const auto engine = MakeEngineClient(server.socket_path());
  NewContainer made;
  made.name = "drover-rehearsal-1";
  made.image = "r:5000/os:3.8.0";
  const auto id = engine->CreateContainer(made);
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(*id, "abc");
  EXPECT_TRUE(engine->StartContainer("abc").ok());
  EXPECT_TRUE(engine->RemoveContainer("abc").ok());
  EXPECT_EQ(server.Requests().back(), "DELETE /v1.41/containers/abc?v=1&force=1");
  server.Set("DELETE /v1.41/containers/abc", {404, {R"({"message":"No such container"})"}});
  EXPECT_TRUE(engine->RemoveContainer("abc").ok()) << "gone is gone";
  server.Set("DELETE /v1.41/containers/abc", {500, {R"({"message":"driver failed"})"}});
  EXPECT_THAT(Message(engine->RemoveContainer("abc")), HasSubstr("driver failed"));
}

TEST(Container, ToldOfWhereItLives) {
  const auto c = ParseContainer(R"({
    "Id": "abc", "Config": {"User": "1000"},
    "HostConfig": {"NetworkMode": "lab_default", "ExtraHosts": ["a:10.0.0.1"], "Dns": null,
      "Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}]},
    "NetworkSettings": {"Networks": {"lab_default": {"IPAddress": "10.0.0.7"}}}})");
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_EQ(c->user, "1000");
  EXPECT_EQ(c->network_mode, "lab_default");
  EXPECT_THAT(c->extra_hosts, ElementsAre("a:10.0.0.1"));
  ASSERT_EQ(c->ulimits.size(), 1U);
  EXPECT_EQ(c->ulimits[0].hard, 2);
  ASSERT_EQ(c->networks.size(), 1U);
  EXPECT_EQ(c->networks[0].address, "10.0.0.7");
}

}  // namespace
}  // namespace drover::agent
