#include "controller/cli/render/rollout.h"

#include <algorithm>
#include <string>
#include <vector>

#include "controller/cli/render/checks.h"
#include "controller/cli/render/format.h"
#include "controller/cli/render/member_grid.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

constexpr size_t kWaitsShown = 4;
constexpr int kLogLinesShown = 10;

std::string Clock(const v1::Rollout& rollout, const View& view) {
  if (!rollout.has_started_at()) return "";
  const Time end = rollout.has_ended_at() ? ToTime(rollout.ended_at()) : view.now;
  std::string text = FormatClock(Span(ToTime(rollout.started_at()), end));
  if (rollout.has_ended_at() || !rollout.has_expected_left()) return text;
  const Time as_of = view.as_of == Time{} ? view.now : view.as_of;
  const Millis left = ToMillis(rollout.expected_left()) - Span(as_of, view.now);
  if (left > Millis(0)) text += ", about " + FormatClock(left) + " left";
  return text;
}

void AppendHeader(Lines& out, const v1::Rollout& rollout, const View& view) {
  std::vector<std::string> what = {Sanitize(rollout.cluster())};
  const std::string versions = Versions(rollout.from_version(), rollout.to_version());
  if (!versions.empty()) what.push_back(versions);
  what.push_back(StrategyWord(rollout.strategy()));
  std::vector<std::string> progress;
  if (rollout.batches() > 0 && rollout.batch() > 0) {
    progress.push_back("batch " + std::to_string(rollout.batch()) + " of " +
                       std::to_string(rollout.batches()));
  }
  const std::string clock = Clock(rollout, view);
  if (!clock.empty()) progress.push_back(clock);
  const std::string tail = progress.empty() ? "" : " · " + Join(progress, " · ");
  const Line badge = StateBadge(rollout.state());
  Line start(KindWord(rollout.kind()) + " " + Sanitize(rollout.id()), Tone::kBold);
  start.Add(" · " + Join(what, " · "));
  Line line = start;
  line.Add(tail);
  // Without a width there is no right edge to stand at.
  if (view.width == 0) {
    out.push_back(line.Add("  ").Add(badge));
  } else if (line.Right(badge, view.width)) {
    out.push_back(line);
  } else {
    out.push_back(start);
    out.push_back(Line().Add(badge).Add(tail));
  }
}

Line SnapshotLine(const v1::SnapshotStatus& snapshot, Time now) {
  Line line("snapshot ");
  line.Add(Sanitize(snapshot.name()) + "  ");
  const Tone tone = snapshot.state() == "SUCCESS"       ? Tone::kGood
                    : snapshot.state() == "IN_PROGRESS" ? Tone::kBusy
                    : snapshot.state().empty()          ? Tone::kDim
                                                        : Tone::kBad;
  line.Add(snapshot.state().empty() ? "not yet" : Sanitize(snapshot.state()), tone);
  if (snapshot.has_started_at()) {
    const Time end = snapshot.has_ended_at() ? ToTime(snapshot.ended_at()) : now;
    line.Add(" " + FormatDuration(Span(ToTime(snapshot.started_at()), end)));
  }
  if (snapshot.shards_total() > 0) {
    line.Add(" · ");
    if (snapshot.shards_done() != snapshot.shards_total()) {
      line.Add(std::to_string(snapshot.shards_done()) + " of ");
    }
    line.Add(std::to_string(snapshot.shards_total()) + " shards");
  }
  if (snapshot.state() == "IN_PROGRESS" && snapshot.bytes_total() > 0) {
    line.Add(" · " + FormatBytes(snapshot.bytes_done()) + " of " +
             FormatBytes(snapshot.bytes_total()));
  }
  if (!snapshot.repository().empty()) {
    line.Add(" · repository " + Sanitize(snapshot.repository()));
  }
  return line;
}

void AppendSurroundings(Lines& out, const v1::Rollout& rollout, const View& view) {
  Line left;
  if (rollout.has_snapshot() && !rollout.snapshot().name().empty()) {
    left = SnapshotLine(rollout.snapshot(), view.now);
  }
  Line right;
  if (!rollout.cluster_health().empty()) {
    right.Add("cluster ").Add(HealthWord(rollout.cluster_health()));
  }
  if (!rollout.changed_settings().empty()) {
    if (!right.empty()) right.Add(" · ");
    right.Add(Sanitize(rollout.changed_settings()), Tone::kWarn);
  }
  if (left.empty()) {
    if (!right.empty()) out.push_back(right);
    return;
  }
  const bool placed = !right.empty() && view.width > 0 && left.Right(right, view.width);
  out.push_back(left);
  if (!right.empty() && !placed) out.push_back(right);
}

void AppendWait(Lines& out, const std::string& who, const v1::Wait& wait, const View& view) {
  std::string text = "◷ " + (who.empty() ? "" : who + " ") + WaitReason(wait);
  if (wait.has_since()) {
    text += " · since " + Brief(Millis(Span(ToTime(wait.since()), view.now).count() / 1000 * 1000));
  }
  if (wait.has_until()) {
    const Millis left = ToTime(wait.until()) - view.now;
    text += left > Millis(0) ? " · gives up in " + Brief(Millis(left.count() / 1000 * 1000))
                             : " · its time is over";
  } else {
    text += " · no limit";
  }
  if (!wait.ends_when().empty()) text += " · ends when " + wait.ends_when();
  AppendWrapped(out, text, 0, Tone::kBusy, view);
}

std::vector<const v1::MemberProgress*> MembersAndCompanions(const v1::Rollout& rollout) {
  std::vector<const v1::MemberProgress*> all;
  for (const v1::MemberProgress& member : rollout.members()) all.push_back(&member);
  for (const v1::MemberProgress& companion : rollout.companions()) all.push_back(&companion);
  return all;
}

