#include "controller/opensearch/version_id.h"

#include <gtest/gtest.h>

namespace drover::opensearch {
namespace {

TEST(DecodeVersionId, ReadsTheIdsThatRealIndicesHave) {
  EXPECT_EQ(DecodeVersionId(135249827), "1.3.20");
  EXPECT_EQ(DecodeVersionId(136387927), "2.17.1");
  EXPECT_EQ(DecodeVersionId(0x08000000 ^ 2190199), "2.19.1");
  EXPECT_EQ(DecodeVersionId(0x08000000 ^ 3080099), "3.8.0");
  EXPECT_EQ(DecodeVersionId(0x08000000 ^ 2110199), "2.11.1");
}

TEST(DecodeVersionId, NeverTakesElasticsearchForALaterOpenSearch) {
  EXPECT_EQ(DecodeVersionId(7100299), "elasticsearch-7.10.2");
  EXPECT_EQ(DecodeVersionId(6080099), "elasticsearch-6.8.0");
}

TEST(DecodeVersionId, IsEmptyWithoutAnId) {
  EXPECT_EQ(DecodeVersionId(0), "");
  EXPECT_EQ(DecodeVersionId(-5), "");
}

}  // namespace
}  // namespace drover::opensearch
