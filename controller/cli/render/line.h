// What every renderer makes: lines of toned text, colourless until they are printed.
#ifndef DROVER_CONTROLLER_CLI_RENDER_LINE_H_
#define DROVER_CONTROLLER_CLI_RENDER_LINE_H_

#include <string>
#include <utility>
#include <vector>

#include "common/base/time.h"

namespace drover::cli {

enum class Tone { kPlain, kBold, kDim, kGood, kBusy, kWarn, kBad };

// What a renderer has to know beside its message. Renderers are pure: the same message and view
// give the same text.
struct View {
  // Columns; 0 means no limit (not a terminal).
  int width = 0;
  // Rows that a screen may use; 0 means no limit.
  int height = 0;
  bool color = false;
  // Passing checks too.
  bool verbose = false;
  Time now{};
  // When the message arrived; "about … left" counts down from there.
  Time as_of{};
  // A line of the CLI itself under the screen: "connection lost, try 2 of 10".
  std::string notice;
};

class Line {
 public:
  Line() = default;
  explicit Line(const std::string& text, Tone tone = Tone::kPlain) { Add(text, tone); }

  Line& Add(const std::string& text, Tone tone = Tone::kPlain);
  Line& Add(const Line& other);
  // Spaces up to `column`, at least one where the line is already that long.
  Line& To(int column);
  // `other` at the right edge of `width` columns. False, and nothing added, where it does not fit.
  bool Right(const Line& other, int width);

  bool empty() const { return parts_.empty(); }
  int width() const;
  // At most `width` columns (0: no limit), with escape sequences where `color`.
  std::string Print(int width, bool color) const;

 private:
  std::vector<std::pair<Tone, std::string>> parts_;
};

using Lines = std::vector<Line>;

void Append(Lines& to, const Lines& more);

// Appends `text`, wrapped to the view's width, each line behind `indent` spaces.
void AppendWrapped(Lines& to, const std::string& text, int indent, Tone tone, const View& view);

// Each line printed and ended by a line feed.
std::string Print(const Lines& lines, const View& view);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_RENDER_LINE_H_
