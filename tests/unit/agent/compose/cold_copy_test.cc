#include <filesystem>
#include <fstream>

#include "tests/unit/agent/compose/host_fixture.h"
#include "tests/unit/agent/volumes/folder_sum.h"

namespace drover::agent {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// The container of os1, stopped, has its data in the folder `volume`.
class CopyVolume : public HostTest {
 protected:
  CopyVolume() {
    folder_.Write("volume/nodes/0/segment", std::string(3'000'000, 's'));
    folder_.Write("volume/nodes/0/empty", "");
    fs::create_directories(folder_.At("volume/snapshots"));
    fs::create_symlink("nodes/0", folder_.At("volume/latest"));
    engine_.containers[0].state = "exited";
    engine_.containers[0].mounts = {{"bind", "", folder_.path(), "/srv"},
                                    {"volume", "lab_data", folder_.At("volume"), "/data"}};
  }
  std::string Place() const { return folder_.At("state/copies/lab/os1/drover-1"); }
};

TEST_F(CopyVolume, IsEqualAndSaysItsSum) {
  const v1::OperationEnd end = Run(CopyOrder());
  ASSERT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED) << end.error().message();
  EXPECT_EQ(end.copy_volume().copy(), Place());
  EXPECT_EQ(end.copy_volume().source(), folder_.At("volume"));
  EXPECT_EQ(end.copy_volume().bytes(), 3'000'000u);
  EXPECT_EQ(end.copy_volume().files(), 2u);
  EXPECT_EQ(FolderSum(Place() + "/data"), end.copy_volume().sha256());
  EXPECT_TRUE(fs::is_symlink(Place() + "/data/latest"));
  EXPECT_TRUE(fs::is_directory(Place() + "/data/snapshots"));
}

TEST_F(CopyVolume, AFolderInsideTheVolumeIsCopiedAlone) {
  v1::StartOperation order = CopyOrder();
  order.mutable_verb()->mutable_copy_volume()->set_path("/data/nodes");
  const v1::OperationEnd end = Run(order);
  ASSERT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED) << end.error().message();
  EXPECT_TRUE(fs::exists(Place() + "/data/0/segment"));
}

// The volume may have been opened by a newer version since.
TEST_F(CopyVolume, AWholeCopyIsNeverMadeAnew) {
  const v1::OperationEnd first = Run(CopyOrder());
  folder_.Write("volume/nodes/0/segment", "written by a newer version");
  const v1::OperationEnd second = Run(CopyOrder());
  EXPECT_EQ(second.copy_volume().sha256(), first.copy_volume().sha256());
  EXPECT_EQ(fs::file_size(Place() + "/data/nodes/0/segment"), 3'000'000u);
}

TEST_F(CopyVolume, IsRefusedWhileTheContainerRuns) {
  engine_.containers[0].state = "running";
  const v1::OperationEnd end = Run(CopyOrder());
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_FAILED);
  EXPECT_THAT(end.error().message(), HasSubstr("is copied only while it is stopped"));
  EXPECT_FALSE(fs::exists(Place()));
}

TEST_F(CopyVolume, WhatLiesInNoVolumeIsNamed) {
  v1::StartOperation order = CopyOrder();
  order.mutable_verb()->mutable_copy_volume()->set_path("/database");
  const v1::OperationEnd end = Run(order);
  EXPECT_EQ(end.error().code(), v1::OPERATION_ERROR_CODE_INVALID_PROJECT);
  EXPECT_THAT(end.error().message(), HasSubstr("/database in no volume"));
}

TEST_F(CopyVolume, AFailedCopyLeavesNothing) {
  stop_.canceled = true;
  const v1::OperationEnd end = Run(CopyOrder());
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_FAILED);
  EXPECT_FALSE(fs::exists(Place()));
}

TEST_F(CopyVolume, ItsNameIsOnlyAName) {
  for (const char* name : {"", "..", ".hidden", "-r", "a/b", "a b"}) {
    v1::StartOperation order = CopyOrder();
    order.mutable_verb()->mutable_copy_volume()->set_name(name);
    EXPECT_EQ(Refused(order), v1::OPERATION_ERROR_CODE_POLICY_DENIED) << name;
  }
}

TEST_F(CopyVolume, CutOffItIsRemovedAndMayBeOrderedAgain) {
  fs::create_directories(Place() + "/data/nodes");
  EXPECT_EQ(verbs_->Examine(CopyOrder(), clock_.now).state(), v1::OPERATION_STATE_INTERRUPTED);
  EXPECT_FALSE(fs::exists(Place()));
  ASSERT_EQ(Run(CopyOrder()).state(), v1::OPERATION_STATE_SUCCEEDED);
  const v1::OperationEnd whole = verbs_->Examine(CopyOrder(), clock_.now);
  EXPECT_EQ(whole.state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(whole.copy_volume().files(), 2u);
}

}  // namespace
}  // namespace drover::agent
