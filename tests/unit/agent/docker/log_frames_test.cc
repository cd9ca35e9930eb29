#include "agent/docker/log_frames.h"

#include <gtest/gtest.h>

namespace drover::agent {
namespace {

std::string Frame(char stream, const std::string& payload) {
  std::string frame(8, '\0');
  frame[0] = stream;
  frame[6] = static_cast<char>(payload.size() >> 8 & 0xff);
  frame[7] = static_cast<char>(payload.size() & 0xff);
  return frame + payload;
}

TEST(LogFrames, TakesPiecesOfAnySize) {
  const std::string long_line(1000, 'x');
  const std::string stream = Frame(1, "one\n") + Frame(2, "") + Frame(2, long_line) + Frame(1, "z");
  for (const size_t size : {size_t{1}, size_t{3}, size_t{8}, size_t{100}, stream.size()}) {
    LogFrames frames(/*tty=*/false);
    std::string text;
    for (size_t at = 0; at < stream.size(); at += size)
      text += frames.Feed(stream.substr(at, size));
    EXPECT_EQ(text, "one\n" + long_line + "z") << size;
  }
}

TEST(LogFrames, PassesATtyAsItIs) {
  LogFrames frames(/*tty=*/true);
  EXPECT_EQ(frames.Feed("\x01raw"), "\x01raw");
}

}  // namespace
}  // namespace drover::agent
