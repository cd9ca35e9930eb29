#include "agent/compose/compose_config.h"

#include <gtest/gtest.h>

namespace drover::agent {
namespace {

TEST(ComposeConfig, ReadsJsonOfV2) {
  const auto config = ParseComposeConfig(
      R"({"name":"lab","services":{"os1":{"image":"r:5000/os:2","hostname":"h1",
          "stop_grace_period":"1m30s","environment":{"node.name":"n1","N":5,"SECRET":"x","U":null}},
          "web":{"build":{}}}})",
      {"node.name", "N", "U"});
  ASSERT_TRUE(config.ok()) << config.status();
  const ResolvedService& os1 = config->services.at("os1");
  EXPECT_EQ(os1.image, "r:5000/os:2");
  EXPECT_EQ(os1.hostname, "h1");
  EXPECT_EQ(os1.stop_grace_period, Millis(90'000));
  EXPECT_EQ(os1.environment, (std::map<std::string, std::string>{{"N", "5"}, {"node.name", "n1"}}));
  EXPECT_EQ(config->services.at("web").image, "");
}

TEST(ComposeConfig, ReadsYamlOfV1) {
  const auto config = ParseComposeConfig(
      "services:\n  os1:\n    environment:\n      node.name: n1\n      SECRET: x\n"
      "    image: r:5000/os:2\n    stop_grace_period: 90s\nversion: '3.7'\n",
      {"node.name"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->services.at("os1").image, "r:5000/os:2");
  EXPECT_EQ(config->services.at("os1").stop_grace_period, Millis(90'000));
  EXPECT_EQ(config->services.at("os1").environment.size(), 1u);
}

TEST(ComposeConfig, RefusesOtherText) {
  EXPECT_FALSE(ParseComposeConfig("", {}).ok());
  EXPECT_FALSE(ParseComposeConfig("{\"services\":", {}).ok());
  EXPECT_FALSE(ParseComposeConfig("a: [", {}).ok());
}

TEST(ComposeConfig, ReadsDurations) {
  EXPECT_EQ(ParseComposeDuration("1m0s"), Millis(60'000));
  EXPECT_EQ(ParseComposeDuration("1.5s"), Millis(1500));
  EXPECT_EQ(ParseComposeDuration("2h3m4s5ms"), Millis(7'384'005));
  EXPECT_EQ(ParseComposeDuration("500us"), Millis(0));
  for (const std::string bad : {"", "x", "5", "5y", "-1s"}) {
    EXPECT_FALSE(ParseComposeDuration(bad)) << bad;
  }
}

}  // namespace
}  // namespace drover::agent
