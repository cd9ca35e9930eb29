#include "common/base/time.h"

#include <gtest/gtest.h>

namespace drover {
namespace {

TEST(TimeTest, FormatsUtcWithMilliseconds) {
  EXPECT_EQ(FormatTime(FromUnixMillis(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatTime(FromUnixMillis(1'795'400'034'123)), "2026-11-23T02:13:54.123Z");
}

TEST(TimeTest, FormatsDurationsInTwoUnits) {
  EXPECT_EQ(FormatDuration(Millis(600)), "0.6 s");
  EXPECT_EQ(FormatDuration(Millis(9'900)), "9.9 s");
  EXPECT_EQ(FormatDuration(Millis(41'000)), "41 s");
  EXPECT_EQ(FormatDuration(Millis(200'000)), "3 min 20 s");
  EXPECT_EQ(FormatDuration(Millis(600'000)), "10 min");
  EXPECT_EQ(FormatDuration(Millis(7'500'000)), "2 h 5 min");
}

TEST(TimeTest, FormatsClocks) {
  EXPECT_EQ(FormatClock(Millis(41'000)), "00:41");
  EXPECT_EQ(FormatClock(Millis(725'000)), "12:05");
  EXPECT_EQ(FormatClock(Millis(3'723'000)), "1:02:03");
}

TEST(TimeTest, ParsesDurations) {
  EXPECT_EQ(ParseDuration("90s"), Millis(90'000));
  EXPECT_EQ(ParseDuration("15m"), Millis(900'000));
  EXPECT_EQ(ParseDuration("250ms"), Millis(250));
  EXPECT_EQ(ParseDuration("1h30m"), Millis(5'400'000));
  EXPECT_EQ(ParseDuration("0"), Millis(0));
}

TEST(TimeTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "10", "-1s", "abc", "1 h", "inf", "5d"}) {
    EXPECT_FALSE(ParseDuration(text).has_value()) << text;
  }
}

TEST(TimeTest, UnixMillisecondsGoBothWays) {
  EXPECT_EQ(ToUnixMillis(FromUnixMillis(1'795'400'034'123)), 1'795'400'034'123);
}

}  // namespace
}  // namespace drover
