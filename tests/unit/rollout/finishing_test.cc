// What a rollout says at its end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rollout/harness.h"

namespace drover::rollout {
namespace {

using ::testing::Contains;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::Not;

class FinishingTest : public ::testing::Test {
 protected:
  // An upgrade after which the security plugin says `said`.
  void Upgrade(const std::string& said) {
    h.override = [this, said](const Outstanding& action) -> std::optional<EventBody> {
      const auto* observe = std::get_if<ObserveWorld>(&action.action);
      if (observe == nullptr || !observe->with_explanation) return std::nullopt;
      World seen = h.Now();
      seen.cluster.security_upgrade = said;
      return Observed{action.id, seen};
    };
    h.Ask(Request::kStart);
    h.Run();
    ASSERT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  }
  Harness h;
};

TEST_F(FinishingTest, SaysWhatTheSecurityPluginWants) {
  Upgrade("its configuration is that of the new version");
  EXPECT_THAT(h.rollout().outcome,
              Contains("security: its configuration is that of the new version"));
}

TEST_F(FinishingTest, SaysNothingOfAPluginThatIsNotThere) {
  Upgrade("");
  EXPECT_THAT(h.rollout().outcome, Not(Contains(HasSubstr("security"))));
}

}  // namespace
}  // namespace drover::rollout
