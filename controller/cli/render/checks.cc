#include "controller/cli/render/checks.h"

#include <algorithm>
#include <string>

#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

// Columns before a check's own text: "  block  P16  ".
constexpr int kTextColumn = 14;

size_t CountOf(const Checks& checks, v1::Verdict verdict) {
  return static_cast<size_t>(
      std::count_if(checks.begin(), checks.end(),
                    [verdict](const v1::CheckResult& c) { return c.verdict() == verdict; }));
}

Line VerdictWord(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_PASS:
      return Line("pass", Tone::kGood);
    case v1::VERDICT_WARN:
      return Line("warn", Tone::kWarn);
    case v1::VERDICT_BLOCK:
      return Line("block", Tone::kBad);
    case v1::VERDICT_WAIVED:
      return Line("waived", Tone::kWarn);
    default:
      return Line("?");
  }
}

std::string WaivedBy(const v1::CheckResult& check) {
  return "waived by " + check.waived_by() + ": " + check.waived_reason();
}

void AppendCheck(Lines& out, const v1::CheckResult& check, const View& view) {
  Line head("  ");
  head.Add(VerdictWord(check.verdict())).To(9).Add(Sanitize(check.id())).To(kTextColumn);
  const int room = view.width == 0 ? 0 : std::max(20, view.width - kTextColumn);
  const std::string title = check.title().empty() ? check.evidence() : check.title();
  const std::vector<std::string> parts = Wrap(Sanitize(title), room);
  out.push_back(head.Add(parts.front()));
  for (size_t i = 1; i < parts.size(); ++i) {
    out.push_back(Line(std::string(kTextColumn, ' ')).Add(parts[i]));
  }
  if (!check.title().empty() && !check.evidence().empty()) {
    AppendWrapped(out, check.evidence(), kTextColumn, Tone::kDim, view);
  }
  if (check.verdict() == v1::VERDICT_WAIVED) {
    AppendWrapped(out, WaivedBy(check), kTextColumn + 2, Tone::kWarn, view);
  } else if (!check.remedy().empty() && check.verdict() != v1::VERDICT_PASS) {
    AppendWrapped(out, "remedy: " + check.remedy(), kTextColumn + 2, Tone::kPlain, view);
  }
}

}  // namespace

Lines RenderWaived(const Checks& checks, const View& view) {
  Lines out;
  for (const v1::CheckResult& check : checks) {
    if (check.verdict() != v1::VERDICT_WAIVED) continue;
    AppendWrapped(out, check.id() + " " + check.title() + ": " + WaivedBy(check), 0, Tone::kWarn,
                  view);
  }
  return out;
}

Lines RenderDefinitions(const google::protobuf::RepeatedPtrField<v1::CheckDefinition>& checks,
                        const View& view) {
  Lines out;
  for (const v1::CheckDefinition& check : checks) {
    Line head(Sanitize(check.id()), Tone::kBold);
    head.To(5).Add(Sanitize(check.title()));
    out.push_back(head);
    if (view.verbose) AppendWrapped(out, "asks: " + check.asks(), 5, Tone::kDim, view);
    AppendWrapped(out,
                  check.waivable() ? "can be waived" : "cannot be waived: " + check.not_waivable(),
                  5, Tone::kDim, view);
  }
  return out;
}

bool AnyBlocks(const Checks& checks) { return CountOf(checks, v1::VERDICT_BLOCK) > 0; }

Lines RenderChecks(const Checks& checks, const View& view) {
  const size_t blocking = CountOf(checks, v1::VERDICT_BLOCK);
  const size_t warnings = CountOf(checks, v1::VERDICT_WARN);
  const size_t waived = CountOf(checks, v1::VERDICT_WAIVED);
  Line counts("checks   ");
  counts.Add(std::to_string(CountOf(checks, v1::VERDICT_PASS)) + " passed");
  counts.Add(" · ").Add(Count(warnings, "warning"), warnings > 0 ? Tone::kWarn : Tone::kPlain);
  if (waived > 0) counts.Add(" · ").Add(std::to_string(waived) + " waived", Tone::kWarn);
  counts.Add(" · ").Add(std::to_string(blocking) + " blocking",
                        blocking > 0 ? Tone::kBad : Tone::kPlain);
  Lines out{counts};
  for (const v1::Verdict verdict :
       {v1::VERDICT_BLOCK, v1::VERDICT_WAIVED, v1::VERDICT_WARN, v1::VERDICT_PASS}) {
    if (verdict == v1::VERDICT_PASS && !view.verbose) continue;
    for (const v1::CheckResult& check : checks) {
      if (check.verdict() == verdict) AppendCheck(out, check, view);
    }
  }
  return out;
}

}  // namespace drover::cli
