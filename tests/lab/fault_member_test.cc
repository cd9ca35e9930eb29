// A member that fails with its new image, and an operator who pauses, aborts, mends and goes on.
#include <gmock/gmock.h>

#include <iostream>

#include "tests/lab/fault_fixture.h"

namespace drover::lab {
namespace {

using testing::HasSubstr;

constexpr int kPaused = 5;
constexpr int kAborted = 7;
constexpr char kImage[] = "registry.lab:5000/opensearch:";

class MemberFaultTest : public FaultTest {
 protected:
  void TearDown() override {
    FaultTest::TearDown();
    // Its files name a tag that is no version.
    if (!IsSkipped() && !tag_.empty()) Lab({"down", "--cluster", kName});
  }

  // Upgrades to an image of its own tag: the one of `version`, with one more environment variable
  // where `variable` is not empty.
  void BeginWithImage(const std::string& kind, const std::string& version,
                      const std::string& variable) {
    tag_ = to_ + "-" + kind;
    Arguments tag = {"tag", tag_, "--of", version};
    if (!variable.empty()) tag.insert(tag.end(), {"--env", variable});
    MustLab(tag);
    ASSERT_NO_FATAL_FAILURE(Begin({"--image", kImage + tag_}));
  }

  // The operator pushes the right image under the tag, and pulls it where it is needed.
  void MendImage() {
    MustLab({"tag", tag_, "--of", to_});
    for (const char* host : {"h1", "h2", "h3"}) {
      MustLab({"host", "exec", host, "--", "docker", "pull", "-q", kImage + tag_});
    }
  }

  // The failed member's part of `drover rollout show`; null where there is not exactly one.
  json FailedMember() {
    json failed;
    int count = 0;
    const json rollout = Show();
    for (const json& member : rollout["members"]) {
      if (!member.contains("failure") || member["failure"].is_null()) continue;
      failed = member;
      ++count;
    }
    EXPECT_EQ(count, 1);
    return failed;
  }

  // The line has stopped: settings as before, the other members untouched. Returns the one's name.
  std::string ExpectStoppedAtOne() {
    EXPECT_EQ(AwaitEnd(), kPaused);
    const json failed = FailedMember();
    std::cout << "FAILURE " << failed["failure"].dump() << "\n";
    const std::string name = failed.is_null() ? "" : failed["member"]["name"];
    const json found = MustLab({"evidence", "compare", kName, "--tag", tag_}).Json();
    EXPECT_TRUE(found["settings"]["equal"]) << found["settings"];
    for (const auto& [member, container] : found["containers"].items()) {
      if (member == name) continue;
      EXPECT_EQ(container["stops"], 0) << member;
    }
    return name;
  }

  void ExpectResumedToTheEnd(const std::string& failed) {
    const Outcome resumed = Drover({"rollout", "resume", id()});
    EXPECT_EQ(resumed.exit_code, 0) << resumed.out << resumed.err;
    EXPECT_EQ(AwaitEnd(), 0);
    ExpectUpgraded({{failed, -1}});
  }
};

TEST_F(MemberFaultTest, AnImageThatCrashesAtBootStopsTheLine) {
  ASSERT_NO_FATAL_FAILURE(BeginWithImage("broken", to_, "no.such.setting=true"));

  const std::string failed = ExpectStoppedAtOne();

  EXPECT_THAT(FailedMember()["failure"].dump(), HasSubstr("no.such.setting"));
  MendImage();
  ExpectResumedToTheEnd(failed);
}

class LongMemberFaultTest : public MemberFaultTest {};

TEST_F(LongMemberFaultTest, AnImageOfAnotherVersionStopsTheLine) {
  ASSERT_NO_FATAL_FAILURE(BeginWithImage("wrong", from_, ""));

  const std::string failed = ExpectStoppedAtOne();

  EXPECT_THAT(FailedMember()["failure"]["reason"], HasSubstr(from_ + " instead of " + to_));
  MendImage();
  ExpectResumedToTheEnd(failed);
}

TEST_F(LongMemberFaultTest, ARolloutWithAFailedMemberIsAborted) {
  ASSERT_NO_FATAL_FAILURE(BeginWithImage("broken", to_, "no.such.setting=true"));
  const std::string failed = ExpectStoppedAtOne();

  EXPECT_EQ(Drover({"rollout", "abort", id()}).exit_code, 0);

  EXPECT_EQ(AwaitEnd(), kAborted);
  const std::string outcome = Show()["outcome"].dump();
  std::cout << "ABORTED " << outcome << "\n";
  EXPECT_THAT(outcome, HasSubstr(failed));
  std::map<std::string, int> stops = {{"os-1", 0}, {"os-2", 0}, {"os-3", 0}};
  stops[failed] = -1;
  ExpectKept(stops);
}

TEST_F(LongMemberFaultTest, APauseIsTakenAfterTheMemberAndGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  feed().Await("STOP", Step("STOP"));
  EXPECT_EQ(Drover({"rollout", "pause", id()}).exit_code, 0);

  EXPECT_EQ(AwaitEnd(), kPaused);
  const json found = MustLab({"evidence", "compare", kName}).Json();
  EXPECT_TRUE(found["settings"]["equal"]) << found["settings"];
  EXPECT_EQ(found["health"], "green");
  EXPECT_EQ(Drover({"rollout", "resume", id()}).exit_code, 0);
  EXPECT_EQ(AwaitEnd(), 0);
  ExpectUpgraded();
}

TEST_F(MemberFaultTest, AnAbortStartsTheStoppedMemberAgain) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const json stop = feed().Await("STOP", Step("STOP"));
  ASSERT_FALSE(stop.is_null());
  EXPECT_EQ(Drover({"rollout", "abort", id()}).exit_code, 0);

  EXPECT_EQ(AwaitEnd(), kAborted);
  std::map<std::string, int> stops = {{"os-1", 0}, {"os-2", 0}, {"os-3", 0}};
  stops[stop["member"]] = 1;
  const json found = ExpectKept(stops);
  EXPECT_EQ(found["versions"]["after"], found["versions"]["before"]);
  for (const json& file : found["files"]) EXPECT_EQ(file["tags_changed"], 0) << file;
}

// A volume that the new version may have opened is not given to the old one: it goes forward.
TEST_F(LongMemberFaultTest, AnAbortAfterTheNewImageStartedGoesForward) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const json up = feed().Await("JOINED", Step("JOINED"));
  ASSERT_FALSE(up.is_null());
  EXPECT_EQ(Drover({"rollout", "abort", id()}).exit_code, 0);

  EXPECT_EQ(AwaitEnd(), kAborted);
  std::map<std::string, int> stops = {{"os-1", 0}, {"os-2", 0}, {"os-3", 0}};
  stops[up["member"]] = 1;
  const json found = ExpectKept(stops);
  EXPECT_EQ(found["versions"]["after"][up["member"].get<std::string>()], to_);
}

}  // namespace
}  // namespace drover::lab
