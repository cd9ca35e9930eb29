// drover rehearse: what is asked, what is shown, how each end ends.
#include <gmock/gmock.h>

#include "tests/unit/cli/fake_control.h"

namespace drover::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RehearseTest : public CliTest {
 protected:
  RehearseTest() {
    v1::RehearseResponse begun;
    begun.set_text("makes a node of 3.8.0 on h1");
    begun.mutable_place()->set_host("h1");
    begun.mutable_place()->set_version("3.8.0");
    begun.mutable_place()->set_container("drover-rehearsal-ab12");
    v1::LeftIndex* left = begun.mutable_place()->add_left_alone();
    left->set_name(".opendistro_security");
    left->set_reason("the node runs without the security plugin");
    v1::RehearseResponse came;
    came.set_text("index logs came up");
    v1::RehearsedIndex* index = came.add_indexes();
    index->set_name("logs");
    index->set_created_version("2.17.1");
    index->set_verdict(v1::REHEARSAL_VERDICT_PASSED);
    index->set_health("green");
    index->set_documents(1713);
    index->set_live_documents(1800);
    end_.set_text("the node is removed");
    end_.set_verdict(v1::REHEARSAL_VERDICT_PASSED);
    rehearsals_.steps = {begun, came, end_};
  }

  v1::RehearseResponse end_;
};

TEST_F(RehearseTest, APassIsSaidWithEachIndex) {
  const Result result = Run({"rehearse", "search", "--to", "3.8.0"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("IN 3.8.0"), HasSubstr("logs"), HasSubstr("green"),
                                HasSubstr("1713"), HasSubstr("1800")));
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("drover-rehearsal-ab12"),
                    HasSubstr(".opendistro_security is left alone"), HasSubstr("passed: 3.8.0")));
  EXPECT_EQ(rehearsals_.asked.cluster(), "search");
  EXPECT_EQ(rehearsals_.asked.sample(), 2U);
}

TEST_F(RehearseTest, WhatDoesNotComeUpIsSaidWithItsWordsAndRemedy) {
  v1::RehearseResponse refused;
  refused.set_text("index old did not come up");
  v1::RehearsedIndex* index = refused.add_indexes();
  index->set_name("old");
  index->set_created_version("1.3.20");
  index->set_verdict(v1::REHEARSAL_VERDICT_FAILED);
  index->set_text("cannot restore index [old]");
  index->set_remedy("drover index reindex search old");
  v1::RehearsalFinding* finding = refused.add_findings();
  finding->set_subject("setting odd");
  finding->set_text("3.8.0 does not know it");
  end_.set_verdict(v1::REHEARSAL_VERDICT_FAILED);
  rehearsals_.steps = {rehearsals_.steps[0], rehearsals_.steps[1], refused, end_};
  const Result result = Run({"rehearse", "search", "--to", "3.8.0"});
  EXPECT_EQ(result.exit, Exit::kRefused);
  EXPECT_THAT(
      result.out,
      AllOf(HasSubstr("index old, made by 1.3.20"), HasSubstr("cannot restore index [old]"),
            HasSubstr("remedy: drover index reindex search old"), HasSubstr("! setting odd")));
  EXPECT_THAT(result.err, HasSubstr("failed: 3.8.0"));
}

TEST_F(RehearseTest, PassesOnWhatWasTyped) {
  Run({"rehearse", "search", "--to", "3.8.0", "--image", "r/os:x", "--host", "h2", "--snapshot",
       "nightly", "--indices", "a,b", "--keep"});
  EXPECT_EQ(rehearsals_.asked.image(), "r/os:x");
  EXPECT_EQ(rehearsals_.asked.host(), "h2");
  EXPECT_EQ(rehearsals_.asked.snapshot(), "nightly");
  EXPECT_THAT(rehearsals_.asked.indices(), ElementsAre("a", "b"));
  EXPECT_TRUE(rehearsals_.asked.keep());
  EXPECT_EQ(Run({"rehearse", "search", "--to", "3.8.0", "--all-indices", "--sample", "3"}).exit,
            Exit::kError);
}

TEST_F(RehearseTest, EachRefusalHasItsExitCode) {
  rehearsals_.steps.clear();
  const auto with = [this](v1::ErrorReason reason) {
    v1::ErrorDetail detail;
    detail.set_reason(reason);
    rehearsals_.status = WithDetail(grpc::StatusCode::FAILED_PRECONDITION, "no", detail);
    return Run({"rehearse", "search", "--to", "3.8.0"}).exit;
  };
  EXPECT_EQ(with(v1::ERROR_REASON_REFUSED_BY_CHECK), Exit::kRefused);
  EXPECT_EQ(with(v1::ERROR_REASON_REFUSED_BY_POLICY), Exit::kRefused);
  EXPECT_EQ(with(v1::ERROR_REASON_HOSTS_UNREACHABLE), Exit::kHostsUnreachable);
  rehearsals_.status = grpc::Status(grpc::StatusCode::CANCELLED, "");
  const Result left = Run({"rehearse", "search", "--to", "3.8.0"});
  EXPECT_EQ(left.exit, Exit::kAborted);
  EXPECT_THAT(left.err, HasSubstr("the controller removes"));
}

}  // namespace
}  // namespace drover::cli
