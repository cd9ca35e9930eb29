// Refusals that need a cluster of their own. Each ends with its exit code and says why, and nothing
// is touched while clients write.
#include <gmock/gmock.h>

#include "tests/lab/fault_fixture.h"
#include "tests/lab/roll_fixture.h"

namespace drover::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kRefused = 2;
constexpr char kImage[] = "registry.lab:5000/opensearch:";

class LongRefusalMoreTest : public RollTest {};

TEST_F(LongRefusalMoreTest, FromOneThreeToThreeEightInOneHop) {
  ASSERT_NO_FATAL_FAILURE(Bring("ancient", "1.3.20", {}, {"--style", "plain"}));

  const Outcome outcome =
      ExpectUntouchedBy({"upgrade", name(), "--to", "3.8.0", "--one-hop", "--yes"}, kRefused);

  EXPECT_THAT(outcome.Text(),
              AllOf(HasSubstr("P8"), HasSubstr("1.3.20 → 3.8.0 skips a major version"),
                    HasSubstr("the last minor of 2.x first")));
}

// Known only once the new image is there: after the pull and the snapshot, before anything stops.
TEST_F(LongRefusalMoreTest, APluginThatTheNewImageLacks) {
  ASSERT_NO_FATAL_FAILURE(
      Bring("plugless", "2.19.3", {"2.19.4"}, {"--style", "plain"}, "opensearch-security"));
  MustLab({"images", "2.19.4"});
  const std::string plain = std::string(kImage) + "2.19.4";

  const Outcome outcome =
      ExpectUntouchedBy({"upgrade", name(), "--to", "2.19.4", "--image", plain, "--yes"}, kRefused);

  EXPECT_THAT(outcome.Text(), AllOf(HasSubstr("P12"), HasSubstr("runs opensearch-security, and"),
                                    HasSubstr(plain + " does not have it")));
}

// Two would each keep to one member down, and together take two. The first one goes on.
TEST_F(LongRefusalMoreTest, ASecondRolloutOfTheSameCluster) {
  ASSERT_NO_FATAL_FAILURE(Bring("busy", "2.17.1", {"2.19.1"}, {"--style", "plain"}));
  const std::string file = LabHome() + "/busy-plan.json";
  const Outcome early = Drover({"plan", name(), "--to", "2.19.1", "-o", file});
  ASSERT_EQ(early.exit_code, 0) << early.out << early.err;
  Watch();
  Feed feed;
  const Outcome first =
      Drover({"upgrade", name(), "--to", "2.19.1", "--yes", "--detach", "-o", "json"});
  ASSERT_EQ(first.exit_code, 0) << first.out << first.err;
  const std::string id = first.Json()["id"];
  ASSERT_FALSE(feed.Await("a member stops", Step("STOP")).is_null());

  const Outcome second = Drover({"upgrade", name(), "--to", "2.19.1", "--yes"});
  const Outcome planned = Drover({"apply", file, "--yes"});

  EXPECT_EQ(second.exit_code, kRefused) << second.out << second.err;
  EXPECT_THAT(second.Text(),
              AllOf(HasSubstr("P29"), HasSubstr("rollout " + id + " of busy has not ended")));
  EXPECT_EQ(planned.exit_code, kRefused) << planned.out << planned.err;
  EXPECT_THAT(planned.Text(), AllOf(HasSubstr(id), HasSubstr("has not ended")));
  const Outcome watch = Drover({"rollout", "watch", id, "--timeout", "5m"});
  EXPECT_EQ(watch.exit_code, 0) << watch.out << watch.err;
  ExpectKept({.version = "2.19.1"});
  EXPECT_EQ(Rollouts()[0]["id"], id);
}

}  // namespace
}  // namespace drover::lab
