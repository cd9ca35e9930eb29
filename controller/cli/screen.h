// Redraws a block of lines in place on a terminal.
#ifndef DROVER_CONTROLLER_CLI_SCREEN_H_
#define DROVER_CONTROLLER_CLI_SCREEN_H_

#include <ostream>
#include <string>

namespace drover::cli {

class Screen {
 public:
  // `out` is borrowed. The cursor is hidden from the first drawing on, and back when the screen
  // ends.
  explicit Screen(std::ostream& out) : out_(out) {}
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // Replaces what was drawn last by `text`, whose lines end with a line feed and are no wider than
  // the terminal. Writes nothing where it is the same.
  void Draw(const std::string& text);

 private:
  std::ostream& out_;
  std::string drawn_;
  bool began_ = false;
};

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_SCREEN_H_
