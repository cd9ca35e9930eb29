// What is said about the command line itself, and the small commands.
#include <nlohmann/json.hpp>

#include "common/base/files.h"
#include "tests/unit/cli/fake_control.h"

namespace drover::cli {
namespace {

using testing::Test;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class ArgsTest : public CliTest {};

TEST_F(ArgsTest, UnknownCommandsGetASuggestion) {
  const Result result = Run({"upgarde", "search-prod"});
  EXPECT_EQ(result.exit, Exit::kError);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(Has(result.err, "no command `upgarde`; did you mean `upgrade`?")) << result.err;
}

TEST_F(ArgsTest, UnknownSubcommandsAreComparedWithTheirSiblings) {
  EXPECT_TRUE(Has(Run({"rollout", "wacth", "7f3c"}).err, "did you mean `watch`?"));
  EXPECT_TRUE(Has(Run({"host", "frobnicate"}).err, "there is ls, show, revoke"));
}

TEST_F(ArgsTest, WrongUseIsExitOneWithAHint) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"host"},
                                             {"upgrade", "x"},
                                             {"host", "ls", "-o", "xml"},
                                             {"status", "--bogus"},
                                             {"status", "--timeout", "soon"},
                                             {"logs", "a/b/c", "--tail", "0"}}) {
    const Result result = Run(arguments);
    EXPECT_EQ(result.exit, Exit::kError);
    EXPECT_TRUE(Has(result.err, "--help")) << result.err;
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(ArgsTest, HelpAndVersionGoToStdoutWithoutAController) {
  StopServer();
  const Result help = Run({"upgrade", "--help"});
  EXPECT_EQ(help.exit, Exit::kOk);
  EXPECT_TRUE(Has(help.out, "--detach"));
  EXPECT_EQ(help.err, "");
  EXPECT_EQ(Run({"version"}).out, "drover 0.1.0\n");
}

TEST_F(ArgsTest, UnreachableControllerSaysWhatToCheck) {
  StopServer();
  const Result result = Run({"status"});
  EXPECT_EQ(result.exit, Exit::kError);
  EXPECT_TRUE(Has(result.err, "can't be reached")) << result.err;
  EXPECT_TRUE(Has(result.err, "systemctl status drover-controller")) << result.err;
  EXPECT_EQ(result.out, "");
}

TEST_F(ArgsTest, ServerMessagesComeThrough) {
  const Result result = Run({"host", "show", "h9"});
  EXPECT_EQ(result.exit, Exit::kError);
  EXPECT_EQ(result.err, "error: no host `h9`; there is h1, h2\n");
}

TEST_F(ArgsTest, NotYetBuiltThingsSaySo) {
  const Result result = Run({"rollout", "rollback", "7f3c9a1e"});
  EXPECT_EQ(result.exit, Exit::kError);
  EXPECT_TRUE(Has(result.err, "error: ")) << result.err;
}

TEST_F(ArgsTest, GlobalOptionsStandAnywhere) {
  fleet_.hosts.add_hosts()->set_name("h1");
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"-o", "json", "host", "ls"},
                                             {"host", "ls", "-o", "json"},
                                             {"host", "-o", "json", "ls"}}) {
    const Result result = Run(arguments);
    ASSERT_EQ(result.exit, Exit::kOk) << result.err;
    const auto json = nlohmann::json::parse(result.out);
    EXPECT_EQ(json["hosts"][0]["name"], "h1");
    EXPECT_EQ(json["hosts"][0]["connected"], false);
  }
  EXPECT_TRUE(Has(Run({"host", "ls", "-o", "yaml"}).out, "name: h1"));
  EXPECT_EQ(Run({"host", "ls", "-o", "ndjson"}).exit, Exit::kError);
}

TEST_F(ArgsTest, StatusAsJsonHasAllParts) {
  rollouts_.list = [](const v1::ListRolloutsRequest&, v1::ListRolloutsResponse&) {
    return grpc::Status::OK;
  };
  const Result result = Run({"status", "-o", "json"});
  ASSERT_EQ(result.exit, Exit::kOk) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["controller"]["version"], "0.1.0");
  EXPECT_TRUE(json["hosts"]["hosts"].is_array());
  EXPECT_TRUE(json["rollouts"]["rollouts"].is_array());
}

