#include "agent/volumes/kept_volumes.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/unit/agent/compose/temp_folder.h"
#include "tests/unit/agent/volumes/folder_sum.h"

namespace drover::agent {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class FixedClock final : public Clock {
 public:
  Time Now() override { return FromUnixMillis(1'800'000'000'000); }
};

// A volume with new contents, a cold copy of its old ones.
class KeptVolumesTest : public testing::Test {
 protected:
  KeptVolumesTest() {
    folder_.Write("volume/nodes/0/segment", "old segment");
    folder_.Write("volume/conf", "old");
    EXPECT_TRUE(copies_.Make({"lab", "os1", "drover-1"}, Volume(), {}).ok());
    old_ = FolderSum(Volume());
    fs::remove_all(Volume());
    folder_.Write("volume/nodes/0/segment", "written by a newer version");
    folder_.Write("volume/other", "new");
    new_ = FolderSum(Volume());
  }

  std::string Volume() const { return folder_.At("volume"); }
  std::string Kept(const std::string& name) const {
    return folder_.At("volume/.drover-kept/" + name);
  }
  // Of the volume without what is kept.
  std::string Sum() const {
    const std::string kept = folder_.At("volume/.drover-kept");
    if (fs::exists(kept)) fs::rename(kept, folder_.At("kept-beside"));
    std::string sum = FolderSum(Volume());
    if (fs::exists(folder_.At("kept-beside"))) fs::rename(folder_.At("kept-beside"), kept);
    return sum;
  }
  StatusOr<KeptVolumes::Kept> SetAside() { return kept_.SetAside(place_, Volume()); }
  StatusOr<KeptVolumes::Kept> Restore(const std::string& copy = "drover-1",
                                      const CopyOptions& options = {}) {
    return kept_.Restore(place_, Volume(), copy, copies_, options);
  }
  void WriteRecord(const KeptRecord& record) {
    ASSERT_TRUE(KeptRecords(folder_.At("kept")).Save(place_, record).ok());
  }

  TempFolder folder_;
  FixedClock clock_;
  ColdCopies copies_{folder_.At("copies")};
  KeptVolumes kept_{folder_.At("kept"), &clock_};
  const VolumePlace place_{"lab", "os1", "rollback-2"};
  std::string old_, new_;
};

TEST_F(KeptVolumesTest, SetsAsideAllOfItByName) {
  ASSERT_EQ(chmod(Volume().c_str(), 0750), 0);
  const auto kept = SetAside();
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->path, Kept("rollback-2"));
  EXPECT_EQ(kept->bytes, 29u);
  EXPECT_EQ(kept->created_at, clock_.Now());
  EXPECT_EQ(FolderSum(Kept("rollback-2")), new_);
  EXPECT_EQ(Sum(), crypto::Sha256Hex(""));
  EXPECT_EQ(fs::status(Volume()).permissions(), fs::perms(0750));
  EXPECT_EQ(fs::status(folder_.At("volume/.drover-kept")).permissions(), fs::perms::owner_all);
}

TEST_F(KeptVolumesTest, DoneOnceItMovesNothingMore) {
  ASSERT_TRUE(SetAside().ok());
  folder_.Write("volume/nodes/0/segment", "a new life");
  const auto again = SetAside();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->bytes, 29u);
  EXPECT_EQ(folder_.Read("volume/nodes/0/segment"), "a new life");
  EXPECT_EQ(FolderSum(Kept("rollback-2")), new_);
}

TEST_F(KeptVolumesTest, RestoresACopyAndKeepsWhatWasThere) {
  const auto kept = Restore();
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->restored, "drover-1");
  EXPECT_EQ(Sum(), old_);
  EXPECT_EQ(FolderSum(Kept("rollback-2")), new_);
  EXPECT_EQ(FolderSum(folder_.At("copies/lab/os1/drover-1/data")), old_);
  EXPECT_FALSE(fs::exists(Kept(".restoring-rollback-2")));
}

TEST_F(KeptVolumesTest, RestoredOnceItStaysAsItIs) {
  ASSERT_TRUE(Restore().ok());
  folder_.Write("volume/nodes/0/segment", "gone on from there");
  ASSERT_TRUE(copies_.Remove({"lab", "os1", "drover-1"}).ok());
  EXPECT_TRUE(Restore().ok());
  EXPECT_EQ(folder_.Read("volume/nodes/0/segment"), "gone on from there");
  EXPECT_EQ(kept_.Find(place_)->restored, "drover-1");
}

