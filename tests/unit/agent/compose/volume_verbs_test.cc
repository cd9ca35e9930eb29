#include <filesystem>

#include "tests/unit/agent/compose/host_fixture.h"
#include "tests/unit/agent/volumes/folder_sum.h"

namespace drover::agent {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// The container of os1, stopped, has its data in the folder `volume`; there is a cold copy of it
// from before it was written to again.
class VolumeVerbs : public HostTest {
 protected:
  VolumeVerbs() {
    folder_.Write("volume/nodes/0/segment", "old");
    engine_.containers[0].state = "exited";
    engine_.containers[0].mounts = {{"volume", "lab_data", folder_.At("volume"), "/data"}};
    EXPECT_EQ(Run(CopyOrder()).state(), v1::OPERATION_STATE_SUCCEEDED);
    folder_.Write("volume/nodes/0/segment", "newer");
  }
  v1::StartOperation SetAsideOrder() {
    v1::StartOperation order = Order("r/m/aside/1");
    order.mutable_verb()->mutable_set_aside_volume()->set_service("os1");
    order.mutable_verb()->mutable_set_aside_volume()->set_path("/data");
    order.mutable_verb()->mutable_set_aside_volume()->set_name("rollback-2");
    return order;
  }
  v1::StartOperation RestoreVolumeOrder() {
    v1::StartOperation order = Order("r/m/restore/1");
    order.mutable_verb()->mutable_restore_volume()->set_service("os1");
    order.mutable_verb()->mutable_restore_volume()->set_path("/data");
    order.mutable_verb()->mutable_restore_volume()->set_name("drover-1");
    order.mutable_verb()->mutable_restore_volume()->set_aside("rollback-2");
    return order;
  }
  std::string Aside() const { return folder_.At("volume/.drover-kept/rollback-2"); }
};

TEST_F(VolumeVerbs, SetAsideSaysWhereItIs) {
  EXPECT_EQ(verbs_->Examine(SetAsideOrder(), clock_.now).state(), v1::OPERATION_STATE_INTERRUPTED);
  const v1::OperationEnd end = Run(SetAsideOrder());
  ASSERT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED) << end.error().message();
  EXPECT_EQ(end.set_aside_volume().aside(), Aside());
  EXPECT_EQ(end.set_aside_volume().bytes(), 5u);
  EXPECT_EQ(folder_.Read("volume/.drover-kept/rollback-2/nodes/0/segment"), "newer");
  const v1::OperationEnd examined = verbs_->Examine(SetAsideOrder(), clock_.now);
  EXPECT_EQ(examined.state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(examined.set_aside_volume().aside(), Aside());
}

TEST_F(VolumeVerbs, RestorePutsTheCopyBack) {
  EXPECT_EQ(verbs_->Examine(RestoreVolumeOrder(), clock_.now).state(),
            v1::OPERATION_STATE_INTERRUPTED);
  const v1::OperationEnd end = Run(RestoreVolumeOrder());
  ASSERT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED) << end.error().message();
  EXPECT_EQ(end.restore_volume().aside(), Aside());
  EXPECT_EQ(end.restore_volume().copy(), folder_.At("state/copies/lab/os1/drover-1"));
  EXPECT_EQ(end.restore_volume().bytes(), 5u);
  EXPECT_EQ(folder_.Read("volume/nodes/0/segment"), "old");
  EXPECT_EQ(folder_.Read("volume/.drover-kept/rollback-2/nodes/0/segment"), "newer");
  const v1::OperationEnd examined = verbs_->Examine(RestoreVolumeOrder(), clock_.now);
  EXPECT_EQ(examined.state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(examined.restore_volume().copy(), end.restore_volume().copy());
}

// An upgrade after a rollback copies what the node has now, not what was set aside.
TEST_F(VolumeVerbs, ACopyLeavesOutWhatWasSetAside) {
  ASSERT_EQ(Run(RestoreVolumeOrder()).state(), v1::OPERATION_STATE_SUCCEEDED);
  v1::StartOperation order = CopyOrder();
  order.mutable_verb()->mutable_copy_volume()->set_name("drover-3");
  const v1::OperationEnd end = Run(order);
  ASSERT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED) << end.error().message();
  EXPECT_EQ(end.copy_volume().bytes(), 3u);
  EXPECT_EQ(FolderSum(end.copy_volume().copy() + "/data"), end.copy_volume().sha256());
}

