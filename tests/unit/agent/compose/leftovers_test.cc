#include <filesystem>

#include "tests/unit/agent/compose/host_fixture.h"

namespace drover::agent {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A cold copy of os1's volume, and contents that were set aside.
class LeftoversTest : public HostTest {
 protected:
  LeftoversTest() {
    folder_.Write("volume/nodes/0/segment", "newer");
    engine_.containers[0].state = "exited";
    engine_.containers[0].mounts = {{"volume", "lab_data", folder_.At("volume"), "/data"}};
    EXPECT_EQ(Run(CopyOrder()).state(), v1::OPERATION_STATE_SUCCEEDED);
    v1::StartOperation order = Order("r/m/aside/1");
    order.mutable_verb()->mutable_set_aside_volume()->set_service("os1");
    order.mutable_verb()->mutable_set_aside_volume()->set_path("/data");
    order.mutable_verb()->mutable_set_aside_volume()->set_name("drover-2");
    EXPECT_EQ(Run(order).state(), v1::OPERATION_STATE_SUCCEEDED);
  }
  v1::Leftovers List() {
    v1::Query query;
    query.mutable_list_leftovers();
    return verbs_->Answer(query).leftovers();
  }
  v1::QueryResult Remove(v1::LeftoverKind kind, const std::string& name) {
    v1::Query query;
    query.mutable_remove_leftover()->set_kind(kind);
    query.mutable_remove_leftover()->set_project("lab");
    query.mutable_remove_leftover()->set_service("os1");
    query.mutable_remove_leftover()->set_name(name);
    return verbs_->Answer(query);
  }
};

TEST_F(LeftoversTest, AreListedWithTheirPlaceSizeAndTime) {
  const v1::Leftovers all = List();
  ASSERT_EQ(all.leftovers_size(), 2);
  const v1::Leftover& copy = all.leftovers(0);
  EXPECT_EQ(copy.kind(), v1::LEFTOVER_KIND_COLD_COPY);
  EXPECT_EQ(copy.project() + "/" + copy.service() + " " + copy.name(), "lab/os1 drover-1");
  EXPECT_EQ(copy.source(), folder_.At("volume"));
  EXPECT_EQ(copy.path(), folder_.At("state/copies/lab/os1/drover-1"));
  EXPECT_EQ(copy.bytes(), 5u);
  EXPECT_GT(copy.created_at().seconds(), 0);
  const v1::Leftover& kept = all.leftovers(1);
  EXPECT_EQ(kept.kind(), v1::LEFTOVER_KIND_KEPT_VOLUME);
  EXPECT_EQ(kept.path(), folder_.At("volume/.drover-kept/drover-2"));
  EXPECT_EQ(TimeOnWire(kept.created_at()), clock_.now);
}

TEST_F(LeftoversTest, OneIsRemovedByItsName) {
  const v1::QueryResult removed = Remove(v1::LEFTOVER_KIND_COLD_COPY, "drover-1");
  EXPECT_EQ(removed.removed_leftover().leftover().bytes(), 5u) << removed.error().message();
  EXPECT_FALSE(fs::exists(folder_.At("state/copies/lab/os1/drover-1")));
  ASSERT_EQ(List().leftovers_size(), 1);
  EXPECT_TRUE(Remove(v1::LEFTOVER_KIND_KEPT_VOLUME, "drover-2").has_removed_leftover());
  EXPECT_FALSE(fs::exists(folder_.At("volume/.drover-kept/drover-2")));
  EXPECT_EQ(List().leftovers_size(), 0);
}

TEST_F(LeftoversTest, WhatIsNotThereIsSaidAndNoNameBecomesAPath) {
  for (const char* name : {"drover-9", "../os1/drover-1", ".", ""}) {
    const v1::QueryResult result = Remove(v1::LEFTOVER_KIND_COLD_COPY, name);
    EXPECT_EQ(result.error().code(), v1::OPERATION_ERROR_CODE_UNKNOWN_SERVICE) << name;
  }
  EXPECT_TRUE(Remove(v1::LEFTOVER_KIND_UNSPECIFIED, "drover-1").has_error());
  EXPECT_EQ(List().leftovers_size(), 2);
}

TEST_F(LeftoversTest, ThePolicyAllowsRemovalsAndNotListings) {
  folder_.Write("policy.yaml",
                "project_roots: [" + folder_.path() + "/srv]\nimages: []\nverbs: [CopyVolume]\n");
  EXPECT_EQ(List().leftovers_size(), 2);
  const v1::QueryResult result = Remove(v1::LEFTOVER_KIND_COLD_COPY, "drover-1");
  EXPECT_EQ(result.error().code(), v1::OPERATION_ERROR_CODE_POLICY_DENIED);
  EXPECT_THAT(result.error().message(), HasSubstr("does not allow RemoveLeftover"));
  EXPECT_EQ(List().leftovers_size(), 2);
}

TEST_F(LeftoversTest, NothingIsRemovedWhileAVolumeIsCopied) {
  v1::StartOperation order = CopyOrder();
  order.mutable_verb()->mutable_copy_volume()->set_name("drover-3");
  folder_.Write("volume/nodes/0/segment", std::string(1'000'000, 'x'));
  v1::QueryResult meanwhile;
  const v1::OperationEnd end = verbs_->Run(
      order,
      [this, &meanwhile](const v1::OperationProgress&) {
        if (!meanwhile.has_error()) meanwhile = Remove(v1::LEFTOVER_KIND_COLD_COPY, "drover-1");
      },
      stop_);
  ASSERT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED) << end.error().message();
  EXPECT_THAT(meanwhile.error().message(), HasSubstr("is being copied or restored"));
  EXPECT_EQ(List().leftovers_size(), 3);
}

}  // namespace
}  // namespace drover::agent
