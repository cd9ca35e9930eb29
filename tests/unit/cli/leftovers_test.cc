// drover leftovers: what is listed, what is asked before something is removed.
#include <gmock/gmock.h>

#include "tests/unit/cli/fake_control.h"

namespace drover::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class LeftoversTest : public CliTest {
 protected:
  LeftoversTest() {
    Add(v1::LEFTOVER_KIND_COLD_COPY, "h1", "drover-1", 2'500'000'000);
    Add(v1::LEFTOVER_KIND_KEPT_VOLUME, "h2", "drover-2", 10);
    Add(v1::LEFTOVER_KIND_COLD_COPY, "h2", "drover-2", 20);
    v1::Leftover* snapshot = fleet_.leftovers.add_leftovers();
    snapshot->set_kind(v1::LEFTOVER_KIND_SNAPSHOT);
    snapshot->set_name("drover-1");
    snapshot->set_path("backups");
    snapshot->set_rollout("1");
    v1::LeftoversUnseen* unseen = fleet_.leftovers.add_unseen();
    unseen->set_what("host h3");
    unseen->set_reason("its agent is not connected");
  }
  void Add(v1::LeftoverKind kind, const std::string& host, const std::string& name,
           uint64_t bytes) {
    v1::Leftover* leftover = fleet_.leftovers.add_leftovers();
    leftover->set_kind(kind);
    leftover->set_cluster("logs");
    leftover->set_host(host);
    leftover->set_project("search");
    leftover->set_service("os");
    leftover->set_name(name);
    leftover->set_path("/kept/" + name);
    leftover->set_bytes(bytes);
  }
};

TEST_F(LeftoversTest, AreATableAndWhatWasNotSeenIsNamed) {
  const Result result = Run({"leftovers", "logs"});
  EXPECT_EQ(result.exit, Exit::kOk);
  EXPECT_EQ(fleet_.leftovers_request.cluster(), "logs");
  EXPECT_THAT(result.out, AllOf(HasSubstr("h1/search/os"), HasSubstr("2.5 GB"),
                                HasSubstr("repository backups"), HasSubstr("volume")));
  EXPECT_THAT(result.err, HasSubstr("not looked at: host h3: its agent is not connected"));
  EXPECT_THAT(Run({"leftovers", "-o", "json"}).out, HasSubstr("\"LEFTOVER_KIND_COLD_COPY\""));
}

TEST_F(LeftoversTest, OneIsRemovedByItsName) {
  const Result result = Run({"leftovers", "remove", "h1/search/os", "drover-1", "--yes"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("removed drover-1"));
  EXPECT_EQ(fleet_.removal.host(), "h1");
  EXPECT_EQ(fleet_.removal.project(), "search");
  EXPECT_EQ(fleet_.removal.service(), "os");
  EXPECT_EQ(fleet_.removal.kind(), v1::LEFTOVER_KIND_COLD_COPY);
}

TEST_F(LeftoversTest, AsksAndTakesNoForAnAnswer) {
  EXPECT_THAT(Run({"leftovers", "remove", "h1/search/os", "drover-1"}).err,
              HasSubstr("give --yes"));
  env_.in_is_terminal = env_.err_is_terminal = true;
  in_.str("n\n");
  const Result result = Run({"leftovers", "remove", "h1/search/os", "drover-1"});
  EXPECT_EQ(result.exit, Exit::kError);
  EXPECT_THAT(result.err, AllOf(HasSubstr("remove 2.5 GB in /kept/drover-1 of host h1"),
                                HasSubstr("nothing was removed")));
  EXPECT_EQ(fleet_.removal.host(), "");
}

TEST_F(LeftoversTest, WhereTwoHaveTheNameTheKindDecides) {
  EXPECT_THAT(Run({"leftovers", "remove", "h2/search/os", "drover-2", "-y"}).err,
              HasSubstr("--kind copy or --kind volume"));
  EXPECT_EQ(fleet_.removal.host(), "");
  EXPECT_EQ(Run({"leftovers", "remove", "h2/search/os", "drover-2", "-y", "--kind", "volume"}).exit,
            Exit::kOk);
  EXPECT_EQ(fleet_.removal.kind(), v1::LEFTOVER_KIND_KEPT_VOLUME);
}

TEST_F(LeftoversTest, WhatIsNotThereIsSaid) {
  EXPECT_THAT(Run({"leftovers", "remove", "h1/search/os", "drover-9", "-y"}).err,
              HasSubstr("host h1 keeps no drover-9 of search/os"));
  EXPECT_THAT(Run({"leftovers", "remove", "h3/search/os", "drover-1", "-y"}).err,
              HasSubstr("host h3 could not be looked at: its agent is not connected"));
  EXPECT_EQ(fleet_.removal.host(), "");
}

TEST_F(LeftoversTest, ASnapshotIsDeletedElsewhere) {
  for (const char* place : {"logs", "logs/os", "a/b/c/d", "//", "h1/search/"}) {
    EXPECT_THAT(Run({"leftovers", "remove", place, "drover-1", "-y"}).err,
                HasSubstr("a snapshot is deleted with drover snapshot delete"));
  }
}

}  // namespace
}  // namespace drover::cli