void AppendWaits(Lines& out, const v1::Rollout& rollout, const View& view) {
  size_t shown = 0;
  size_t more = 0;
  if (rollout.has_wait() && !rollout.wait().reason().empty()) {
    AppendWait(out, "", rollout.wait(), view);
    ++shown;
  }
  for (const v1::MemberProgress* each : MembersAndCompanions(rollout)) {
    const v1::MemberProgress& member = *each;
    if (!member.has_wait() || member.wait().reason().empty()) continue;
    if (shown < kWaitsShown) {
      AppendWait(out, MemberName(member.member()), member.wait(), view);
      ++shown;
    } else {
      ++more;
    }
  }
  if (more > 0) out.push_back(Line("… and " + Count(more, "more wait"), Tone::kDim));
}

void AppendFailure(Lines& out, const v1::MemberProgress& member, const View& view) {
  const v1::MemberFailure& failure = member.failure();
  const v1::MemberRef& ref = member.member();
  AppendWrapped(
      out,
      "✖ " + MemberName(ref) + " failed at " + StepWord(failure.step()) + ": " + failure.reason(),
      0, Tone::kBad, view);
  if (!failure.evidence().empty()) {
    AppendWrapped(out, "evidence: " + failure.evidence(), 2, Tone::kPlain, view);
  }
  if (member.unclean_stop()) {
    AppendWrapped(out, "it did not stop cleanly before", 2, Tone::kWarn, view);
  }
  if (failure.log_lines().empty()) return;
  AppendWrapped(
      out,
      "its last log lines (" + ref.host() + "/" + ref.project() + "/" + ref.service() + "):", 2,
      Tone::kPlain, view);
  for (int i = std::max(0, failure.log_lines_size() - kLogLinesShown); i < failure.log_lines_size();
       ++i) {
    std::string text = Sanitize(failure.log_lines(i));
    std::replace(text.begin(), text.end(), '\n', ' ');
    out.push_back(Line("  │ ", Tone::kDim).Add(text));
  }
}

// Blocks behind the grid, each behind an empty line.
void AppendBlock(Lines& out, const Lines& block) {
  if (block.empty()) return;
  if (!out.empty()) out.emplace_back();
  Append(out, block);
}

Lines Reason(const v1::Rollout& rollout, const View& view) {
  Lines out;
  if (rollout.reason().empty()) return out;
  const bool bad =
      rollout.state() == v1::ROLLOUT_STATE_FAILED || rollout.state() == v1::ROLLOUT_STATE_ABORTED;
  std::string word = StateWord(rollout.state());
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  AppendWrapped(out, word + ": " + rollout.reason(), 0, bad ? Tone::kBad : Tone::kWarn, view);
  return out;
}

Lines Outcome(const v1::Rollout& rollout, const View& view) {
  Lines out;
  const Tone tone = rollout.state() == v1::ROLLOUT_STATE_SUCCEEDED ? Tone::kGood : Tone::kPlain;
  for (const std::string& text : rollout.outcome()) AppendWrapped(out, text, 0, tone, view);
  return out;
}

Lines NextCommands(const v1::Rollout& rollout, const View& view) {
  Lines out;
  if (rollout.next_commands().empty()) return out;
  out.emplace_back("what you can do now");
  for (const std::string& command : rollout.next_commands()) {
    AppendWrapped(out, command, 2, Tone::kBold, view);
  }
  return out;
}

Lines Below(const v1::Rollout& rollout, const View& view) {
  Lines out;
  Lines waits;
  if (!HasEnded(rollout.state())) AppendWaits(waits, rollout, view);
  AppendBlock(out, waits);
  if (rollout.state() == v1::ROLLOUT_STATE_FAILED && AnyBlocks(rollout.checks())) {
    AppendBlock(out, RenderChecks(rollout.checks(), view));
  } else {
    AppendBlock(out, RenderWaived(rollout.checks(), view));
  }
  AppendBlock(out, RenderEnding(rollout, view));
  Lines rollback;
  if (!rollout.rollback().empty()) {
    AppendWrapped(rollback, rollout.rollback(), 0, Tone::kDim, view);
  }
  AppendBlock(out, rollback);
  if (!view.notice.empty()) {
    Lines notice;
    AppendWrapped(notice, view.notice, 0, Tone::kWarn, view);
    AppendBlock(out, notice);
  }
  return out;
}

}  // namespace

Lines RenderEnding(const v1::Rollout& rollout, const View& view) {
  Lines out;
  AppendBlock(out, Reason(rollout, view));
  for (const v1::MemberProgress* member : MembersAndCompanions(rollout)) {
    if (!member->has_failure()) continue;
    Lines failure;
    AppendFailure(failure, *member, view);
    AppendBlock(out, failure);
  }
  AppendBlock(out, Outcome(rollout, view));
  const bool running = !HasEnded(rollout.state()) && rollout.state() != v1::ROLLOUT_STATE_PAUSED;
  if (!running) AppendBlock(out, NextCommands(rollout, view));
  return out;
}

Lines RenderRollout(const v1::Rollout& rollout, const View& view) {
  Lines out;
  AppendHeader(out, rollout, view);
  AppendSurroundings(out, rollout, view);
  const Lines below = Below(rollout, view);
  const int others = static_cast<int>(out.size() + below.size()) + 3;
  const int rows = view.height == 0 ? 0 : std::max(1, view.height - others);
  AppendBlock(out, RenderMemberGrid(rollout, rows, view));
  AppendBlock(out, below);
  if (view.height > 0 && out.size() > static_cast<size_t>(view.height)) {
    out.resize(static_cast<size_t>(view.height));
  }
  return out;
}

}  // namespace drover::cli
