#include "controller/cli/completion.h"

#include "common/base/files.h"
#include "tests/unit/cli/fake_control.h"

namespace drover::cli {
namespace {

class CompletionTest : public CliTest {
 protected:
  CompletionTest() {
    v1::Host& host = *fleet_.hosts.add_hosts();
    host.set_name("h1");
    v1::HostProject& project = *host.add_projects();
    project.set_name("search");
    project.add_services()->set_name("opensearch");
    fleet_.hosts.add_hosts()->set_name("web");
    clusters_.clusters.add_clusters()->set_name("search-prod");
    rollouts_.list = [](const v1::ListRolloutsRequest&, v1::ListRolloutsResponse& response) {
      response.add_rollouts()->set_id("7f3c9a1e");
      return grpc::Status::OK;
    };
  }

  std::string Complete(std::vector<std::string> words) {
    words.insert(words.begin(), {"__complete", "--"});
    const Result result = Run(words);
    EXPECT_EQ(result.exit, Exit::kOk);
    EXPECT_EQ(result.err, "");
    return result.out;
  }
};

TEST_F(CompletionTest, Commands) {
  EXPECT_EQ(Complete({"ro"}), "rollout\n");
  EXPECT_EQ(Complete({"rollout", "re"}), "resume\n");
  EXPECT_EQ(Complete({"snapshot", ""}),
            "create\nls\nshow\nverify\nrestore\nprove\ndelete\nprune\n");
}

TEST_F(CompletionTest, LiveNames) {
  EXPECT_EQ(Complete({"host", "show", ""}), "h1\nweb\n");
  EXPECT_EQ(Complete({"host", "show", "w"}), "web\n");
  EXPECT_EQ(Complete({"upgrade", ""}), "search-prod\n");
  EXPECT_EQ(Complete({"-o", "json", "rollout", "watch", "7f"}), "7f3c9a1e\n");
  EXPECT_EQ(Complete({"events", "--rollout", ""}), "7f3c9a1e\n");
  EXPECT_EQ(Complete({"logs", "h1/"}), "h1/search/opensearch\n");
  // One name only: nothing comes after it.
  EXPECT_EQ(Complete({"host", "show", "h1", ""}), "");
}

TEST_F(CompletionTest, Options) {
  EXPECT_EQ(Complete({"upgrade", "--im"}), "--image\n");
  EXPECT_EQ(Complete({"upgrade", "--time"}), "--timeout\n");
  EXPECT_EQ(Complete({"status", "-o", ""}), "table\njson\nyaml\nndjson\n");
  EXPECT_EQ(Complete({"plan", "x", "--strategy", "r"}), "rolling\n");
}

TEST_F(CompletionTest, SilentWithoutAController) {
  StopServer();
  EXPECT_EQ(Complete({"host", "show", ""}), "");
  variables_["DROVER_ADDRESS"] = "nonsense";
  EXPECT_EQ(Complete({"host", "show", ""}), "");
  EXPECT_EQ(Complete({"sta"}), "status\n");
}

TEST_F(CompletionTest, ScriptsForThreeShells) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const Result result = Run({"completion", shell});
    EXPECT_EQ(result.exit, Exit::kOk);
    EXPECT_NE(result.out.find("drover __complete"), std::string::npos) << shell;
  }
  EXPECT_EQ(Run({"completion", "tcsh"}).exit, Exit::kError);
}

}  // namespace
}  // namespace drover::cli
