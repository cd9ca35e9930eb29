#include "controller/cli/render/member_grid.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "controller/cli/render/format.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

constexpr size_t kPhases = 5;
constexpr std::array<v1::Column, kPhases> kColumns = {
    v1::COLUMN_PREFETCH, v1::COLUMN_STOP, v1::COLUMN_UP, v1::COLUMN_JOIN, v1::COLUMN_RECOVER};
constexpr int kPhaseWidth = 8;
// A text over the phase columns needs at least so much room to say anything.
constexpr int kSpanRoom = 24;

// A restart pulls nothing: its first phase is the stop.
size_t FirstPhase(const v1::Rollout& rollout) {
  return rollout.kind() == v1::ROLLOUT_KIND_RESTART ? 1 : 0;
}

struct Row {
  std::string name;
  std::string roles;
  std::string host;
  std::string image;
  std::array<Line, kPhases> cells;
  // Text from this phase to the row's end in place of the cells; kPhases where there is none.
  size_t span_from = kPhases;
  Line span;
  size_t first = 0;  // the phases before it are not shown
};

const v1::Cell* FindCell(const v1::MemberProgress& member, v1::Column column) {
  for (const v1::Cell& cell : member.cells()) {
    if (cell.column() == column) return &cell;
  }
  return nullptr;
}

Line CellText(const v1::Cell& cell, Time now) {
  const Time end = cell.has_ended_at() ? ToTime(cell.ended_at()) : now;
  const std::string took =
      cell.has_started_at() ? FormatDuration(Span(ToTime(cell.started_at()), end)) : "";
  switch (cell.state()) {
    case v1::CELL_STATE_DONE:
      return Line(took.empty() ? "✔" : "✔ " + took, Tone::kGood);
    case v1::CELL_STATE_FAILED:
      return Line(took.empty() ? "✖" : "✖ " + took, Tone::kBad);
    case v1::CELL_STATE_RUNNING: {
      const Millis so_far =
          cell.has_started_at() ? Span(ToTime(cell.started_at()), now) : Millis(0);
      const std::string text =
          cell.text().empty() ? std::to_string(so_far.count() / 1000) + " s" : cell.text();
      return Line("◷ " + Sanitize(text), Tone::kBusy);
    }
    default:
      return {};
  }
}

// The phase where a text about the member's present belongs: what runs, else what comes next.
size_t PresentPhase(const v1::MemberProgress& member, size_t first) {
  size_t next = kPhases;
  for (size_t i = first; i < kPhases; ++i) {
    const v1::Cell* cell = FindCell(member, kColumns[i]);
    const v1::CellState state = cell == nullptr ? v1::CELL_STATE_PENDING : cell->state();
    if (state == v1::CELL_STATE_RUNNING || state == v1::CELL_STATE_FAILED) return i;
    if (next == kPhases && state != v1::CELL_STATE_DONE) next = i;
  }
  return next;
}

void FillSpan(Row& row, const v1::MemberProgress& member, bool ended, Time now) {
  const size_t phase = PresentPhase(member, row.first);
  if (member.state() == v1::MEMBER_STATE_FAILED && member.has_failure()) {
    row.span_from = std::min(phase, kPhases - 1);
    const std::string cell = row.cells[row.span_from].Print(0, false);
    row.span.Add((cell.empty() ? "✖" : cell) + ": " + Sanitize(member.failure().reason()),
                 Tone::kBad);
  } else if (member.state() == v1::MEMBER_STATE_DONE || ended) {
    return;
  } else if (member.has_wait() && !member.wait().reason().empty()) {
    row.span_from = std::min(phase, kPhases - 1);
    row.span.Add(WaitText(member.wait(), now), Tone::kBusy);
  } else if (member.state() == v1::MEMBER_STATE_PENDING && !member.note().empty()) {
    // Prefetching goes on meanwhile in its own column.
    row.span_from = std::clamp<size_t>(phase, 1, kPhases - 1);
    row.span.Add(Sanitize(member.note()), Tone::kDim);
  }
}