TEST_F(ArgsTest, ColourOnlyOnATerminalAndNeverWithNoColor) {
  v1::Host& host = *fleet_.hosts.add_hosts();
  host.set_name("h1");
  host.set_connected(true);
  EXPECT_FALSE(Has(Run({"host", "ls"}).out, "\x1b"));
  env_.out_is_terminal = true;
  EXPECT_TRUE(Has(Run({"host", "ls"}).out, "\x1b[32mconnected"));
  EXPECT_FALSE(Has(Run({"host", "ls", "--no-color"}).out, "\x1b"));
  variables_["NO_COLOR"] = "1";
  EXPECT_FALSE(Has(Run({"host", "ls"}).out, "\x1b"));
  variables_.erase("NO_COLOR");
  variables_["TERM"] = "dumb";
  EXPECT_FALSE(Has(Run({"host", "ls"}).out, "\x1b"));
}

TEST_F(ArgsTest, RevokeAsks) {
  const Result refused = Run({"host", "revoke", "h1"});
  EXPECT_EQ(refused.exit, Exit::kError);
  EXPECT_TRUE(Has(refused.err, "give --yes"));
  EXPECT_EQ(fleet_.revoked, 0);
  EXPECT_EQ(Run({"host", "revoke", "h1", "--yes"}).exit, Exit::kOk);
  EXPECT_EQ(fleet_.revoked, 1);
}

TEST_F(ArgsTest, TokenPrintsTheJoinCommandAlone) {
  fleet_.token.set_token("DROVER-1-abc-def");
  fleet_.token.set_agent_address("10.0.0.1:7441");
  fleet_.token.mutable_expires_at()->set_seconds(4102444800);
  const Result result = Run({"token", "create", "--ttl", "15m"});
  EXPECT_EQ(result.exit, Exit::kOk);
  EXPECT_EQ(result.out, "drover-agent join --token DROVER-1-abc-def 10.0.0.1:7441\n");
  EXPECT_TRUE(Has(result.err, "once"));
  EXPECT_EQ(fleet_.token_ttl, 900);
  EXPECT_EQ(Run({"token", "create", "--ttl", "long"}).exit, Exit::kError);
}

TEST_F(ArgsTest, LogsNeedThreeParts) {
  EXPECT_TRUE(Has(Run({"logs", "h1/search"}).err, "expected HOST/PROJECT/SERVICE"));
  EXPECT_TRUE(Has(Run({"logs", "h1//opensearch"}).err, "expected HOST/PROJECT/SERVICE"));
}

TEST_F(ArgsTest, LogsPrintLinesAndSayWhatIsMissing) {
  v1::TailLogResponse part;
  part.add_lines("one");
  part.add_lines("\x1b[31mtwo");
  fleet_.log.push_back(part);
  part.set_gap(true);
  fleet_.log.push_back(part);
  const Result piped = Run({"logs", "h1/search/opensearch", "--tail", "2"});
  EXPECT_EQ(piped.exit, Exit::kOk) << piped.err;
  EXPECT_EQ(piped.out, "one\n\x1b[31mtwo\none\n\x1b[31mtwo\n");
  EXPECT_TRUE(Has(piped.err, "left out"));
  EXPECT_EQ(fleet_.log_request.host(), "h1");
  EXPECT_EQ(fleet_.log_request.lines(), 2U);
  env_.out_is_terminal = true;
  EXPECT_FALSE(Has(Run({"logs", "h1/search/opensearch"}).out, "\x1b"));
}

TEST_F(ArgsTest, ClusterApplySendsTheFileUnderItsName) {
  const std::string file = Path("search.yaml");
  ASSERT_TRUE(WriteFileAtomically(file, "name: search-prod\n").ok());
  const Result result = Run({"cluster", "apply", file});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  EXPECT_TRUE(Has(result.out, "cluster search-prod created"));
  EXPECT_EQ(clusters_.applied.file(), "name: search-prod\n");
  EXPECT_EQ(clusters_.applied.file_name(), file);
  clusters_.apply_status =
      grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, file + ":3:5: unknown key `nmae`");
  EXPECT_TRUE(Has(Run({"cluster", "apply", file}).err, ":3:5: unknown key"));
  EXPECT_EQ(Run({"cluster", "apply", Path("none.yaml")}).exit, Exit::kError);
}

