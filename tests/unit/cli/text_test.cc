#include "controller/cli/render/text.h"

#include <gtest/gtest.h>

#include "controller/cli/follower.h"
#include "controller/cli/render/format.h"
#include "controller/cli/render/line.h"
#include "controller/cli/screen.h"
#include "controller/cli/suggest.h"

namespace drover::cli {
namespace {

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("✔ 4 s → x"), 9);
  EXPECT_EQ(DisplayWidth("日本"), 4);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
  EXPECT_EQ(DisplayWidth("\xff\xfe"), 2);
}

TEST(Truncate, NeverSplitsACharacter) {
  EXPECT_EQ(Truncate("abc", 3), "abc");
  EXPECT_EQ(Truncate("äöü€", 3), "äö…");
  EXPECT_EQ(Truncate("日本語", 4), "日…");
  EXPECT_EQ(Truncate("abc", 0), "");
}

TEST(Wrap, BreaksAtSpacesAndKeepsLineBreaks) {
  EXPECT_EQ(Wrap("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(Wrap("abcdefgh", 3), (std::vector<std::string>{"abc", "def", "gh"}));
  EXPECT_EQ(Wrap("a\nb", 10), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Wrap("no limit at all", 0), (std::vector<std::string>{"no limit at all"}));
  EXPECT_EQ(Wrap("", 5), (std::vector<std::string>{""}));
}

TEST(Sanitize, RemovesWhatDrivesATerminal) {
  EXPECT_EQ(Sanitize("a\x1b[31mred\x1b[0m\x07\r\tb\n"), "ared b\n");
  EXPECT_EQ(Sanitize("\x1b]0;title\x07text"), "text");
  EXPECT_EQ(Sanitize("\x1b[12;"), "[12;");
  EXPECT_EQ(Sanitize("\u009b31m"), "31m");
  EXPECT_EQ(Sanitize("größe ✔"), "größe ✔");
  EXPECT_EQ(Sanitize("bad \xff byte"), "bad \uFFFD byte");
}

TEST(Line, CutsAtTheWidthAcrossParts) {
  Line line("abcd", Tone::kGood);
  line.Add("efgh");
  EXPECT_EQ(line.Print(8, false), "abcdefgh");
  EXPECT_EQ(line.Print(6, false), "abcde…");
  EXPECT_EQ(line.Print(4, false), "abc…");
  EXPECT_EQ(line.Print(0, true), "\x1b[32mabcd\x1b[0mefgh");
}

TEST(ImageTag, FindsTagsAndDigests) {
  EXPECT_EQ(ImageTag("opensearchproject/opensearch:2.17.1"), "2.17.1");
  EXPECT_EQ(ImageTag("registry:5000/opensearch"), "latest");
  EXPECT_EQ(ImageTag("registry:5000/opensearch:2.19.1@sha256:0123456789abcdef"), "2.19.1");
  EXPECT_EQ(ImageTag("opensearch@sha256:0123456789abcdef"), "@0123456789ab");
}

TEST(Format, DurationsAndBytes) {
  EXPECT_EQ(Brief(Millis(600'000)), "10 min");
  EXPECT_EQ(Brief(Millis(60'000)), "1 min");
  EXPECT_EQ(Brief(Millis(3'000)), "3 s");
  EXPECT_EQ(Brief(Millis(3'400)), "3.4 s");
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1'234'567'890), "1.2 GB");
  EXPECT_EQ(FormatBytes(350'000'000), "350 MB");
}

TEST(Nearest, FindsTyposOnly) {
  const std::vector<std::string> known = {"status", "host", "upgrade", "rollout"};
  EXPECT_EQ(Nearest("upgarde", known), "upgrade");
  EXPECT_EQ(Nearest("rolout", known), "rollout");
  EXPECT_EQ(Nearest("stats", known), "status");
  EXPECT_EQ(Nearest("frobnicate", known), "");
  EXPECT_EQ(Nearest("", known), "");
}

TEST(RetrySpan, DoublesUpToTwelveTimes) {
  const FollowerLimits limits;
  std::vector<int64_t> seconds;
  for (int attempt = 1; attempt <= 6; ++attempt) {
    seconds.push_back(RetrySpan(attempt, limits).count() / 1000);
  }
  EXPECT_EQ(seconds, (std::vector<int64_t>{1, 2, 4, 8, 12, 12}));
}

TEST(Screen, RedrawsInPlaceAndBringsTheCursorBack) {
  std::ostringstream out;
  {
    Screen screen(out);
    screen.Draw("a\nb\n");
    EXPECT_EQ(out.str(), "\x1b[?25la\x1b[K\nb\x1b[K\n\x1b[J");
    out.str("");
    screen.Draw("a\nb\n");
    EXPECT_EQ(out.str(), "");
    screen.Draw("c\n");
    EXPECT_EQ(out.str(), "\x1b[2A\rc\x1b[K\n\x1b[J");
    out.str("");
  }
  EXPECT_EQ(out.str(), "\x1b[?25h");
}

}  // namespace
}  // namespace drover::cli
