#include "controller/cli/render/line.h"

#include <algorithm>

#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

const char* Escape(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kBold:
      return "\x1b[1m";
    case Tone::kDim:
      return "\x1b[2m";
    case Tone::kGood:
      return "\x1b[32m";
    case Tone::kBusy:
      return "\x1b[36m";
    case Tone::kWarn:
      return "\x1b[33m";
    case Tone::kBad:
      return "\x1b[31m";
  }
  return "";
}

}  // namespace

Line& Line::Add(const std::string& text, Tone tone) {
  if (!text.empty()) parts_.emplace_back(tone, text);
  return *this;
}

Line& Line::Add(const Line& other) {
  parts_.insert(parts_.end(), other.parts_.begin(), other.parts_.end());
  return *this;
}

Line& Line::To(int column) {
  return Add(std::string(static_cast<size_t>(std::max(1, column - width())), ' '));
}

bool Line::Right(const Line& other, int width_limit) {
  if (width() + 2 + other.width() > width_limit) return false;
  To(width_limit - other.width());
  Add(other);
  return true;
}

int Line::width() const {
  int total = 0;
  for (const auto& [tone, text] : parts_) total += DisplayWidth(text);
  return total;
}

std::string Line::Print(int limit, bool color) const {
  std::string out;
  int left = limit;
  const bool cut = limit > 0 && width() > limit;
  for (const auto& [tone, text] : parts_) {
    std::string shown = text;
    if (cut) {
      if (left <= 0) break;
      const int needed = DisplayWidth(text);
      // The last column that is left takes the "…", also where a part ends exactly there.
      if (needed >= left) shown = Truncate(text + " ", left);
      left -= needed;
    }
    const bool painted = color && tone != Tone::kPlain;
    if (painted) out += Escape(tone);
    out += shown;
    if (painted) out += "\x1b[0m";
  }
  return out;
}

void Append(Lines& to, const Lines& more) { to.insert(to.end(), more.begin(), more.end()); }

void AppendWrapped(Lines& to, const std::string& text, int indent, Tone tone, const View& view) {
  const int room = view.width == 0 ? 0 : std::max(20, view.width - indent);
  for (const std::string& part : Wrap(Sanitize(text), room)) {
    to.push_back(Line(std::string(static_cast<size_t>(indent), ' ')).Add(part, tone));
  }
}

std::string Print(const Lines& lines, const View& view) {
  std::string out;
  for (const Line& line : lines) out += line.Print(view.width, view.color) + "\n";
  return out;
}

}  // namespace drover::cli
