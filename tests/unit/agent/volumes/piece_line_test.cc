#include "agent/volumes/piece_line.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <cstring>

namespace drover::agent {
namespace {

using testing::HasSubstr;

// Pieces of one file whose copy is the device.
Status CopyTo(const char* device, int pieces) {
  PieceLine line;
  const auto copy = std::make_shared<CopiedFile>();
  copy->file = Descriptor(::open(device, O_RDWR | O_CLOEXEC));
  copy->source = "/data/segment";
  for (int i = 0; i < pieces; ++i) {
    auto buffer = line.TakeBuffer();
    if (!buffer.ok()) return buffer.status();
    std::memset(buffer->get(), 's', PieceBuffer::kBytes);
    const off_t at = static_cast<off_t>(PieceBuffer::kBytes) * i;
    const Status added = line.Add(
        {.buffer = *std::move(buffer), .size = PieceBuffer::kBytes, .copy = copy, .at = at});
    if (!added.ok()) return added;
  }
  return line.Finish().status();
}

TEST(PieceLineTest, ADiskThatGivesBackSomethingElseIsFound) {
  // It takes everything and gives back NULs.
  const Status copied = CopyTo("/dev/zero", 1);
  EXPECT_EQ(copied.code(), StatusCode::kDataLoss) << copied;
  EXPECT_THAT(Message(copied), HasSubstr("/data/segment"));
}

TEST(PieceLineTest, AFullDiskIsSaid) {
  const Status copied = CopyTo("/dev/full", 1);
  EXPECT_EQ(copied.code(), StatusCode::kResourceExhausted) << copied;
}

// More pieces than buffers: nobody waits for one that a failure held back.
TEST(PieceLineTest, AFailureReachesWhoAdds) {
  EXPECT_EQ(CopyTo("/dev/zero", 1000).code(), StatusCode::kDataLoss);
}

TEST(PieceLineTest, DrainWaitsForAllThatWasAdded) {
  PieceLine line;
  const auto copy = std::make_shared<CopiedFile>();
  copy->file = Descriptor(::open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  ASSERT_TRUE(copy->file.open());
  auto buffer = line.TakeBuffer();
  ASSERT_TRUE(buffer.ok());
  std::memset(buffer->get(), 's', 4);
  ASSERT_TRUE(line.Add({.buffer = *std::move(buffer), .size = 4, .copy = copy}).ok());
  ASSERT_TRUE(line.Drain().ok());
  char written[5] = {};
  EXPECT_EQ(::pread(copy->file.get(), written, 5, 0), 4);
  EXPECT_STREQ(written, "ssss");
  const auto sum = line.Finish();
  ASSERT_TRUE(sum.ok());
  EXPECT_EQ(*sum, "28e51044f4a9cbae2bbd3d8a9d8c902ad1455d42208277ac4a913b003038a3dc");
}

}  // namespace
}  // namespace drover::agent
