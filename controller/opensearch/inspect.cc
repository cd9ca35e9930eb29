#include "controller/opensearch/inspect.h"

#include <ctime>
#include <set>
#include <string>
#include <utility>

#include "controller/opensearch/json_access.h"
#include "controller/rollout/version.h"

namespace drover::opensearch {
namespace {

using rollout::Inspection;

// Mappings can be large: of more indexes than these none is read.
constexpr size_t kMostMappings = 50;

// Null where it was not answered with a success.
nlohmann::json Ask(RestClient& client, const std::string& path) {
  const StatusOr<RestAnswer> answer = client.Call({.path = path});
  return answer.ok() && answer->status < 400 ? ParseJson(answer->body) : nlohmann::json();
}

// "2027-02-17T17:03:17Z".
std::optional<Time> ParseInstant(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr || text.empty() || text.back() != 'Z') return std::nullopt;
  return FromUnixMillis(int64_t{::timegm(&parts)} * 1000);
}

// GET /_plugins/_security/api/certificates, from 2.15 and for the admin certificate alone
// (documentation-website, security/api/certificates).
std::optional<std::vector<rollout::NodeCertificateView>> ReadCertificates(
    const nlohmann::json& answer) {
  const nlohmann::json& nodes = At(answer, {"nodes"});
  if (!nodes.is_object()) return std::nullopt;
  std::vector<rollout::NodeCertificateView> views;
  for (const auto& [id, node] : nodes.items()) {
    for (const char* layer : {"http", "transport"}) {
      for (const nlohmann::json& certificate : At(node, {"certificates", layer})) {
        const std::optional<Time> ends = ParseInstant(Text(At(certificate, {"not_after"})));
        if (ends) views.push_back({Text(At(node, {"name"})), layer, *ends});
      }
    }
  }
  return views;
}

// The engine that a k-NN field has by itself: nmslib before 2.18, faiss from there on
// (documentation-website, field-types/supported-field-types/knn-methods-engines).
std::string DefaultEngine(const rollout::IndexView& index) {
  const std::optional<rollout::Version> created = rollout::ParseVersion(index.created_version);
  return created && *created < rollout::Version{2, 18, 0} ? "nmslib" : "faiss";
}

bool HasEngine(const nlohmann::json& mapping, const std::string& engine,
               const std::string& otherwise) {
  if (!mapping.is_structured()) return false;
  // A field that is made of a model has the model's engine.
  if (Text(At(mapping, {"type"})) == "knn_vector" && At(mapping, {"model_id"}).is_null()) {
    const std::string named = Text(At(mapping, {"method", "engine"}));
    return (named.empty() ? otherwise : named) == engine;
  }
  for (const auto& [name, below] : mapping.items()) {
    if (HasEngine(below, engine, otherwise)) return true;
  }
  return false;
}

std::optional<std::set<std::string>> FindNmslib(RestClient& client,
                                                const rollout::ClusterObservation& seen) {
  std::set<std::string> found;
  size_t asked = 0;
  for (const rollout::IndexView& index : seen.indices) {
    const auto knn = index.settings.find("index.knn");
    if (knn == index.settings.end() || knn->second != "true") continue;
    if (++asked > kMostMappings) return std::nullopt;
    const nlohmann::json answer = Ask(client, "/" + Escape(index.name) + "/_mapping");
    const nlohmann::json& mapping = At(answer, {index.name.c_str(), "mappings"});
    if (!mapping.is_object()) return std::nullopt;
    if (HasEngine(mapping, "nmslib", DefaultEngine(index))) found.insert(index.name);
  }
  return found;
}

std::map<std::string, uint64_t> ReadStored(const nlohmann::json& answer) {
  std::map<std::string, uint64_t> bytes;
  const nlohmann::json& nodes = At(answer, {"nodes"});
  if (!nodes.is_object()) return bytes;
  for (const auto& [id, node] : nodes.items()) {
    bytes[id] = Unsigned(At(node, {"indices", "store", "size_in_bytes"}));
  }
  return bytes;
}

}  // namespace

std::optional<bool> IsAdmin(RestClient& client) {
  if (client.spec().tls.client_certificate.empty()) return std::nullopt;
  const nlohmann::json identity = Ask(client, "/_plugins/_security/whoami");
  const nlohmann::json& admin = At(identity, {"is_admin"});
  return admin.is_null() ? std::nullopt : std::optional<bool>(Truth(admin));
}

Inspection InspectCluster(RestClient& client, const rollout::ClusterObservation& seen) {
  Inspection inspection;
  inspection.stored_bytes = ReadStored(
      Ask(client,
          "/_nodes/stats/indices/"
          "store?timeout=10s&filter_path=nodes.*.indices.store.size_in_bytes,nodes.*.name"));
  inspection.nmslib_indices = FindNmslib(client, seen);
  if (client.spec().tls.client_certificate.empty()) return inspection;
  inspection.admin = IsAdmin(client);
  inspection.certificates = ReadCertificates(Ask(client, "/_plugins/_security/api/certificates"));
  return inspection;
}

}  // namespace drover::opensearch
