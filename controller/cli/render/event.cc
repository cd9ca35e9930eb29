#include "controller/cli/render/event.h"

#include <map>
#include <nlohmann/json.hpp>

#include "controller/cli/render/format.h"
#include "controller/cli/render/text.h"

namespace drover::cli {

Line RenderEvent(const v1::Event& event, bool with_rollout) {
  Line line(FormatTime(ToTime(event.time())), Tone::kDim);
  line.Add("  ");
  if (with_rollout) {
    line.Add(PadRight(event.rollout_id().empty() ? "fleet" : Sanitize(event.rollout_id()), 8),
             Tone::kDim);
    line.Add("  ");
  }
  std::string who = Sanitize(event.member());
  if (who.empty()) {
    who = Sanitize(event.host());
  } else if (!event.host().empty()) {
    who += " (" + Sanitize(event.host()) + ")";
  }
  if (!who.empty()) line.Add(who, Tone::kBold).Add(": ");
  std::string text = Sanitize(event.text().empty() ? event.kind() : event.text());
  for (char& c : text) c = c == '\n' ? ' ' : c;
  return line.Add(text);
}

std::string EventJson(const v1::Event& event) {
  nlohmann::ordered_json out;
  out["sequence"] = event.sequence();
  out["time"] = FormatTime(ToTime(event.time()));
  out["rollout_id"] = event.rollout_id();
  out["cluster"] = event.cluster();
  out["member"] = event.member();
  out["host"] = event.host();
  out["kind"] = event.kind();
  out["text"] = event.text();
  out["fields"] = std::map<std::string, std::string>(event.fields().begin(), event.fields().end());
  // Bytes that are no UTF-8 are replaced; throwing would lose the event.
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace drover::cli
