#include "controller/opensearch/inspect.h"

#include <gmock/gmock.h>

#include "tests/unit/opensearch/helpers.h"

namespace drover::opensearch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kStored[] =
    R"({"nodes":{"id-1":{"name":"os-1","indices":{"store":{"size_in_bytes":2048}}},
                 "id-2":{"name":"os-2"}}})";
constexpr char kCertificates[] =
    R"({"nodes":{"id-1":{"name":"os-1","certificates":{
         "http":[{"subject_dn":"CN=os-1","not_after":"2027-02-17T17:03:17Z"}],
         "transport":[{"subject_dn":"CN=os-1","not_after":"2026-12-01T00:00:00Z"},
                      {"subject_dn":"CN=ca","not_after":"some day"}]}}}})";

std::string MappingOf(const std::string& index, const std::string& method) {
  return R"({")" + index + R"(":{"mappings":{"properties":{"about":{"properties":{
            "vector":{"type":"knn_vector","dimension":2)" +
         method + "}}}}}}}";
}

rollout::ClusterObservation WithKnn(const std::string& created) {
  rollout::ClusterObservation seen;
  rollout::IndexView vectors;
  vectors.name = "vectors";
  vectors.created_version = created;
  vectors.settings = {{"index.knn", "true"}};
  rollout::IndexView logs;
  logs.name = "logs";
  seen.indices = {vectors, logs};
  return seen;
}

// A cluster whose index "vectors" has the mapping.
std::optional<std::set<std::string>> Nmslib(const std::string& mapping,
                                            const std::string& created) {
  HttpServer server([&](const SeenRequest& seen) {
    EXPECT_THAT(seen.target, ::testing::Not(HasSubstr("/logs")));
    if (seen.target == "/vectors/_mapping") return Reply{200, mapping};
    return Reply{200, "{}"};
  });
  return ApiOf(SpecOf({server.url()}))->Inspect(WithKnn(created)).nmslib_indices;
}

TEST(Inspect, FindsTheEngineOfKnnFields) {
  const std::string named = MappingOf("vectors", R"(,"method":{"name":"hnsw","engine":"nmslib"})");
  EXPECT_THAT(*Nmslib(named, "2.19.1"), ElementsAre("vectors"));
  const std::string lucene = MappingOf("vectors", R"(,"method":{"engine":"lucene"})");
  EXPECT_TRUE(Nmslib(lucene, "2.11.0")->empty());
}

TEST(Inspect, KnowsTheEngineThatAVersionTakesByItself) {
  EXPECT_THAT(*Nmslib(MappingOf("vectors", ""), "2.17.1"), ElementsAre("vectors"));
  EXPECT_TRUE(Nmslib(MappingOf("vectors", ""), "2.18.0")->empty());
  EXPECT_TRUE(Nmslib(MappingOf("vectors", R"(,"model_id":"m")"), "2.11.0")->empty());
}

TEST(Inspect, AMappingThatIsNotReadIsNotKnown) {
  EXPECT_FALSE(Nmslib("{}", "2.17.1").has_value());
  EXPECT_FALSE(Nmslib("no json", "2.17.1").has_value());
}

class WithCertificate : public ::testing::Test {
 protected:
  rollout::Inspection Ask(const Reply& identity, const Reply& certificates) {
    HttpServer server([&](const SeenRequest& seen) {
      if (seen.target.starts_with("/_nodes/stats/")) return Reply{200, kStored};
      if (seen.target == "/_plugins/_security/whoami") return identity;
      if (seen.target == "/_plugins/_security/api/certificates") return certificates;
      return Reply{500, "{}"};
    });
    rollout::ClusterSpec spec = SpecOf({server.url()});
    spec.tls.client_certificate = WriteTemporary("pem", "certificate");
    spec.tls.client_key = WriteTemporary("key", "key");
    return ApiOf(spec)->Inspect({});
  }
};

TEST_F(WithCertificate, TheAdminSeesTheCertificatesOfAllNodes) {
  const rollout::Inspection seen = Ask({200, R"({"is_admin":true})"}, {200, kCertificates});
  EXPECT_EQ(seen.admin, true);
  EXPECT_THAT(seen.stored_bytes, ElementsAre(Pair("id-1", 2048), Pair("id-2", 0)));
  ASSERT_EQ(seen.certificates->size(), 2U);
  EXPECT_EQ(seen.certificates->at(0).node, "os-1");
  EXPECT_EQ(seen.certificates->at(0).layer, "http");
  EXPECT_EQ(FormatTime(seen.certificates->at(0).ends), "2027-02-17T17:03:17.000Z");
  EXPECT_EQ(seen.certificates->at(1).layer, "transport");
}

TEST_F(WithCertificate, AnotherCertificateIsNotTheAdmins) {
  const rollout::Inspection seen =
      Ask({200, R"({"is_admin":false})"}, {403, R"({"status":"FORBIDDEN"})"});
  EXPECT_EQ(seen.admin, false);
  EXPECT_FALSE(seen.certificates.has_value());
}

TEST_F(WithCertificate, WithoutThePluginNothingIsKnown) {
  const rollout::Inspection seen = Ask({400, "{}"}, {400, "{}"});
  EXPECT_FALSE(seen.admin.has_value());
  EXPECT_FALSE(seen.certificates.has_value());
}

}  // namespace
}  // namespace drover::opensearch
