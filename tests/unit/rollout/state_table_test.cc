// docs/state-machine.md is the table of what Step() does; this test reads it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <set>

#include "common/base/files.h"
#include "tests/unit/rollout/state_samples.h"
#include "tests/unit/rollout/state_table.h"

namespace drover::rollout::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kRow[] = "| STOP | operation succeeded ";

std::string Page() {
  const StatusOr<std::string> text = ReadFile(DROVER_SOURCE_DIR "/docs/state-machine.md");
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? *text : "";
}

std::vector<std::string> ProblemsOf(const std::string& page) {
  const auto rows = ParseTable(page);
  EXPECT_TRUE(rows.ok()) << rows.status();
  return rows.ok() ? CompareWithStep(*rows) : std::vector<std::string>();
}

// The page with `from` in the row that begins with `row` replaced.
std::string WithRow(const std::string& row, const std::string& from, const std::string& to) {
  std::string page = Page();
  const size_t line = page.find(row);
  EXPECT_NE(line, std::string::npos) << row;
  const size_t at = page.find(from, line);
  EXPECT_LT(at, page.find('\n', line)) << from;
  return page.replace(at, from.size(), to);
}

TEST(StateTable, ThePageSaysWhatStepDoes) {
  if (std::getenv("DROVER_PRINT_TABLE") != nullptr) std::cout << PrintTable();
  std::string all;
  for (const std::string& problem : ProblemsOf(Page())) all += "\n  " + problem;
  EXPECT_TRUE(all.empty()) << all;
}

TEST(StateTable, EveryPhaseStepAndKindOfEventHasASample) {
  for (int i = 0; i <= static_cast<int>(Phase::kRolledBack); ++i) {
    const std::string name = Name(static_cast<Phase>(i));
    const auto it = RolloutSamples().lower_bound(name);
    ASSERT_TRUE(it != RolloutSamples().end() && it->first.starts_with(name)) << name;
    EXPECT_EQ(Name(it->second.rollout.phase), name);
  }
  for (int i = 0; i <= static_cast<int>(MemberStep::kFailed); ++i) {
    const std::string name = Name(static_cast<MemberStep>(i));
    ASSERT_TRUE(MemberSamples().contains(name)) << name;
    EXPECT_EQ(Name(MemberSamples().at(name).rollout.members[0].step), name);
  }
  std::set<size_t> kinds;
  for (const NamedEvent& event : NamedEvents()) {
    kinds.insert(event.make(RolloutSamples().at("ROLLING")).index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<EventBody>);
}

TEST(StateTable, AWrongNextStateIsFound) {
  EXPECT_THAT(ProblemsOf(WithRow(kRow, "LEFT", "UP")),
              Contains(HasSubstr("STOP × operation succeeded: the table goes to 'UP'")));
}

TEST(StateTable, AWrongActionIsFound) {
  EXPECT_THAT(ProblemsOf(WithRow(kRow, "ReadNodes", "Flush")),
              Contains(HasSubstr("the table's actions are 'Flush'")));
}

TEST(StateTable, NamesThatNobodyKnowsAreFound) {
  EXPECT_THAT(ProblemsOf(WithRow(kRow, "STOP", "STOPPED")),
              Contains(HasSubstr("nobody knows the state 'STOPPED'")));
  EXPECT_THAT(ProblemsOf(WithRow(kRow, "operation succeeded", "operation won")),
              Contains(HasSubstr("nobody knows the event 'operation won'")));
}

TEST(StateTable, AMissingRowIsFound) {
  std::string page = Page();
  const size_t line = page.find("| PLANNED");
  ASSERT_NE(line, std::string::npos);
  page.erase(line, page.find('\n', line) - line + 1);
  EXPECT_THAT(ProblemsOf(page), Not(IsEmpty()));
}

TEST(StateTable, ASecondRowIsFound) {
  std::string page = Page();
  const size_t line = page.find(kRow);
  page.insert(line, page.substr(line, page.find('\n', line) - line + 1));
  EXPECT_THAT(ProblemsOf(page), Contains(HasSubstr("a second row")));
}

TEST(StateTable, ABrokenRowIsAnError) {
  const auto rows = ParseTable(
      "| state | event | next | actions | in words |\n|---|---|---|---|---|\n| STOP | x | y |\n");
  EXPECT_EQ(rows.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(rows.status()), HasSubstr("line 3"));
}

}  // namespace
}  // namespace drover::rollout::testing
