// What a rollout says of a failure: its cause, not the lines around it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rollout/harness.h"
#include "tests/unit/rollout/matchers.h"

namespace drover::rollout {
namespace {

using ::testing::ElementsAre;
using testing::Fails;
using testing::Harness;
using ::testing::HasSubstr;
using testing::Orders;

// Seen in the lab: the ten last lines of a node that ended at boot were frames of its stack.
TEST(SaidTest, TheCauseInTheLogIsNotHiddenByItsStack) {
  Harness h;
  h.override = [](const Outstanding& action) -> std::optional<EventBody> {
    if (Orders<UpService>(action)) return Fails(action, OperationErrorCode::kInternal, "no");
    if (!std::holds_alternative<ReadLog>(action.action)) return std::nullopt;
    LogSeen seen{action.id, {"unknown setting [no.such.setting]"}};
    for (int i = 0; i < 30; ++i) seen.lines.push_back("\tat org.opensearch.Frame.run(Frame.java)");
    seen.lines.push_back("\t... 6 more");
    seen.lines.push_back("For complete error details, refer to the log");
    return seen;
  };
  h.Ask(Request::kStart);
  h.Run();
  ASSERT_TRUE(h.state("os-2").failure.has_value());
  EXPECT_THAT(h.state("os-2").failure->log_lines,
              ElementsAre("unknown setting [no.such.setting]",
                          "For complete error details, refer to the log"));
}

// Seen in the lab: its Engine had started it again, and what that boot said hid why the first
// ended.
TEST(SaidTest, TheCauseInTheLogIsNotHiddenByTheNextBoot) {
  Harness h;
  h.override = [](const Outstanding& action) -> std::optional<EventBody> {
    if (Orders<UpService>(action)) return Fails(action, OperationErrorCode::kInternal, "no");
    if (!std::holds_alternative<ReadLog>(action.action)) return std::nullopt;
    LogSeen seen{action.id, {"IllegalArgumentException: unknown setting [no.such.setting]"}};
    for (int i = 0; i < 30; ++i) seen.lines.push_back("[INFO] boots " + std::to_string(i));
    return seen;
  };
  h.Ask(Request::kStart);
  h.Run();
  ASSERT_TRUE(h.state("os-2").failure.has_value());
  const std::vector<std::string>& lines = h.state("os-2").failure->log_lines;
  ASSERT_EQ(lines.size(), 10u);
  EXPECT_THAT(lines.front(), HasSubstr("no.such.setting"));
  EXPECT_EQ(lines.back(), "[INFO] boots 29");
}

// Seen in the lab with a folder that could not be written.
TEST(SaidTest, ASnapshotThatTheRepositoryDoesNotListIsSaidToBeSo) {
  Harness h;
  h.override = [](const Outstanding& action) -> std::optional<EventBody> {
    if (!std::holds_alternative<TakeSnapshot>(action.action)) return std::nullopt;
    return SnapshotSeen{action.id, SnapshotView{}, ""};
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kFailed);
  EXPECT_THAT(h.rollout().reason, HasSubstr("does not list it"));
}

}  // namespace
}  // namespace drover::rollout
