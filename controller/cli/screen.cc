#include "controller/cli/screen.h"

#include <algorithm>

namespace drover::cli {

Screen::~Screen() {
  if (began_) out_ << "\x1b[?25h" << std::flush;
}

void Screen::Draw(const std::string& text) {
  if (began_ && text == drawn_) return;
  // One write for the whole frame, each line erased behind its end: no flicker.
  std::string frame;
  if (!began_) frame += "\x1b[?25l";
  const auto up = std::count(drawn_.begin(), drawn_.end(), '\n');
  if (up > 0) frame += "\x1b[" + std::to_string(up) + "A\r";
  for (const char c : text) {
    if (c == '\n') frame += "\x1b[K";
    frame += c;
  }
  frame += "\x1b[J";
  out_ << frame << std::flush;
  drawn_ = text;
  began_ = true;
}

}  // namespace drover::cli
