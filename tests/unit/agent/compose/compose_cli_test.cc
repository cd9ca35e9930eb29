#include "agent/compose/compose_cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/compose/fake_command_runner.h"

namespace drover::agent {
namespace {

using testing::ElementsAre;

ProjectPlace Place(const std::string& made_by = "") {
  ProjectPlace place;
  place.name = "lab";
  place.working_dir = "/srv/lab";
  place.files = {"/srv/lab/compose.yaml", "/srv/lab/more.yaml"};
  place.made_by = made_by;
  return place;
}

// A host whose spellings have these versions; empty means it is not there.
FakeCommandRunner::Handler Host(const std::string& plugin, const std::string& standalone) {
  return [plugin, standalone](const std::string& line) -> StatusOr<CommandResult> {
    if (line == "docker compose version --short") {
      return plugin.empty() ? Printed("", 125, "unknown command") : Printed(plugin + "\n");
    }
    if (line == "docker-compose version --short") {
      if (standalone.empty()) return NotFound("Could not run docker-compose");
      return Printed(standalone + "\n");
    }
    return CommandResult();
  };
}

// The commands of every verb, after the questions for versions.
std::vector<std::string> AllVerbs(const std::string& plugin, const std::string& standalone,
                                  const ProjectPlace& place) {
  FakeCommandRunner runner(Host(plugin, standalone));
  ComposeCli compose(&runner, "/run/x.sock");
  EXPECT_TRUE(compose.Config(place, {}, {}).ok());
  EXPECT_TRUE(compose.Stop(place, "os1", 30, {}).ok());
  EXPECT_TRUE(compose.Stop(place, "os1", -1, {}).ok());
  EXPECT_TRUE(compose.Up(place, "os1", false, {}).ok());
  EXPECT_TRUE(compose.Up(place, "os1", true, {}).ok());
  EXPECT_TRUE(compose.Down(place, 5, {}).ok());
  for (const Command& command : runner.commands()) {
    EXPECT_EQ(command.environment.at(0).first, "DOCKER_HOST");
    EXPECT_EQ(command.environment.at(0).second, "unix:///run/x.sock");
  }
  std::vector<std::string> lines = runner.lines();
  lines.erase(lines.begin(), lines.begin() + 2);
  return lines;
}

TEST(ComposeCli, GoldenCommandsOfThePlugin) {
  const std::string head =
      "docker compose --project-directory /srv/lab -p lab -f /srv/lab/compose.yaml -f "
      "/srv/lab/more.yaml ";
  EXPECT_THAT(
      AllVerbs("2.26.1", "", Place()),
      ElementsAre(head + "config --format json", head + "stop -t 30 os1", head + "stop os1",
                  head + "up -d --no-deps --no-build os1",
                  head + "up -d --no-deps --no-build --force-recreate os1", head + "down -t 5"));
}

TEST(ComposeCli, GoldenCommandsOfV1) {
  const std::string head =
      "docker-compose --project-directory /srv/lab -p lab -f /srv/lab/compose.yaml -f "
      "/srv/lab/more.yaml ";
  EXPECT_THAT(
      AllVerbs("", "1.29.2", Place()),
      ElementsAre(head + "config", head + "stop -t 30 os1", head + "stop os1",
                  head + "up -d --no-deps --no-build os1",
                  head + "up -d --no-deps --no-build --force-recreate os1", head + "down -t 5"));
}

TEST(ComposeCli, StandaloneV2SpeaksLikeThePlugin) {
  const auto lines = AllVerbs("", "v2.39.4", Place());
  EXPECT_THAT(lines[0], testing::StartsWith("docker-compose --project-directory"));
  EXPECT_THAT(lines[0], testing::EndsWith("config --format json"));
}

TEST(ComposeCli, StaysWithV1WhereV1MadeTheContainers) {
  EXPECT_THAT(AllVerbs("2.26.1", "1.29.2", Place("1.29.2"))[0],
              testing::StartsWith("docker-compose "));
  EXPECT_THAT(AllVerbs("2.26.1", "1.29.2", Place("2.26.1"))[0],
              testing::StartsWith("docker compose "));
  EXPECT_THAT(AllVerbs("2.26.1", "1.29.2", Place())[0], testing::StartsWith("docker compose "));
  EXPECT_THAT(AllVerbs("5.0.0", "", Place("1.29.2"))[0], testing::StartsWith("docker compose "));
}

TEST(ComposeCli, PassesTheEnvFilesOfTheLabels) {
  ProjectPlace place = Place();
  place.env_files = {"/srv/lab/prod.env"};
  EXPECT_THAT(AllVerbs("2.26.1", "", place)[1],
              testing::HasSubstr("-f /srv/lab/more.yaml --env-file /srv/lab/prod.env stop -t 30"));
}

TEST(ComposeCli, AsksForTheServicesOfEveryProfile) {
  FakeCommandRunner runner(Host("2.26.1", ""));
  ComposeCli compose(&runner, "/run/x.sock");
  ASSERT_TRUE(compose.Config(Place(), {"a", "b"}, {}).ok());
  EXPECT_THAT(runner.lines().back(),
              testing::EndsWith("more.yaml --profile a --profile b config --format json"));
}

TEST(ComposeCli, FindsBothSpellingsAndRemembersThem) {
  FakeCommandRunner runner(Host("v2.26.1-ds1", "docker-compose version 1.29.2, build unknown"));
  ComposeCli compose(&runner, "/run/x.sock");
  const auto spellings = compose.Spellings();
  ASSERT_EQ(spellings.size(), 2u);
  EXPECT_EQ(spellings[0].spelling, "docker compose");
  EXPECT_EQ(spellings[0].version, "2.26.1-ds1");
  EXPECT_EQ(spellings[1].spelling, "docker-compose");
  EXPECT_EQ(spellings[1].version, "1.29.2");
  EXPECT_TRUE(spellings[1].is_v1());
  compose.Spellings();
  EXPECT_EQ(runner.lines().size(), 2u);
  compose.Forget();
  compose.Spellings();
  EXPECT_EQ(runner.lines().size(), 4u);
  EXPECT_TRUE(runner.deadlines_set());
}

TEST(ComposeCli, DoesNotRememberAnAnswerThatCameTooLate) {
  FakeCommandRunner runner([](const std::string& line) -> StatusOr<CommandResult> {
    if (line.rfind("docker-compose", 0) == 0) return Printed("1.29.2\n");
    CommandResult late = Printed("", 143);
    late.timed_out = true;
    return late;
  });
  ComposeCli compose(&runner, "/run/x.sock");
  EXPECT_EQ(compose.Spellings().size(), 1u);
  EXPECT_EQ(compose.Spellings().size(), 1u);
  EXPECT_EQ(runner.lines().size(), 4u);
}

TEST(ComposeCli, SaysWhenThereIsNoCompose) {
  FakeCommandRunner runner(Host("", ""));
  ComposeCli compose(&runner, "/run/x.sock");
  const auto result = compose.Config(Place(), {}, {});
  EXPECT_EQ(result.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(result.status()), testing::HasSubstr("install one"));
}

TEST(ComposeCli, PullsByTheDockerCli) {
  FakeCommandRunner runner;
  ComposeCli compose(&runner, "/run/x.sock");
  ASSERT_TRUE(compose.Pull("r:5000/os:2", {}).ok());
  EXPECT_THAT(runner.lines(), ElementsAre("docker pull r:5000/os:2"));
}

}  // namespace
}  // namespace drover::agent
