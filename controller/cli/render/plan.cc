#include "controller/cli/render/plan.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "controller/cli/render/checks.h"
#include "controller/cli/render/format.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

size_t HostCount(const v1::Plan& plan) {
  std::set<std::string> hosts;
  for (const v1::PlannedMember& member : plan.members()) hosts.insert(member.member().host());
  return hosts.size();
}

// A restart may be of fewer members than the cluster has nodes.
std::string VerifiedNodes(const v1::Plan& plan) {
  const size_t verified = plan.repository_verified_nodes();
  const auto members = static_cast<size_t>(plan.members_size());
  if (verified > members) return Count(verified, "node");
  return std::to_string(verified) + " of " + Count(members, "node");
}

// The way, where it has several hops or one of them needs something.
void AppendHops(Lines& out, const v1::Plan& plan, const View& view) {
  const bool several = plan.hops_size() > 1;
  if (!several && (plan.hops_size() == 0 || plan.hops(0).needs().empty())) return;
  constexpr int kNeedColumn = 7;
  for (int i = 0; i < plan.hops_size(); ++i) {
    const v1::Hop& hop = plan.hops(i);
    Line head(several ? "hop " + std::to_string(i + 1) : "hop");
    head.To(kNeedColumn).Add(Versions(hop.from_version(), hop.to_version()), Tone::kBold);
    if (several && i == 0) head.Add("   this plan");
    out.push_back(head);
    for (const v1::HopNeed& need : hop.needs()) {
      const bool to_do = need.kind() != v1::HOP_NEED_KIND_NO_RETURN;
      AppendWrapped(out, need.text(), kNeedColumn, to_do ? Tone::kWarn : Tone::kPlain, view);
    }
  }
  out.emplace_back();
}

void AppendPreparation(Lines& out, const v1::Plan& plan, const View& view) {
  // A rollback takes none; only a fresh cluster is filled from the one that is there.
  if (!plan.undoes().empty()) {
    if (plan.tier() == 3) {
      AppendWrapped(out,
                    "snapshot " + plan.snapshot() + " in repository " + plan.repository() +
                        ", which is registered to be read only",
                    0, Tone::kPlain, view);
    }
  } else if (!plan.repository().empty()) {
    std::string text = "snapshot ";
    if (!plan.snapshot().empty()) text += plan.snapshot() + " in ";
    const bool own = !plan.own_repository().empty();
    text += own ? "its own repository " + plan.own_repository() + ", below " : "repository ";
    text += plan.repository();
    if (!plan.repository_type().empty()) text += " (" + plan.repository_type() + ")";
    text += plan.repository_verified_nodes() == 0
                ? ", not registered yet: registered and verified when the rollout starts"
                : ", verified by " + VerifiedNodes(plan);
    AppendWrapped(out, text, 0, Tone::kPlain, view);
  }
  for (const std::string& image : plan.prefetch_images()) {
    std::string text = "prefetch " + image + ", " + Count(HostCount(plan), "host");
    if (HostCount(plan) > 1) text += " at once";
    AppendWrapped(out, text, 0, Tone::kPlain, view);
  }
}

void AppendBatches(Lines& out, const v1::Plan& plan) {
  uint32_t last = 0;
  for (const v1::PlannedMember& member : plan.members()) last = std::max(last, member.batch());
  const int label = 7 + static_cast<int>(std::to_string(last).size());
  int widest = 0;
  std::vector<Lines> batches;
  for (uint32_t batch = 1; batch <= last; ++batch) {
    Lines rows;
    for (const v1::PlannedMember& member : plan.members()) {
      if (member.batch() != batch) continue;
      Line row;
      if (rows.empty()) row.Add("batch " + std::to_string(batch));
      row.To(label + 1).Add(MemberName(member.member()), Tone::kBold);
      row.Add(" (" + Sanitize(member.member().host()) + ")");
      widest = std::max(widest, row.width());
      rows.push_back(row);
    }
    batches.push_back(rows);
  }
  for (size_t i = 0; i < batches.size(); ++i) {
    size_t at = 0;
    for (const v1::PlannedMember& member : plan.members()) {
      if (member.batch() != i + 1) continue;
      Line& row = batches[i][at++];
      if (!member.note().empty()) row.To(widest + 3).Add(Sanitize(member.note()), Tone::kDim);
    }
    Append(out, batches[i]);
  }
}

