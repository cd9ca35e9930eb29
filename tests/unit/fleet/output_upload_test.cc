#include "controller/fleet/output_upload.h"

#include <gtest/gtest.h>

namespace drover::fleet {
namespace {

agent::v1::OutputChunk Chunk(const std::string& data, uint64_t gap = 0) {
  agent::v1::OutputChunk chunk;
  chunk.set_data(data);
  chunk.set_gap_bytes(gap);
  return chunk;
}

using Lines = std::vector<std::string>;

TEST(LineSplitterTest, JoinsLinesOverChunks) {
  LineSplitter splitter;
  EXPECT_EQ(splitter.Take(Chunk("a\n\nb")).lines, (Lines{"a", ""}));
  EXPECT_EQ(splitter.Take(Chunk("")).lines, Lines{});
  EXPECT_EQ(splitter.Take(Chunk("c\nd")).lines, Lines{"bc"});
  EXPECT_EQ(splitter.Rest().lines, Lines{"d"});
  EXPECT_EQ(splitter.Rest().lines, Lines{});
}

TEST(LineSplitterTest, GapParts) {
  LineSplitter splitter;
  EXPECT_FALSE(splitter.Take(Chunk("begin")).gap);
  const LogChunk after = splitter.Take(Chunk("end\n", 5));
  EXPECT_TRUE(after.gap);
  EXPECT_EQ(after.lines, (Lines{"begin", "end"}));
}

TEST(LineSplitterTest, EndlessLineIsCut) {
  LineSplitter splitter;
  const LogChunk chunk = splitter.Take(Chunk(std::string(LineSplitter::kMaxLineBytes + 10, 'x')));
  ASSERT_EQ(chunk.lines.size(), 1u);
  EXPECT_EQ(chunk.lines[0].size(), LineSplitter::kMaxLineBytes);
  EXPECT_EQ(splitter.Rest().lines[0].size(), 10u);
}

}  // namespace
}  // namespace drover::fleet