Row MakeRow(const v1::MemberProgress& member, const v1::Rollout& rollout, Time now) {
  Row row;
  row.first = FirstPhase(rollout);
  row.name = MemberName(member.member());
  row.roles = RoleWords(member.roles());
  row.host = Sanitize(member.member().host());
  const std::string from = ImageTag(member.from_image());
  row.image = member.state() == v1::MEMBER_STATE_PENDING
                  ? Sanitize(from)
                  : Versions(from, ImageTag(member.to_image()));
  for (size_t i = 0; i < kPhases; ++i) {
    if (const v1::Cell* cell = FindCell(member, kColumns[i])) row.cells[i] = CellText(*cell, now);
  }
  FillSpan(row, member, HasEnded(rollout.state()), now);
  return row;
}

// Where each column begins; -1 for one that is left out.
struct Layout {
  int roles = -1;
  int host = -1;
  int image = -1;
  std::array<int, kPhases + 1> phases{};
  size_t first = 0;
  bool fits = true;
};

Layout MakeLayout(const std::vector<Row>& rows, bool with_host, bool with_image, const View& view) {
  int name = 6, roles = 0, host = 4, image = 5;
  std::array<int, kPhases> phases{};
  phases.fill(kPhaseWidth);
  for (const Row& row : rows) {
    name = std::max(name, DisplayWidth(row.name));
    roles = std::max(roles, DisplayWidth(row.roles));
    host = std::max(host, DisplayWidth(row.host));
    image = std::max(image, DisplayWidth(row.image));
    for (size_t i = row.first; i < std::min(kPhases, row.span_from); ++i) {
      phases[i] = std::max(phases[i], row.cells[i].width());
    }
  }
  Layout layout;
  layout.first = rows.empty() ? 0 : rows.front().first;
  int at = 1 + name + 2;
  if (roles > 0) layout.roles = at, at += roles + 2;
  if (with_host) layout.host = at, at += host + 2;
  if (with_image) layout.image = at, at += image + 2;
  int end = at;
  for (size_t i = layout.first; i < kPhases; ++i) {
    layout.phases[i] = at;
    end = at + phases[i];
    at = end + 1;
  }
  layout.phases[kPhases] = at;
  for (const Row& row : rows) {
    if (row.span_from < kPhases) {
      end = std::max(end, layout.phases[row.span_from] + std::min(kSpanRoom, row.span.width()));
    }
  }
  layout.fits = view.width == 0 || end <= view.width;
  return layout;
}

Line Header(const Layout& layout) {
  Line line(" MEMBER", Tone::kDim);
  if (layout.host >= 0) line.To(layout.host).Add("HOST", Tone::kDim);
  if (layout.image >= 0) line.To(layout.image).Add("IMAGE", Tone::kDim);
  for (size_t i = layout.first; i < kPhases; ++i) {
    line.To(layout.phases[i]).Add(ColumnWord(kColumns[i]), Tone::kDim);
  }
  return line;
}

Line GridLine(const Row& row, const Layout& layout) {
  Line line(" ");
  line.Add(row.name, Tone::kBold);
  if (layout.roles >= 0 && !row.roles.empty()) line.To(layout.roles).Add(row.roles);
  if (layout.host >= 0) line.To(layout.host).Add(row.host);
  if (layout.image >= 0) line.To(layout.image).Add(row.image);
  for (size_t i = layout.first; i < std::min(kPhases, row.span_from); ++i) {
    if (!row.cells[i].empty()) line.To(layout.phases[i]).Add(row.cells[i]);
  }
  if (row.span_from < kPhases) line.To(layout.phases[row.span_from]).Add(row.span);
  return line;
}

// For a narrow view: name, and the one phase that says most.
Line ShortLine(const Row& row, const v1::MemberProgress& member, int name_width) {
  Line line(" ");
  line.Add(PadRight(row.name, name_width), Tone::kBold).Add("  ");
  const size_t phase = PresentPhase(member, row.first);
  if (member.state() == v1::MEMBER_STATE_DONE) {
    return line.Add("✔ done", Tone::kGood);
  }
  if (row.span_from < kPhases) {
    if (member.state() != v1::MEMBER_STATE_PENDING) {
      line.Add(ColumnWord(kColumns[row.span_from]) + " ", Tone::kDim);
    }
    return line.Add(row.span);
  }
  if (phase < kPhases && !row.cells[phase].empty()) {
    return line.Add(ColumnWord(kColumns[phase]) + " ", Tone::kDim).Add(row.cells[phase]);
  }
  return line.Add("pending", Tone::kDim);
}