TEST_F(VolumeVerbs, ARunningContainerIsLeftAlone) {
  engine_.containers[0].state = "running";
  for (const v1::StartOperation& order : {SetAsideOrder(), RestoreVolumeOrder()}) {
    const v1::OperationEnd end = Run(order);
    EXPECT_EQ(end.state(), v1::OPERATION_STATE_FAILED);
    EXPECT_THAT(end.error().message(), HasSubstr("only while it is stopped"));
    EXPECT_EQ(folder_.Read("volume/nodes/0/segment"), "newer");
  }
}

TEST_F(VolumeVerbs, AServiceWithoutAContainerIsNamed) {
  engine_.containers.clear();
  EXPECT_THAT(Run(SetAsideOrder()).error().message(), HasSubstr("os1"));
  EXPECT_EQ(folder_.Read("volume/nodes/0/segment"), "newer");
}

TEST_F(VolumeVerbs, WhatTheContainerMayOnlyReadIsNotMoved) {
  engine_.containers[0].mounts[0].writable = false;
  const v1::OperationEnd end = Run(SetAsideOrder());
  EXPECT_EQ(end.error().code(), v1::OPERATION_ERROR_CODE_INVALID_PROJECT);
  EXPECT_THAT(end.error().message(), HasSubstr("may only read " + folder_.At("volume")));
  EXPECT_EQ(folder_.Read("volume/nodes/0/segment"), "newer");
}

TEST_F(VolumeVerbs, NoPathLeadsOutOfTheVolume) {
  fs::create_directories(folder_.At("elsewhere"));
  fs::create_directory_symlink(folder_.At("elsewhere"), folder_.At("volume/out"));
  v1::StartOperation order = SetAsideOrder();
  order.mutable_verb()->mutable_set_aside_volume()->set_path("/data/out");
  EXPECT_THAT(Run(order).error().message(), HasSubstr("leads out of the volume"));
  for (const char* path : {"", "data", "/data/../../etc", "/data/.", "/data/", "/data//x"}) {
    order.mutable_verb()->mutable_set_aside_volume()->set_path(path);
    EXPECT_EQ(Refused(order), v1::OPERATION_ERROR_CODE_POLICY_DENIED) << path;
  }
}

TEST_F(VolumeVerbs, NamesAreOnlyNames) {
  v1::StartOperation aside = SetAsideOrder();
  aside.mutable_verb()->mutable_set_aside_volume()->set_name("../nodes");
  EXPECT_EQ(Refused(aside), v1::OPERATION_ERROR_CODE_POLICY_DENIED);
  v1::StartOperation restore = RestoreVolumeOrder();
  restore.mutable_verb()->mutable_restore_volume()->set_name("..");
  EXPECT_EQ(Refused(restore), v1::OPERATION_ERROR_CODE_POLICY_DENIED);
  restore = RestoreVolumeOrder();
  restore.mutable_verb()->mutable_restore_volume()->set_aside("a/b");
  EXPECT_EQ(Refused(restore), v1::OPERATION_ERROR_CODE_POLICY_DENIED);
}

TEST_F(VolumeVerbs, ThePolicyAllowsEachByItsOwnName) {
  folder_.Write("policy.yaml",
                "project_roots: [" + folder_.path() + "/srv]\nimages: []\nverbs: [CopyVolume]\n");
  EXPECT_EQ(Refused(SetAsideOrder()), v1::OPERATION_ERROR_CODE_POLICY_DENIED);
  EXPECT_THAT(said_, HasSubstr("does not allow SetAsideVolume"));
  EXPECT_EQ(Refused(RestoreVolumeOrder()), v1::OPERATION_ERROR_CODE_POLICY_DENIED);
  EXPECT_THAT(said_, HasSubstr("does not allow RestoreVolume"));
}

}  // namespace
}  // namespace drover::agent
