#include "agent/compose/variables.h"

#include <gtest/gtest.h>

namespace drover::agent {
namespace {

std::string Resolve(const Variables& variables, const std::string& text) {
  const auto result = variables.Interpolate(TracedText::Of(text, 0, 0));
  return result.ok() ? result->text : "error: " + Message(result.status());
}

TEST(Variables, ResolvesEveryForm) {
  Variables v({{"A", "a"}, {"EMPTY", ""}});
  const std::pair<const char*, const char*> cases[] = {
      {"x", "x"},
      {"$A", "a"},
      {"${A}", "a"},
      {"$$A", "$A"},
      {"$A$A-${A}b", "aa-ab"},
      {"${NO}", ""},
      {"${NO-d}", "d"},
      {"${NO:-d}", "d"},
      {"${EMPTY-d}", ""},
      {"${EMPTY:-d}", "d"},
      {"${A:-d}", "a"},
      {"${A:+o}", "o"},
      {"${EMPTY:+o}", ""},
      {"${EMPTY+o}", "o"},
      {"${NO:+o}", ""},
      {"${NO:-${EMPTY:-${A}}}", "a"},
      {"${NO:-a:b-c}", "a:b-c"},
      {"${A:?x}", "a"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Resolve(v, text), expected) << text;
}

TEST(Variables, RefusesWhatIsMalformed) {
  const Variables v{Variables::Environment()};
  for (const std::string bad : {"${", "${}", "${A", "${1}", "${A*}", "$1", "${A:?}", "${A?no}"}) {
    EXPECT_EQ(Resolve(v, bad).rfind("error: ", 0), 0u) << bad << " " << Resolve(v, bad);
  }
  EXPECT_EQ(Resolve(v, "cost $"), "cost $");
}

TEST(Variables, ReadsEnvFiles) {
  Variables v(Variables::Environment{{"SET", "environment"}});
  v.AddFile(
      "# comment\n"
      "PLAIN=one two  # rest\n"
      "HASH=a#b\n"
      "SINGLE='$PLAIN # x'\n"
      "DOUBLE=\"q\\\"$PLAIN\\n\"\n"
      "  export  EXPORTED=e\n"
      "COLON: c\n"
      "NOTHING=\n"
      "SET=file\n"
      "LAST=1\nLAST=2\n"
      "LINES=\"a\nb\"\n"
      "= nonsense\n"
      "word\n"
      "REF=${PLAIN}!${NONE:-n}",
      0);
  const std::pair<const char*, const char*> cases[] = {
      {"$PLAIN", "one two"},
      {"$HASH", "a#b"},
      {"$SINGLE", "$PLAIN # x"},
      {"$EXPORTED", "e"},
      {"$COLON", "c"},
      {"${NOTHING:-x}", "x"},
      {"$SET", "environment"},
      {"$LAST", "2"},
      {"$LINES", "a\nb"},
      {"$REF", "one two!n"},
      {"$DOUBLE", "q\"one two\n"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Resolve(v, text), expected) << text;
}

TEST(Variables, TracesBytesToTheirFile) {
  Variables v{Variables::Environment()};
  v.AddFile("X=\"12\"\n", 7);
  const auto result = v.Interpolate(TracedText::Of("a${X}b${Y:-3}", 1, 100));
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->text, "a12b3");
  const std::pair<int, size_t> origins[] = {{1, 100}, {7, 3}, {7, 4}, {1, 105}, {1, 111}};
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(result->origins[i].file, origins[i].first) << i;
    EXPECT_EQ(result->origins[i].offset, origins[i].second) << i;
  }
}

}  // namespace
}  // namespace drover::agent
