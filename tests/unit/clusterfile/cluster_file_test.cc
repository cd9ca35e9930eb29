#include "controller/clusterfile/cluster_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace drover::clusterfile {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kWhole[] = R"(name: search-prod
endpoints: [https://10.0.0.11:9200, "https://10.0.0.12:9200/"]
tls: {ca: /etc/drover/search-ca.pem}
auth: {username: drover, password_file: /etc/drover/search.password}
snapshot: {repository: backups, type: s3, bucket: b, base_path: p/q, compress: true}
members:
  - {host: h1, project: search, service: opensearch}
  - {host: h2, project: search, service: opensearch, node: os-2}
companions:
  - {host: h1, project: dash, service: dashboards, image: "opensearchproject/opensearch-dashboards:{version}"}
rules:
  max_unavailable: 2
  join_timeout: 5m
  recover_stall: 90s
  snapshot_stall: 1h
  stop_timeout: 250ms
  pull_timeout: 1h30m
  pause_after: [first, os-2]
  recovery_concurrency: 8
)";

TEST(ClusterFile, ReadsEveryKey) {
  const auto spec = ParseClusterFile(kWhole, "search.yaml");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->name, "search-prod");
  EXPECT_THAT(spec->endpoints, ElementsAre("https://10.0.0.11:9200", "https://10.0.0.12:9200"));
  EXPECT_EQ(spec->tls.ca, "/etc/drover/search-ca.pem");
  EXPECT_EQ(spec->auth.username, "drover");
  EXPECT_EQ(spec->auth.password_file, "/etc/drover/search.password");
  EXPECT_EQ(spec->snapshot.repository, "backups");
  EXPECT_EQ(spec->snapshot.type, "s3");
  EXPECT_FALSE(spec->snapshot.shared_folder);
  EXPECT_EQ(spec->snapshot.settings,
            (std::map<std::string, std::string>{
                {"base_path", "p/q"}, {"bucket", "b"}, {"compress", "true"}}));
  ASSERT_EQ(spec->members.size(), 2U);
  EXPECT_EQ(spec->members[0], (rollout::MemberSpec{"h1", "search", "opensearch", ""}));
  EXPECT_EQ(spec->members[1].node, "os-2");
  ASSERT_EQ(spec->companions.size(), 1U);
  EXPECT_EQ(spec->companions[0].image, "opensearchproject/opensearch-dashboards:{version}");
  EXPECT_EQ(spec->rules.max_unavailable, 2);
  EXPECT_EQ(spec->rules.join_timeout, Millis(300'000));
  EXPECT_EQ(spec->rules.recover_stall, Millis(90'000));
  EXPECT_EQ(spec->rules.snapshot_stall, Millis(3'600'000));
  EXPECT_EQ(spec->rules.stop_timeout, Millis(250));
  EXPECT_EQ(spec->rules.pull_timeout, Millis(5'400'000));
  EXPECT_THAT(spec->rules.pause_after, ElementsAre("first", "os-2"));
  EXPECT_EQ(spec->rules.recovery_concurrency, 8);
}

TEST(ClusterFile, TakesTheFormsThatTheDesignShows) {
  const auto certificate = ParseClusterFile(
      "name: a\nendpoints: [https://h:9200]\n"
      "auth: {client_certificate: /c.pem, client_key: /k.pem}\n"
      "snapshot: {repository: r, type: fs, settings: {location: /snap}}\n"
      "members: [{host: h, project: p, service: s}]\nrules: {pause_after: each}\n",
      "f");
  ASSERT_TRUE(certificate.ok()) << certificate.status();
  EXPECT_EQ(certificate->tls.client_certificate, "/c.pem");
  EXPECT_EQ(certificate->tls.client_key, "/k.pem");
  EXPECT_EQ(certificate->snapshot.settings.at("location"), "/snap");
  EXPECT_THAT(certificate->rules.pause_after, ElementsAre("each"));
}

struct Refusal {
  std::string name;
  std::string from, to;  // what is replaced in kWhole
  std::string message;   // a line of the error begins with it
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class ClusterFileRefuses : public ::testing::TestWithParam<Refusal> {};

TEST_P(ClusterFileRefuses, WithPlaceValueAndExpectation) {
  std::string text = kWhole;
  const size_t at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, GetParam().from.size(), GetParam().to);
  const auto spec = ParseClusterFile(text, "search.yaml");
  ASSERT_FALSE(spec.ok());
  EXPECT_EQ(spec.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT("\n" + Message(spec.status()), HasSubstr("\nsearch.yaml:" + GetParam().message));
  EXPECT_THAT(Message(spec.status()), Not(HasSubstr("hunter2")));
}

const std::vector<Refusal> kRefusals = {
    {"UnknownKey", "endpoints:", "endpionts:",
     "2:1: this file has an unknown key \"endpionts\"; did you mean endpoints?"},
    {"FarKey", "tls:", "zzzzzz:",
     "3:1: this file has an unknown key \"zzzzzz\"; expected one of name, endpoints"},
    {"UnknownRule", "max_unavailable: 2", "maxUnavailible: 2",
     "12:3: rules has an unknown key \"maxUnavailible\"; did you mean max_unavailable?"},
    {"UnknownMemberKey", "service: opensearch}", "services: opensearch}",
     "7:33: members[1] has an unknown key \"services\"; did you mean service?"},
    {"MissingKey", "service: opensearch}", "node: n}",
     "7:5: members[1] has no service; it must have one"},
    {"NoName", "name: search-prod\n", "", "1:1: this file has no name; it must have one"},
    {"BadName", "search-prod", "\"search prod\"", "1:7: name is \"search prod\"; expected letters"},
    {"EmptyEndpoints", "[https://10.0.0.11:9200, \"https://10.0.0.12:9200/\"]", "[]",
     "2:12: endpoints is an empty list; expected a list such as [https://10.0.0.11:9200]"},
    {"EndpointsNoList", "[https://10.0.0.11:9200, \"https://10.0.0.12:9200/\"]", "https://h:1",
     "2:12: endpoints is \"https://h:1\"; expected a list"},
    {"BadUrl", "https://10.0.0.11:9200", "10.0.0.11:9200",
     "2:13: endpoint \"10.0.0.11:9200\": expected http://HOST:PORT"},
    {"UrlWithPath", "https://10.0.0.11:9200", "https://h:9200/es",
     "2:13: endpoint \"https://h:9200/es\": expected http://HOST:PORT"},
    {"BadPort", "https://10.0.0.11:9200", "https://h:99999",
     "2:13: endpoint \"https://h:99999\": expected a port from 1 to 65535"},
    {"UrlWithPassword", "https://10.0.0.11:9200", "https://drover:hunter2@h:9200",
     "2:13: endpoint: a user or password in an address is refused; use auth:"},
    {"EndpointTwice", "https://10.0.0.11:9200", "https://10.0.0.12:9200",
     "2:37: endpoint \"https://10.0.0.12:9200/\" stands twice; expected it once"},
    {"LiteralPassword", "password_file: /etc/drover/search.password", "password: hunter2",
     "4:26: auth.password would put a secret into this file; write it into a file of its own and "
     "name that in auth.password_file"},
    {"SecretInSnapshot", "bucket: b", "secret_key: hunter2",
     "5:43: snapshot.secret_key would put a secret into this file; put it into the OpenSearch "
     "keystore"},
    {"UserWithoutFile", ", password_file: /etc/drover/search.password", "",
     "4:7: username stands without password_file; expected both"},
    {"RelativePath", "/etc/drover/search-ca.pem", "search-ca.pem",
     "3:11: tls.ca is \"search-ca.pem\"; expected an absolute path"},
    {"KeyTwice", "tls:", "name:", "3:1: name stands twice, first on line 1; expected it once"},
    {"UpgradeFolder", "base_path: p/q", "upgrade_folder: mine",
     "5:70: snapshot.upgrade_folder is \"mine\"; expected own or shared"},
    {"NoRepository", "repository: backups, ", "", "5:11: snapshot has no repository; it must have"},
    {"SettingsWithoutType", "type: s3, ", "", "5:11: snapshot has \"base_path\" but no type;"},
    {"SettingNoText", "base_path: p/q", "base_path: [a]",
     "5:65: snapshot.base_path is a list; expected the setting's value"},
    {"MemberTwice", "host: h2", "host: h1",
     "8:5: members[2] is service opensearch of project search on host h1, as members[1] is;"},
    {"CompanionIsMember", "project: dash, service: dashboards",
     "project: search, service: opensearch",
     "10:5: companions[1] is service opensearch of project search on host h1, as members[1] is;"},
    {"CompanionImage", ":{version}", ":2.19.1",
     "10:59: companions[1].image is \"opensearchproject/opensearch-dashboards:2.19.1\"; expected "
     "{version} in it"},
    {"NoneDown", "max_unavailable: 2", "max_unavailable: 0",
     "12:20: rules.max_unavailable is \"0\"; expected a whole number of at least 1"},
    {"NoNumber", "max_unavailable: 2", "max_unavailable: two",
     "12:20: rules.max_unavailable is \"two\"; expected a whole number of at least 1"},
    {"NoUnit", "join_timeout: 5m", "join_timeout: 5",
     "13:17: rules.join_timeout is \"5\"; expected a duration such as 90s, 10m or 1h"},
    {"ZeroDuration", "join_timeout: 5m", "join_timeout: 0s",
     "13:17: rules.join_timeout is \"0s\"; expected a duration"},
    {"NegativeConcurrency", "recovery_concurrency: 8", "recovery_concurrency: -1",
     "19:25: rules.recovery_concurrency is \"-1\"; expected a whole number of at least 0"},
    {"NullValue", "name: search-prod",
     "name:", "1:1: name has no value; give it one or remove the key"},
    {"NoYaml", "tls: {ca: /etc/drover/search-ca.pem}", "tls: {ca: [}", "3:12: not valid YAML: "},
    {"TwoDocuments", "tls: {ca: /etc/drover/search-ca.pem}", "---\nname: b",
     "4:1: a second document begins; expected one cluster a file"},
};

INSTANTIATE_TEST_SUITE_P(Table, ClusterFileRefuses, ::testing::ValuesIn(kRefusals),
                         [](const auto& test) { return test.param.name; });

TEST(ClusterFile, NamesAllProblemsAtOnce) {
  const auto spec = ParseClusterFile("name: a\nendpoint: [x]\nmembers: []\n", "f.yaml");
  ASSERT_FALSE(spec.ok());
  EXPECT_EQ(Message(spec.status()),
            "f.yaml:2:1: this file has an unknown key \"endpoint\"; did you mean endpoints?\n"
            "f.yaml:3:10: members is an empty list; expected a list of {host: …, project: …, "
            "service: …}\n"
            "f.yaml:1:1: this file has no endpoints; it must have one\n"
            "f.yaml:1:1: this file has no snapshot; it must have one");
}

TEST(ClusterFile, RefusesAPauseAfterNoMember) {
  std::string text = kWhole;
  text.replace(text.find("service: opensearch}"), 20, "service: opensearch, node: os-1}");
  text.replace(text.find("os-2]"), 5, "os-3]");
  const auto spec = ParseClusterFile(text, "f");
  ASSERT_FALSE(spec.ok());
  EXPECT_THAT(Message(spec.status()), HasSubstr("f:18:24: rules.pause_after has \"os-3\", which is "
                                                "no member's node; did you mean os-1?"));
}

TEST(ClusterFile, RefusesWhatIsNoClusterFile) {
  EXPECT_THAT(Message(ParseClusterFile("", "f").status()), HasSubstr("f:1:1: the file is empty"));
  EXPECT_THAT(Message(ParseClusterFile("# nothing\n", "f").status()), HasSubstr("f:1:1: "));
  EXPECT_THAT(Message(ParseClusterFile("- a\n- b\n", "f").status()),
              HasSubstr("f:1:1: this file is a list; expected keys and values"));
  EXPECT_THAT(Message(ParseClusterFile("[a]: b\n", "f").status()),
              HasSubstr("has a key that is no text"));
  EXPECT_FALSE(ParseClusterFile(std::string(2 << 20, ' '), "f").ok());
}

TEST(ClusterFile, BoundsTheNumberOfProblems) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "qqqqqqqq" + std::to_string(i) + ": 1\n";
  const std::string message = Message(ParseClusterFile(text, "f").status());
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 20);
  EXPECT_THAT(message, HasSubstr("and 84 more"));
}

}  // namespace
}  // namespace drover::clusterfile
