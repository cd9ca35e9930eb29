#include "tests/unit/rollout/state_table.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "tests/unit/rollout/state_samples.h"

namespace drover::rollout::testing {
namespace {

constexpr char kAny[] = "any";
constexpr char kAnyOther[] = "any other event";
constexpr char kNothing[] = "–";
constexpr size_t kCells = 5;

std::string Trim(const std::string& text) {
  const size_t from = text.find_first_not_of(" `");
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_last_not_of(" `") - from + 1);
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(Trim(part));
  return parts;
}

// The cells between the outer bars.
std::vector<std::string> CellsOf(const std::string& line) {
  std::vector<std::string> cells = Split(line, '|');
  if (!cells.empty()) cells.erase(cells.begin());
  return cells;
}

bool Has(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// What Step() does, in the table's words.
struct Seen {
  std::string next, actions;
};

std::string PhaseWords(const Rollout& rollout) {
  std::string words = Name(rollout.phase);
  if (rollout.phase == Phase::kRestoring) words += " → " + Name(rollout.after_restore);
  return words;
}

std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? kNothing : text;
}

std::string ActionWords(const std::vector<Outstanding>& actions) {
  std::vector<std::string> names;
  for (const Outstanding& o : actions) {
    const std::string name = NameOf(o.action);
    if (names.empty() || names.back() != name) names.push_back(name);
  }
  return Join(names);
}

Seen See(const Sample& sample, const NamedEvent& event, bool of_member) {
  const Transition after = Step(sample.rollout, {sample.now + Millis(10), event.make(sample)});
  Seen seen{kNothing, ActionWords(after.actions)};
  const std::string phase = PhaseWords(after.next);
  if (phase != PhaseWords(sample.rollout)) {
    seen.next = phase;
  } else if (const MemberStep step = Subject(after.next, sample.slot).step;
             of_member && step != Subject(sample.rollout, sample.slot).step) {
    seen.next = Name(step);
  }
  return seen;
}

std::string Wanted(const std::string& actions, const Sample& sample) {
  std::vector<Outstanding> again;
  for (const Outstanding& o : sample.rollout.outstanding) {
    const auto* start = std::get_if<StartOperation>(&o.action);
    if (actions == "again" ||
        (actions == "its orders again" && start != nullptr && start->order.host == "h2")) {
      again.push_back(o);
    }
  }
  const bool is_word = actions == "again" || actions == "its orders again";
  return is_word ? ActionWords(again) : actions;
}

class Comparison {
 public:
  explicit Comparison(const std::vector<TableRow>& rows) : rows_(rows) {}

  std::vector<std::string> Run() {
    CheckNames();
    for (const bool of_member : {false, true}) {
      for (const auto& [state, sample] : of_member ? MemberSamples() : RolloutSamples()) {
        for (const NamedEvent& event : NamedEvents()) Check(of_member, state, sample, event);
      }
    }
    return problems_;
  }

 private:
  void CheckNames() {
    std::set<std::string> events = {kAnyOther};
    for (const NamedEvent& event : NamedEvents()) events.insert(event.name);
    std::set<std::string> used;
    for (const TableRow& row : rows_) {
      const auto& samples = row.of_member ? MemberSamples() : RolloutSamples();
      for (const std::string& state : row.states) {
        if (state != kAny && !samples.contains(state)) {
          Problem(row.line, "nobody knows the state '" + state + "'");
        }
      }
      for (const std::string& event : row.events) {
        used.insert(event);
        if (!events.contains(event)) Problem(row.line, "nobody knows the event '" + event + "'");
      }
    }
    for (const std::string& event : events) {
      if (!used.contains(event)) problems_.push_back("no row names the event '" + event + "'");
    }
  }

  // The rows that fit best.
  std::vector<const TableRow*> Find(bool of_member, const std::string& state,
                                    const std::string& event) const {
    for (const auto& [s, e] : {std::pair{state, event}, {kAny, event}, {state, kAnyOther}}) {
      std::vector<const TableRow*> found;
      for (const TableRow& row : rows_) {
        if (row.of_member == of_member && Has(row.states, s) && Has(row.events, e)) {
          found.push_back(&row);
        }
      }
      if (!found.empty()) return found;
    }
    return {};
  }

  void Check(bool of_member, const std::string& state, const Sample& sample,
             const NamedEvent& event) {
    const std::string where = (of_member ? "member in " : "") + state + " × " + event.name;
    const auto found = Find(of_member, state, event.name);
    if (found.empty()) return problems_.push_back(where + ": no row");
    if (found.size() > 1) return Problem(found[1]->line, where + ": a second row for it");
    const TableRow& row = *found[0];
    const Seen seen = See(sample, event, of_member);
    const std::string actions = Wanted(row.actions, sample);
    if (row.next != seen.next) {
      Problem(row.line,
              where + ": the table goes to '" + row.next + "', Step to '" + seen.next + "'");
    }
    if (actions != seen.actions) {
      Problem(row.line,
              where + ": the table's actions are '" + actions + "', Step's '" + seen.actions + "'");
    }
  }

  void Problem(int line, const std::string& what) {
    problems_.push_back("line " + std::to_string(line) + ": " + what);
  }

  const std::vector<TableRow>& rows_;
  std::vector<std::string> problems_;
};

}  // namespace

StatusOr<std::vector<TableRow>> ParseTable(const std::string& markdown) {
  std::vector<TableRow> rows;
  std::stringstream stream(markdown);
  bool of_member = false, in_table = false;
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (line.starts_with("#")) of_member = line.find("A member") != std::string::npos;
    if (!line.starts_with("|")) {
      in_table = false;
      continue;
    }
    const std::vector<std::string> cells = CellsOf(line);
    const bool header = cells.size() == kCells && cells[0] == "state" && cells[1] == "event";
    if (header || line.starts_with("|--")) {
      in_table = in_table || header;
      continue;
    }
    if (!in_table) continue;
    if (cells.size() != kCells) {
      return InvalidArgument("line " + std::to_string(number) + ": a row has " +
                             std::to_string(cells.size()) + " cells in place of 5");
    }
    rows.push_back(
        {number, of_member, Split(cells[0], ','), Split(cells[1], ','), cells[2], cells[3]});
  }
  return rows;
}

std::vector<std::string> CompareWithStep(const std::vector<TableRow>& rows) {
  return Comparison(rows).Run();
}

std::string PrintTable() {
  std::string text;
  for (const bool of_member : {false, true}) {
    text += of_member ? "\n## A member\n" : "\n## The rollout\n";
    for (const auto& [state, sample] : of_member ? MemberSamples() : RolloutSamples()) {
      for (const NamedEvent& event : NamedEvents()) {
        const Seen seen = See(sample, event, of_member);
        if (seen.next == kNothing && seen.actions == kNothing) continue;
        text +=
            "| " + state + " | " + event.name + " | " + seen.next + " | " + seen.actions + " | |\n";
      }
    }
  }
  return text;
}

}  // namespace drover::rollout::testing
