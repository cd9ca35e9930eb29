// index ls and index reindex: what is asked for, what is said, and how each end ends.
#include "tests/unit/cli/fake_control.h"

namespace drover::cli {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class IndexTest : public CliTest {
 protected:
  IndexTest() {
    indexes_.list = [this](const v1::ListIndexesRequest& request,
                           v1::ListIndexesResponse& response) {
      listed_ = request;
      v1::Index* index = response.add_indexes();
      index->set_name(".hidden-one");
      index->set_created_version("1.3.20");
      index->set_hidden(true);
      index->set_shards(2);
      index->set_replicas(1);
      return grpc::Status::OK;
    };
    indexes_.reindex = [this](grpc::ServerContext*, const v1::ReindexIndexesRequest& request,
                              grpc::ServerWriter<v1::ReindexIndexesResponse>* writer) {
      asked_ = request;
      v1::ReindexIndexesResponse step;
      step.set_index("logs");
      step.set_state(v1::REINDEX_STATE_RUNNING);
      step.set_text("copies logs to drover-reindex-logs");
      step.set_documents_done(500);
      step.set_documents_total(1000);
      writer->Write(step);
      return end_;
    };
  }

  v1::ListIndexesRequest listed_;
  v1::ReindexIndexesRequest asked_;
  grpc::Status end_;
};

TEST_F(IndexTest, ListsWhatIsTooOld) {
  const Result result = Run({"index", "ls", "search-prod", "--too-old-for", "3.8.0"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  EXPECT_EQ(listed_.too_old_for(), "3.8.0");
  EXPECT_TRUE(Has(result.out, ".hidden-one")) << result.out;
  EXPECT_TRUE(Has(result.out, "closed, hidden")) << result.out;
  EXPECT_TRUE(Has(result.out, "2 × 2")) << result.out;
}

TEST_F(IndexTest, ReindexTellsHowFarItIs) {
  const Result result =
      Run({"index", "reindex", "search-prod", "logs", ".hidden-one", "--keep-old", "--yes"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  EXPECT_TRUE(Has(result.err, "500 of 1000 documents")) << result.err;
  EXPECT_EQ(asked_.indexes_size(), 2);
  EXPECT_TRUE(asked_.keep_old());
  EXPECT_EQ(result.out, "");
}

TEST_F(IndexTest, ItAsksAndTakesNoForAnAnswer) {
  EXPECT_TRUE(Has(Run({"index", "reindex", "search-prod", "logs"}).err, "give --yes"));
  env_.in_is_terminal = env_.err_is_terminal = true;
  in_.str("n\n");
  const Result result = Run({"index", "reindex", "search-prod", "logs"});
  EXPECT_EQ(result.exit, Exit::kError);
  EXPECT_TRUE(Has(result.err, "nothing was changed")) << result.err;
  EXPECT_EQ(asked_.indexes_size(), 0);
}

TEST_F(IndexTest, WhereItEndsEarlyTheSameCommandGoesOn) {
  end_ = grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "document 7: no");
  const Result failed = Run({"index", "reindex", "search-prod", "logs", "--yes"});
  EXPECT_EQ(failed.exit, Exit::kError);
  EXPECT_TRUE(Has(failed.err, "document 7: no")) << failed.err;
  EXPECT_TRUE(Has(failed.err, "drover index reindex search-prod logs")) << failed.err;
}

TEST_F(IndexTest, ABusyClusterIsARefusal) {
  v1::ErrorDetail detail;
  detail.set_reason(v1::ERROR_REASON_CLUSTER_BUSY);
  end_ = WithDetail(grpc::StatusCode::FAILED_PRECONDITION, "rollout 7f3c has not ended", detail);
  EXPECT_EQ(Run({"index", "reindex", "search-prod", "logs", "--yes"}).exit, Exit::kRefused);
}

}  // namespace
}  // namespace drover::cli