void AppendCompanions(Lines& out, const v1::Plan& plan, const View& view) {
  if (plan.companions().empty()) return;
  std::string text = "then companions ";
  for (int i = 0; i < plan.companions_size(); ++i) {
    const v1::PlannedMember& companion = plan.companions(i);
    text += (i == 0 ? "" : ", ") + MemberName(companion.member()) + " to " +
            Sanitize(companion.to_image());
  }
  text += ": pulled with the members' images";
  if (plan.companions_size() > 1) text += "; all stop, one starts, then the others";
  AppendWrapped(out, text, 0, Tone::kPlain, view);
}

void AppendWaysBack(Lines& out, const v1::Plan& plan, const View& view) {
  if (plan.ways_back().empty()) return;
  out.emplace_back("way back");
  for (const std::string& way : plan.ways_back()) {
    AppendWrapped(out, way, 2, Tone::kPlain, view);
  }
  out.emplace_back();
}

void AppendEnd(Lines& out, const v1::Plan& plan, const View& view) {
  std::vector<std::string> parts;
  if (plan.has_expected()) {
    std::string expected = "expected " + FormatClock(ToMillis(plan.expected()));
    if (!plan.expected_from().empty()) expected += " (" + plan.expected_from() + ")";
    parts.push_back(expected);
  }
  if (plan.promises().empty() && plan.max_unavailable() > 0) {
    parts.push_back(plan.max_unavailable() == 1
                        ? "one member down at a time"
                        : "at most " + Count(plan.max_unavailable(), "member") + " down at a time");
  }
  parts.insert(parts.end(), plan.promises().begin(), plan.promises().end());
  if (!parts.empty()) AppendWrapped(out, Join(parts, " · "), 0, Tone::kPlain, view);
  Line last("plan ");
  last.Add(Sanitize(plan.id()), Tone::kBold);
  if (IsBlocked(plan)) {
    last.Add(" · can't be started: a check blocks", Tone::kBad);
  } else {
    last.Add(" · valid while hosts, files, images and cluster stay as they are");
  }
  out.push_back(last);
}

}  // namespace

bool IsBlocked(const v1::Plan& plan) { return !plan.startable() || AnyBlocks(plan.checks()); }

Lines RenderPlan(const v1::Plan& plan, const View& view) {
  Line head(KindWord(plan.kind()) + " " + Sanitize(plan.cluster()), Tone::kBold);
  const std::string versions = Versions(plan.from_version(), plan.to_version());
  if (!versions.empty()) head.Add(" ").Add(versions, Tone::kBold);
  head.Add(", " + StrategyWord(plan.strategy()) + ", ");
  head.Add(Count(static_cast<size_t>(plan.members_size()), "member") + " on " +
           Count(HostCount(plan), "host"));
  Lines out{head, Line()};
  if (!plan.undoes().empty()) {
    AppendWrapped(out,
                  "undoes rollout " + plan.undoes() + " by tier " + std::to_string(plan.tier()) +
                      ": " + plan.loss(),
                  0, Tone::kBold, view);
    out.emplace_back();
  }
  AppendHops(out, plan, view);
  Append(out, RenderChecks(plan.checks(), view));
  out.emplace_back();
  const size_t before = out.size();
  AppendPreparation(out, plan, view);
  AppendBatches(out, plan);
  AppendCompanions(out, plan, view);
  if (out.size() != before) out.emplace_back();
  AppendWaysBack(out, plan, view);
  AppendEnd(out, plan, view);
  return out;
}

}  // namespace drover::cli