TEST_F(ArgsTest, DiscoverWritesOneFileAndNoneOver) {
  v1::DiscoveredCluster& cluster = *clusters_.discovered.add_clusters();
  cluster.set_name("search");
  cluster.set_file("name: search\n");
  cluster.add_notes("fill in auth");
  const Result printed = Run({"cluster", "discover"});
  EXPECT_EQ(printed.out, "name: search\n");
  EXPECT_TRUE(Has(printed.err, "fill in auth"));
  EXPECT_EQ(Run({"cluster", "discover", "-o", Path("c.yaml")}).exit, Exit::kOk);
  EXPECT_EQ(*ReadFile(Path("c.yaml")), "name: search\n");
  EXPECT_EQ(Run({"cluster", "discover", "-o", Path("c.yaml")}).exit, Exit::kError);
  clusters_.discovered.add_clusters()->set_name("logs");
  const Result two = Run({"cluster", "discover", "-o", Path("d.yaml")});
  EXPECT_TRUE(Has(two.err, "more than one cluster found: search, logs")) << two.err;
  EXPECT_TRUE(Has(Run({"cluster", "discover", "-o", "json"}).err, "--output json"));
}

TEST_F(ArgsTest, BlockingCheckIsExitTwo) {
  v1::CheckResult& check = *clusters_.checks.add_checks();
  check.set_id("P1");
  check.set_verdict(v1::VERDICT_PASS);
  EXPECT_EQ(Run({"cluster", "check", "search"}).exit, Exit::kOk);
  check.set_verdict(v1::VERDICT_BLOCK);
  EXPECT_EQ(Run({"cluster", "check", "search"}).exit, Exit::kRefused);
  EXPECT_EQ(Run({"cluster", "check", "search", "-o", "json"}).exit, Exit::kRefused);
}

TEST_F(ArgsTest, AllChecksAreListedWithoutACluster) {
  v1::CheckDefinition& check = *clusters_.definitions.add_checks();
  check.set_id("P9");
  check.set_title("the target reads every index");
  check.set_not_waivable("a node would not start");
  const Result result = Run({"cluster", "check", "--list"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  EXPECT_TRUE(Has(result.out, "P9   the target reads every index")) << result.out;
  EXPECT_TRUE(Has(result.out, "cannot be waived: a node would not start")) << result.out;
  EXPECT_EQ(Run({"cluster", "check"}).exit, Exit::kError);
}

TEST_F(ArgsTest, SnapshotCreateFollowsToItsEnd) {
  v1::Snapshot snapshot;
  snapshot.set_name("s1");
  snapshot.set_state("IN_PROGRESS");
  snapshots_.progress.push_back(snapshot);
  snapshot.set_state("SUCCESS");
  snapshots_.progress.push_back(snapshot);
  const Result good = Run({"snapshot", "create", "search"});
  EXPECT_EQ(good.exit, Exit::kOk) << good.err;
  EXPECT_TRUE(Has(good.err, "IN_PROGRESS"));
  EXPECT_TRUE(Has(good.out, "SUCCESS"));
  snapshots_.progress.back().set_state("PARTIAL");
  EXPECT_EQ(Run({"snapshot", "create", "search"}).exit, Exit::kFailed);
}

TEST_F(ArgsTest, RepositoryThatANodeCantUseIsExitTwo) {
  snapshots_.verified.add_verified_nodes("os-1");
  EXPECT_EQ(Run({"snapshot", "verify", "search"}).exit, Exit::kOk);
  snapshots_.verified.add_missing_nodes("os-2");
  const Result result = Run({"snapshot", "verify", "search"});
  EXPECT_EQ(result.exit, Exit::kRefused);
  EXPECT_TRUE(Has(result.out, "os-2 did not verify it"));
}

}  // namespace
}  // namespace drover::cli
