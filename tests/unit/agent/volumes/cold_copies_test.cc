#include <gmock/gmock.h>

#include <filesystem>

#include "agent/volumes/cold_copy.h"
#include "tests/unit/agent/compose/temp_folder.h"

namespace drover::agent {
namespace {

namespace fs = std::filesystem;

class ColdCopiesTest : public testing::Test {
 protected:
  ColdCopiesTest() { folder_.Write("volume/nodes/segment", "bytes"); }

  TempFolder folder_;
  ColdCopies copies_{folder_.At("copies")};
  const VolumePlace place_{"lab", "os1", "drover-1"};
};

TEST_F(ColdCopiesTest, ListsWholeOnesAndLeavesTheOthersAlone) {
  ASSERT_TRUE(copies_.Make(place_, folder_.At("volume"), {}).ok());
  ASSERT_TRUE(copies_.Make({"lab", "os2", "drover-1"}, folder_.At("volume"), {}).ok());
  folder_.Write("copies/lab/os3/drover-1/data/half", "");
  const std::vector<ColdCopies::Listed> listed = copies_.List();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].place.service, "os1");
  EXPECT_EQ(listed[0].copy.source, folder_.At("volume"));
  EXPECT_EQ(listed[0].copy.sum.bytes, 5u);
  EXPECT_GT(listed[0].made_at, Time{});
  EXPECT_TRUE(fs::exists(folder_.At("copies/lab/os3/drover-1/data/half")));
}

TEST_F(ColdCopiesTest, RemovesOneByItsName) {
  ASSERT_TRUE(copies_.Make(place_, folder_.At("volume"), {}).ok());
  ASSERT_TRUE(copies_.Make({"lab", "os1", "drover-2"}, folder_.At("volume"), {}).ok());
  EXPECT_EQ(copies_.Remove({"lab", "os1", "drover-3"}).code(), StatusCode::kNotFound);
  const Status removed = copies_.Remove(place_);
  EXPECT_TRUE(removed.ok()) << removed;
  EXPECT_FALSE(fs::exists(copies_.PathOf(place_)));
  ASSERT_EQ(copies_.List().size(), 1u);
  EXPECT_EQ(copies_.List()[0].place.name, "drover-2");
  EXPECT_TRUE(fs::exists(folder_.At("volume/nodes/segment")));
}

TEST_F(ColdCopiesTest, ARemovalThatWasCutOffIsFinished) {
  folder_.Write("copies/lab/os1/.removing-drover-1/data/rest", "");
  EXPECT_TRUE(copies_.List().empty());
  EXPECT_TRUE(copies_.Remove(place_).ok());
  EXPECT_FALSE(fs::exists(folder_.At("copies/lab/os1/.removing-drover-1")));
  EXPECT_EQ(copies_.Remove(place_).code(), StatusCode::kNotFound);
}

TEST_F(ColdCopiesTest, ADamagedDescriptionIsSaidAndNothingIsRemoved) {
  folder_.Write("copies/lab/os1/drover-1/copy.json", "{\"bytes\": \"many\"}\n");
  EXPECT_EQ(copies_.Find(place_).status().code(), StatusCode::kDataLoss);
  EXPECT_TRUE(fs::exists(folder_.At("copies/lab/os1/drover-1/copy.json")));
}

TEST_F(ColdCopiesTest, WithoutRoomNothingIsBegun) {
  const Status room = CheckRoom(folder_.path(), uint64_t{1} << 60, "The cold copy of /v");
  EXPECT_EQ(room.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(Message(room), testing::HasSubstr("The cold copy of /v needs 1099511627840 MiB"));
}

}  // namespace
}  // namespace drover::agent
