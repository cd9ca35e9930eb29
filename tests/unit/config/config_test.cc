#include "controller/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::config {
namespace {

using ::testing::HasSubstr;

TEST(ConfigTest, NothingGivesTheDefaults) {
  for (const char* text : {"", "# only a comment\n", "---\n"}) {
    const StatusOr<Config> config = ParseConfig(text, "c.yaml");
    ASSERT_TRUE(config.ok()) << config.status().ToString();
    EXPECT_EQ(config->data_folder, "/var/lib/drover");
    EXPECT_EQ(config->control_socket, "/run/drover/control.sock");
    EXPECT_EQ(config->agent_listen, "0.0.0.0:7441");
  }
}

TEST(ConfigTest, EveryKeyIsRead) {
  const StatusOr<Config> config = ParseConfig(
      "data_folder: /d\nagent_listen: 1.2.3.4:1\nagent_address: c.example:2\n"
      "control_socket: /s\ncontrol_group: g\nfleet: f\nlog_level: debug\nreflection: true\n",
      "c.yaml");
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->data_folder, "/d");
  EXPECT_EQ(config->agent_listen, "1.2.3.4:1");
  EXPECT_EQ(config->agent_address, "c.example:2");
  EXPECT_EQ(config->control_socket, "/s");
  EXPECT_EQ(config->control_group, "g");
  EXPECT_EQ(config->fleet, "f");
  EXPECT_EQ(config->log_level, LogLevel::kDebug);
  EXPECT_TRUE(config->reflection);
}

TEST(ConfigTest, MistakesNameThePlaceTheValueAndWhatWasExpected) {
  struct Case {
    const char* text;
    const char* place;
    const char* value;
    const char* expected;
  };
  for (const Case& c : {Case{"a: 1\n", "c.yaml:1:1", "'a'", "data_folder"},
                        Case{"\nlog_level: loud\n", "c.yaml:2:12", "'loud'", "warning"},
                        Case{"reflection: perhaps\n", "c.yaml:1:13", "'perhaps'", "true or false"},
                        Case{"fleet: [a]\n", "c.yaml:1:8", "", "a text"},
                        Case{"data_folder: here\n", "data_folder", "'here'", "absolute path"},
                        Case{"agent_listen: nowhere\n", "agent_listen", "'nowhere'", "HOST:PORT"},
                        Case{"a: b: c\n", "c.yaml:1:", "", "not YAML"}}) {
    const StatusOr<Config> config = ParseConfig(c.text, "c.yaml");
    EXPECT_EQ(config.status().code(), StatusCode::kInvalidArgument) << c.text;
    EXPECT_THAT(Message(config.status()), HasSubstr(c.place));
    EXPECT_THAT(Message(config.status()), HasSubstr(c.value));
    EXPECT_THAT(Message(config.status()), HasSubstr(c.expected));
  }
}

TEST(ConfigTest, FlagsGoOverTheFile) {
  const char* argv[] = {"drover-controller", "--data-folder", "/x", "--advertise", "c:9"};
  const CommandLine line = ReadCommandLine(5, argv, "1");
  ASSERT_FALSE(line.exit_code.has_value());
  EXPECT_EQ(line.config.data_folder, "/x");
  EXPECT_EQ(line.config.agent_address, "c:9");
}

TEST(ConfigTest, AWrongFlagAndAMissingNamedFileEndIn2) {
  const char* flag[] = {"drover-controller", "--dta-folder", "/x"};
  EXPECT_EQ(ReadCommandLine(3, flag, "1").exit_code, 2);
  const char* file[] = {"drover-controller", "--config", "/nowhere/c.yaml"};
  EXPECT_EQ(ReadCommandLine(3, file, "1").exit_code, 2);
}

TEST(AddressTest, SplitsHostAndPort) {
  EXPECT_EQ(SplitAddress("[::1]:7441")->host, "::1");
  EXPECT_EQ(SplitAddress("c.example:7441")->port, "7441");
  for (const char* bad : {"", "c", "c:", ":7441", "c:99999", "c:a"}) {
    EXPECT_FALSE(SplitAddress(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace drover::config
