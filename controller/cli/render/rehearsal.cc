#include "controller/cli/render/rehearsal.h"

#include <sstream>

#include "controller/cli/render/table.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

Line Verdict(const v1::RehearsedIndex& index) {
  return index.verdict() == v1::REHEARSAL_VERDICT_PASSED ? Line("✔ came up", Tone::kGood)
                                                         : Line("✖ did not", Tone::kBad);
}

// Of a node's log several lines.
void AppendText(Lines& out, const std::string& text, const View& view) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    AppendWrapped(out, Sanitize(line), 4, Tone::kPlain, view);
  }
}

void AppendRemedy(Lines& out, const std::string& remedy, const View& view) {
  if (!remedy.empty()) AppendWrapped(out, "remedy: " + Sanitize(remedy), 4, Tone::kDim, view);
}

}  // namespace

Lines RenderRehearsal(const v1::RehearseResponse& all, const View& view) {
  Table table(
      {"INDEX", "MADE BY", "IN " + Sanitize(all.place().version()), "HEALTH", "DOCUMENTS", "LIVE"});
  for (const v1::RehearsedIndex& index : all.indexes()) {
    const bool passed = index.verdict() == v1::REHEARSAL_VERDICT_PASSED;
    table.Add({Line(Sanitize(index.name()), Tone::kBold), Line(Sanitize(index.created_version())),
               Verdict(index), Line(Sanitize(index.health())),
               Line(passed ? std::to_string(index.documents()) : ""),
               Line(index.has_live_documents() ? std::to_string(index.live_documents()) : "")});
  }
  Lines out = table.Render();
  for (const v1::RehearsedIndex& index : all.indexes()) {
    if (index.verdict() == v1::REHEARSAL_VERDICT_PASSED) continue;
    out.push_back(Line("✖ index " + Sanitize(index.name()), Tone::kBad)
                      .Add(index.created_version().empty()
                               ? ""
                               : ", made by " + Sanitize(index.created_version())));
    AppendText(out, index.text(), view);
    AppendRemedy(out, index.remedy(), view);
  }
  for (const v1::RehearsalFinding& finding : all.findings()) {
    out.push_back(finding.fails() ? Line("✖ " + Sanitize(finding.subject()), Tone::kBad)
                                  : Line("! " + Sanitize(finding.subject()), Tone::kWarn));
    AppendText(out, finding.text(), view);
    AppendRemedy(out, finding.remedy(), view);
  }
  return out;
}

}  // namespace drover::cli