TEST_F(KeptVolumesTest, AMissingCopyMovesNothingAndNamesItsFolder) {
  const auto kept = Restore("drover-9");
  EXPECT_EQ(kept.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(Message(kept.status()), HasSubstr(folder_.At("copies/lab/os1/drover-9")));
  EXPECT_EQ(Sum(), new_);
}

TEST_F(KeptVolumesTest, ACopyThatIsNotWhatItWasMovesNothing) {
  folder_.Write("copies/lab/os1/drover-1/data/nodes/0/segment", "bit rot bit");
  const auto kept = Restore();
  EXPECT_EQ(kept.status().code(), StatusCode::kDataLoss) << kept.status();
  EXPECT_EQ(Sum(), new_);
  EXPECT_EQ(FolderSum(folder_.At("volume/.drover-kept")), crypto::Sha256Hex(""));
  EXPECT_EQ(kept_.Find(place_).status().code(), StatusCode::kNotFound);
}

TEST_F(KeptVolumesTest, ACanceledRestoreMovesNothing) {
  CopyOptions options;
  options.go_on = [] { return Aborted("canceled"); };
  EXPECT_EQ(Restore("drover-1", options).status().code(), StatusCode::kAborted);
  EXPECT_EQ(Sum(), new_);
  ASSERT_TRUE(Restore().ok());
  EXPECT_EQ(Sum(), old_);
}

TEST_F(KeptVolumesTest, RestoresIntoWhatWasSetAsideBefore) {
  ASSERT_TRUE(SetAside().ok());
  const auto kept = Restore();
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(Sum(), old_);
  EXPECT_EQ(FolderSum(Kept("rollback-2")), new_);
}

TEST_F(KeptVolumesTest, WhatCameAfterASetAsideIsNotOverwritten) {
  ASSERT_TRUE(SetAside().ok());
  folder_.Write("volume/nodes/0/segment", "a new life");
  EXPECT_EQ(Restore().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(folder_.Read("volume/nodes/0/segment"), "a new life");
}

TEST_F(KeptVolumesTest, ANameIsForOneFolderAndOneCopy) {
  ASSERT_TRUE(Restore().ok());
  EXPECT_EQ(Restore("drover-9").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(SetAside().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(kept_.SetAside(place_, folder_.At("copies")).status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(Sum(), old_);
}

TEST_F(KeptVolumesTest, WhatNobodyKnowsOfIsNotTouched) {
  folder_.Write("volume/.drover-kept/rollback-2/precious", "");
  EXPECT_EQ(SetAside().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Restore().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Sum(), new_);
}

TEST_F(KeptVolumesTest, ALinkInPlaceOfTheKeptFolderIsNotFollowed) {
  fs::create_directories(folder_.At("elsewhere"));
  fs::create_directory_symlink(folder_.At("elsewhere"), folder_.At("volume/.drover-kept"));
  EXPECT_FALSE(SetAside().ok());
  EXPECT_TRUE(fs::is_empty(folder_.At("elsewhere")));
  EXPECT_TRUE(fs::exists(folder_.At("volume/other")));
}

TEST_F(KeptVolumesTest, ListsAndRemovesByName) {
  ASSERT_TRUE(Restore().ok());
  ASSERT_EQ(kept_.List().size(), 1u);
  EXPECT_EQ(kept_.List()[0].place.name, "rollback-2");
  EXPECT_EQ(kept_.List()[0].kept.bytes, 29u);
  EXPECT_EQ(kept_.Remove({"lab", "os1", "other"}).code(), StatusCode::kNotFound);
  EXPECT_TRUE(kept_.Remove(place_).ok());
  EXPECT_FALSE(fs::exists(Kept("rollback-2")));
  EXPECT_TRUE(kept_.List().empty());
  EXPECT_EQ(Sum(), old_);
}

TEST_F(KeptVolumesTest, HalfSetAsideIsNotRemoved) {
  WriteRecord({Volume(), "", 29, clock_.Now(), KeptState::kMoving});
  folder_.Write("volume/.drover-kept/rollback-2/conf", "half of it");
  EXPECT_EQ(kept_.Remove(place_).code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(fs::exists(Kept("rollback-2/conf")));
}

// What is on the disk when the agent is killed at each point of a Restore or a SetAside: so many
// renames after that record.
struct CrashPoint {
  KeptState state;
  size_t moved;
  bool staging = true;
};

class CrashTest : public KeptVolumesTest {
 protected:
  // Does what the call does up to the point.
  void CrashAt(const CrashPoint& point, bool restores) {
    const fs::path aside = Kept("rollback-2");
    const fs::path staging = Kept(".restoring-rollback-2");
    const auto move = [](const fs::path& from, const fs::path& to, size_t count) {
      std::vector<fs::path> names;
      for (const auto& entry : fs::directory_iterator(from)) {
        if (entry.path().filename() != ".drover-kept") names.push_back(entry.path());
      }
      for (size_t i = 0; i < std::min(count, names.size()); ++i) {
        fs::rename(names[i], to / names[i].filename());
      }
    };
    fs::create_directories(folder_.At("volume/.drover-kept"));
    WriteRecord({Volume(), restores ? "drover-1" : "", 29, clock_.Now(), point.state});
    if (restores) {
      fs::copy(folder_.At("copies/lab/os1/drover-1/data"), staging, fs::copy_options::recursive);
    }
    if (point.state == KeptState::kCopying) {
      fs::remove(staging / "conf");
      return;
    }
    const bool placing = point.state == KeptState::kPlacing;
    fs::create_directories(aside);
    move(Volume(), aside, placing ? 9 : point.moved);
    if (placing) move(staging, Volume(), point.moved);
    if (!point.staging) fs::remove_all(staging);
  }
};

TEST_F(CrashTest, EveryCutOffRestoreEndsWellWhenItIsOrderedAgain) {
  const std::vector<CrashPoint> points = {
      {KeptState::kCopying, 0}, {KeptState::kMoving, 0},        {KeptState::kMoving, 1},
      {KeptState::kMoving, 2},  {KeptState::kPlacing, 0},       {KeptState::kPlacing, 1},
      {KeptState::kPlacing, 2}, {KeptState::kPlacing, 2, false}};
  for (const CrashPoint& point : points) {
    SCOPED_TRACE(std::to_string(static_cast<int>(point.state)) + "/" + std::to_string(point.moved) +
                 (point.staging ? "" : " without staging"));
    fs::remove_all(Volume());
    fs::remove_all(folder_.At("kept"));
    folder_.Write("volume/nodes/0/segment", "written by a newer version");
    folder_.Write("volume/other", "new");
    CrashAt(point, /*restores=*/true);
    EXPECT_EQ(kept_.Find(place_).status().code(), StatusCode::kNotFound);
    const auto kept = Restore();
    ASSERT_TRUE(kept.ok()) << kept.status();
    EXPECT_EQ(kept->bytes, 29u);
    EXPECT_EQ(Sum(), old_);
    EXPECT_EQ(FolderSum(Kept("rollback-2")), new_);
    EXPECT_EQ(fs::exists(Kept(".restoring-rollback-2")), false);
    EXPECT_EQ(kept_.Find(place_)->restored, "drover-1");
  }
}

TEST_F(CrashTest, EveryCutOffSetAsideEndsWellWhenItIsOrderedAgain) {
  for (size_t moved = 0; moved <= 2; ++moved) {
    SCOPED_TRACE(moved);
    fs::remove_all(Volume());
    fs::remove_all(folder_.At("kept"));
    folder_.Write("volume/nodes/0/segment", "written by a newer version");
    folder_.Write("volume/other", "new");
    CrashAt({KeptState::kMoving, moved}, /*restores=*/false);
    EXPECT_EQ(kept_.Find(place_).status().code(), StatusCode::kNotFound);
    ASSERT_TRUE(SetAside().ok());
    EXPECT_EQ(FolderSum(Kept("rollback-2")), new_);
    EXPECT_EQ(Sum(), crypto::Sha256Hex(""));
  }
}

TEST_F(CrashTest, WhatWasCopiedAndIsGoneIsNotTakenForRestored) {
  CrashAt({KeptState::kMoving, 1, false}, /*restores=*/true);
  EXPECT_EQ(Restore().status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace drover::agent
