#include "agent/docker/engine_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::agent {
namespace {

TEST(EngineJson, ReadsAContainer) {
  // Cut down from an answer of Engine 20.10.24.
  const auto c = ParseContainer(R"({
    "Id": "abc", "Created": "2026-11-23T02:00:00.123456789Z", "Name": "/p-os1-1",
    "Image": "sha256:1", "RestartCount": 2,
    "State": {"Status": "exited", "Running": false, "OOMKilled": true, "ExitCode": 137,
      "Error": "", "StartedAt": "2026-11-23T02:00:01Z", "FinishedAt": "0001-01-01T00:00:00Z",
      "Health": {"Status": "unhealthy", "Log": null}},
    "Config": {"Hostname": "os1", "Tty": true, "Image": "r:5000/x:1", "Env": ["A=b"],
      "Labels": {"com.docker.compose.service": "os1"}},
    "Mounts": [{"Type": "volume", "Name": "data", "Source": "/v", "Destination": "/d"},
               {"Type": "bind", "Source": "/s", "Destination": "/t"}],
    "NetworkSettings": {"Ports": {"9200/tcp": [{"HostIp": "0.0.0.0", "HostPort": "19200"}],
                                  "9300/tcp": null}}})");
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_EQ(c->name, "p-os1-1");
  EXPECT_EQ(c->image, "r:5000/x:1");
  EXPECT_EQ(c->image_id, "sha256:1");
  EXPECT_EQ(c->exit_code, 137);
  EXPECT_TRUE(c->oom_killed);
  EXPECT_TRUE(c->tty);
  EXPECT_EQ(c->health, "unhealthy");
  EXPECT_EQ(c->restart_count, 2);
  EXPECT_EQ(FormatTime(c->created_at), "2026-11-23T02:00:00.123Z");
  EXPECT_EQ(c->finished_at, Time{});
  ASSERT_EQ(c->mounts.size(), 2u);
  EXPECT_EQ(c->mounts[0].name, "data");
  EXPECT_EQ(c->mounts[1].source, "/s");
  ASSERT_EQ(c->ports.size(), 1u);
  EXPECT_EQ(c->ports[0].host_port, 19200u);
  EXPECT_EQ(c->ports[0].container_port, 9200u);
}

TEST(EngineJson, LivesWithNullsAndNonsense) {
  EXPECT_TRUE(ParseContainer(R"({"State":null,"Config":null,"Mounts":null,"Id":7})").ok());
  EXPECT_TRUE(ParseImage(R"({"RepoTags":null})").ok());
  EXPECT_TRUE(ParseContainerList("[]").ok());
  for (const std::string bad : {"", "{", "not json"}) {
    EXPECT_FALSE(ParseContainer(bad).ok());
    EXPECT_FALSE(ParseEvent(bad).ok());
    EXPECT_FALSE(ParseContainerList(bad).ok());
  }
}

TEST(EngineJson, ReadsTimes) {
  EXPECT_EQ(FormatTime(ParseEngineTime("2026-11-23T02:13:54Z")), "2026-11-23T02:13:54.000Z");
  EXPECT_EQ(FormatTime(ParseEngineTime("2026-11-23T02:13:54.1Z")), "2026-11-23T02:13:54.100Z");
  EXPECT_EQ(FormatTime(ParseEngineTime("2026-11-23T02:13:54.123999+02:00")),
            "2026-11-23T00:13:54.123Z");
  EXPECT_EQ(ParseEngineTime("0001-01-01T00:00:00Z"), Time{});
  EXPECT_EQ(ParseEngineTime(""), Time{});
  EXPECT_EQ(ParseEngineTime("yesterday"), Time{});
}

TEST(EngineJson, FindsErrorWords) {
  EXPECT_EQ(ParseErrorMessage(R"({"message":"gone"})"), "gone");
  EXPECT_EQ(ParseErrorMessage("<html>"), "<html>");
  EXPECT_EQ(Message(ParsePullEntry(R"({"error":"manifest unknown"})").status()),
            "manifest unknown");
}

}  // namespace
}  // namespace drover::agent
