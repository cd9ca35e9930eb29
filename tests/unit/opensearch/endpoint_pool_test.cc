#include "controller/opensearch/endpoint_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::opensearch {
namespace {

using ::testing::ElementsAre;

constexpr Millis kLong{3'600'000};

EndpointPool Three(Millis memory = kLong) {
  return EndpointPool({"http://a", "http://b", "http://c"}, memory);
}

TEST(EndpointPool, BeginsInTheFilesOrder) { EXPECT_THAT(Three().Order({}), ElementsAre(0, 1, 2)); }

TEST(EndpointPool, StaysWithThePreferredOneAndGoesRoundFromThere) {
  EndpointPool pool = Three();
  pool.Prefer(1);
  EXPECT_THAT(pool.Order({}), ElementsAre(1, 2, 0));
}

TEST(EndpointPool, PutsFailedOnesLastTheLongestAgoFirst) {
  EndpointPool pool = Three();
  EXPECT_TRUE(pool.Failed(1, "refused", false));
  EXPECT_TRUE(pool.Failed(0, "refused", false));
  EXPECT_FALSE(pool.Failed(0, "refused", false));
  EXPECT_THAT(pool.Order({}), ElementsAre(2, 1, 0));
  EXPECT_TRUE(pool.Answered(0));
  EXPECT_FALSE(pool.Answered(0));
  EXPECT_THAT(pool.Order({}), ElementsAre(0, 2, 1));
}

TEST(EndpointPool, ForgetsAFailure) {
  EndpointPool pool = Three(Millis(0));
  pool.Failed(0, "timed out", true);
  EXPECT_THAT(pool.Order({}), ElementsAre(0, 1, 2));
  EXPECT_EQ(pool.LatelyTimedOut(0), std::nullopt);
}

TEST(EndpointPool, PutsAvoidedNodesBehindFailedOnes) {
  EndpointPool pool = Three();
  pool.SetNodeName(0, "os-1");
  pool.SetNodeName(1, "os-2");
  pool.Failed(2, "refused", false);
  EXPECT_THAT(pool.Order({"os-1"}), ElementsAre(1, 2, 0));
  EXPECT_THAT(pool.Order({"os-1", "os-2"}), ElementsAre(2, 0, 1));
}

TEST(EndpointPool, RemembersOnlyTimeOutsAsCostly) {
  EndpointPool pool = Three();
  pool.Failed(0, "refused", false);
  pool.Failed(1, "no answer", true);
  EXPECT_EQ(pool.LatelyTimedOut(0), std::nullopt);
  EXPECT_EQ(pool.LatelyTimedOut(1), "no answer");
  pool.Answered(1);
  EXPECT_EQ(pool.LatelyTimedOut(1), std::nullopt);
}

}  // namespace
}  // namespace drover::opensearch