// Members that get a row of their own; the others are counted by kind.
struct Choice {
  std::vector<const v1::MemberProgress*> shown;
  size_t done = 0;
  size_t waiting = 0;
};

Choice Choose(const v1::Rollout& rollout, int rows) {
  Choice choice;
  for (const v1::MemberProgress& member : rollout.members()) choice.shown.push_back(&member);
  for (const v1::MemberProgress& member : rollout.companions()) choice.shown.push_back(&member);
  if (rows <= 0) return choice;
  const auto limit = static_cast<size_t>(std::max(3, rows));
  const auto used = [&] {
    return choice.shown.size() + (choice.done > 0 ? 1 : 0) + (choice.waiting > 0 ? 1 : 0);
  };
  const auto drop = [&](v1::MemberState state, bool from_end) {
    const auto is = [state](const v1::MemberProgress* m) { return m->state() == state; };
    auto found = std::find_if(choice.shown.begin(), choice.shown.end(), is);
    if (from_end) {
      const auto last = std::find_if(choice.shown.rbegin(), choice.shown.rend(), is);
      found = last == choice.shown.rend() ? choice.shown.end() : std::prev(last.base());
    }
    if (found == choice.shown.end()) return false;
    choice.shown.erase(found);
    return true;
  };
  while (used() > limit && drop(v1::MEMBER_STATE_DONE, false)) ++choice.done;
  while (used() > limit && drop(v1::MEMBER_STATE_PENDING, true)) ++choice.waiting;
  return choice;
}

Lines ShortLines(const std::vector<Row>& rows, const Choice& choice) {
  int name = 0;
  for (const Row& row : rows) name = std::max(name, DisplayWidth(row.name));
  Lines out;
  for (size_t i = 0; i < rows.size(); ++i) {
    out.push_back(ShortLine(rows[i], *choice.shown[i], name));
  }
  return out;
}

Lines GridLines(const std::vector<Row>& rows, const Choice& choice, const View& view) {
  for (const auto& [host, image] : {std::pair(true, true), {true, false}, {false, false}}) {
    const Layout layout = MakeLayout(rows, host, image, view);
    if (!layout.fits) continue;
    Lines out{Header(layout)};
    for (const Row& row : rows) out.push_back(GridLine(row, layout));
    return out;
  }
  return ShortLines(rows, choice);
}

}  // namespace

std::string WaitReason(const v1::Wait& wait) {
  const std::string reason = Sanitize(wait.reason());
  return reason.rfind("wait", 0) == 0 ? reason : "waits for " + reason;
}

std::string WaitText(const v1::Wait& wait, Time now) {
  std::string text = "◷";
  if (wait.has_since()) {
    text += " " + Brief(Millis(Span(ToTime(wait.since()), now).count() / 1000 * 1000));
    if (wait.has_until()) {
      text += " / " + Brief(Span(ToTime(wait.since()), ToTime(wait.until())));
    }
  }
  return text + ": " + WaitReason(wait);
}

Lines RenderMemberGrid(const v1::Rollout& rollout, int limit, const View& view) {
  const Choice choice = Choose(rollout, limit);
  std::vector<Row> rows;
  for (const v1::MemberProgress* member : choice.shown) {
    rows.push_back(MakeRow(*member, rollout, view.now));
  }
  Lines out = GridLines(rows, choice, view);
  if (choice.done > 0) {
    out.push_back(Line(" ✔ " + Count(choice.done, "more member") + " done", Tone::kGood));
  }
  if (choice.waiting > 0) {
    out.push_back(Line(" … " + Count(choice.waiting, "more member") + " to come", Tone::kDim));
  }
  return out;
}

}  // namespace drover::cli
