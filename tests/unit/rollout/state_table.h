// docs/state-machine.md as data, and its comparison with Step().
//
// A table of the page whose header is `| state | event | next | actions | in words |` is read;
// those below a heading that begins with "A member" are about members, others about the rollout.
// Cells hold lists, separated by commas. Of several rows that fit, the one that names state and
// event counts, then one of state `any`, then one of `any other event`. `–` is no change, or no
// action; `again` every outstanding action once more; `its orders again` the operations of host h2.
#ifndef DROVER_TESTS_UNIT_ROLLOUT_STATE_TABLE_H_
#define DROVER_TESTS_UNIT_ROLLOUT_STATE_TABLE_H_

#include <string>
#include <vector>

#include "common/base/status.h"

namespace drover::rollout::testing {

struct TableRow {
  int line = 0;
  bool of_member = false;
  std::vector<std::string> states, events;
  std::string next, actions;
};

// INVALID_ARGUMENT with the line for a row without five cells.
StatusOr<std::vector<TableRow>> ParseTable(const std::string& markdown);

// What is wrong, a sentence each: names that nobody knows, states and events without a row, two
// rows for one, and rows that say other than Step() does.
std::vector<std::string> CompareWithStep(const std::vector<TableRow>& rows);

// Every state × event that changes or does something, as Step() has it: to write the page from.
std::string PrintTable();

}  // namespace drover::rollout::testing

#endif  // DROVER_TESTS_UNIT_ROLLOUT_STATE_TABLE_H_
