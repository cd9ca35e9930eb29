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

// Companions go through some of the steps, restarts and clusters of two managers through others.
TEST(StateTable, EveryKindOfRolloutHasSamples) {
  for (const char* name : {"STOP", "SET_IMAGE", "UP", "JOINED", "DONE", "FAILED"}) {
    const std::string state = std::string(name) + " (companion)";
    ASSERT_TRUE(MemberSamples().contains(state)) << state;
    const Sample& sample = MemberSamples().at(state);
    EXPECT_EQ(Name(sample.rollout.companions.at(0).step), name);
  }
  for (const char* name : {"STOP", "LEFT", "UP"}) {
    const std::string state = std::string(name) + " (restart)";
    ASSERT_TRUE(MemberSamples().contains(state)) << state;
    EXPECT_FALSE(MemberSamples().at(state).rollout.plan->ChangesImages());
  }
}

template <size_t... I>
std::set<std::string> NamesOfActions(std::index_sequence<I...>) {
  return {NameOf(std::variant_alternative_t<I, Action>())...};
}

// A new kind of action or verb needs a state in which it is asked for.
TEST(StateTable, EveryKindOfActionIsInARow) {
  const auto rows = ParseTable(Page());
  ASSERT_TRUE(rows.ok());
  std::string all;
  for (const TableRow& row : *rows) all += row.actions + ", ";
  std::set<std::string> names =
      NamesOfActions(std::make_index_sequence<std::variant_size_v<Action>>());
  names.erase(NameOf(StartOperation()));
  for (const Verb& verb : std::vector<Verb>{PullImage{}, StopService{}, SetImage{}, UpService{}}) {
    names.insert(VerbName(verb));
  }
  for (const std::string& name : names) EXPECT_NE(all.find(name), std::string::npos) << name;
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
