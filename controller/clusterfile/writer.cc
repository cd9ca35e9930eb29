#include <yaml-cpp/yaml.h>

#include <array>
#include <sstream>
#include <utility>

#include "controller/clusterfile/cluster_file.h"

namespace drover::clusterfile {
namespace {

using rollout::ClusterSpec;

// "90s", "10m", "1h": the largest unit that leaves no rest; ParseDuration's own forms.
std::string Spell(Millis duration) {
  static constexpr std::array<std::pair<long long, const char*>, 3> kUnits = {
      {{3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}}};
  for (const auto& [millis, unit] : kUnits) {
    if (duration.count() % millis == 0) return std::to_string(duration.count() / millis) + unit;
  }
  return std::to_string(duration.count()) + "ms";
}

// A map on one line.
class Line {
 public:
  explicit Line(YAML::Emitter& out) : out_(out) { out_ << YAML::Flow << YAML::BeginMap; }
  ~Line() { out_ << YAML::EndMap; }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  void Add(const std::string& key, const std::string& value) {
    out_ << YAML::Key << key << YAML::Value << value;
  }
  void AddUnlessEmpty(const std::string& key, const std::string& value) {
    if (!value.empty()) Add(key, value);
  }

 private:
  YAML::Emitter& out_;
};

void Remark(YAML::Emitter& out, const std::string& text) {
  out << YAML::Newline << YAML::Comment(text) << YAML::Newline;
}

void WriteAccess(const ClusterSpec& spec, YAML::Emitter& out) {
  const bool https = !spec.endpoints.empty() && spec.endpoints.front().rfind("https", 0) == 0;
  const rollout::TlsSpec& tls = spec.tls;
  if (tls != rollout::TlsSpec{}) {
    out << YAML::Key << "tls" << YAML::Value;
    Line line(out);
    line.AddUnlessEmpty("ca", tls.ca);
    line.AddUnlessEmpty("client_certificate", tls.client_certificate);
    line.AddUnlessEmpty("client_key", tls.client_key);
  } else if (https) {
    Remark(out, "tls: {ca: /etc/drover/ca.pem}   where the nodes' authority is not the system's");
  }
  if (!spec.auth.username.empty()) {
    out << YAML::Key << "auth" << YAML::Value;
    Line line(out);
    line.Add("username", spec.auth.username);
    line.Add("password_file", spec.auth.password_file);
  } else if (https) {
    Remark(out, "auth: {username: drover, password_file: /etc/drover/search.password}");
  }
}

void WriteSnapshot(const ClusterSpec& spec, YAML::Emitter& out) {
  const rollout::RepositorySpec& repository = spec.snapshot;
  if (repository.repository.empty()) {
    Remark(out, "Name the repository for the snapshot that is taken before anything is stopped.");
  }
  out << YAML::Key << "snapshot" << YAML::Value;
  Line line(out);
  line.Add("repository", repository.repository);
  line.AddUnlessEmpty("type", repository.type);
  for (const auto& [key, value] : repository.settings) line.Add(key, value);
  if (repository.shared_folder) line.Add("upgrade_folder", "shared");
}

void WriteMembers(const ClusterSpec& spec, YAML::Emitter& out) {
  out << YAML::Key << "members" << YAML::Value << YAML::BeginSeq;
  for (const rollout::MemberSpec& member : spec.members) {
    Line line(out);
    line.Add("host", member.host);
    line.Add("project", member.project);
    line.Add("service", member.service);
    line.AddUnlessEmpty("node", member.node);
  }
  out << YAML::EndSeq;
  if (spec.companions.empty()) return;
  Remark(out, "Other services that follow the cluster, after its last member.");
  out << YAML::Key << "companions" << YAML::Value << YAML::BeginSeq;
  for (const rollout::CompanionSpec& companion : spec.companions) {
    Line line(out);
    line.Add("host", companion.host);
    line.Add("project", companion.project);
    line.Add("service", companion.service);
    line.Add("image", companion.image);
  }
  out << YAML::EndSeq;
}

void Rule(YAML::Emitter& out, const std::string& key, const std::string& value,
          const std::string& remark) {
  out << YAML::Key << key << YAML::Value << value << YAML::Comment(remark);
}

void WriteRules(const rollout::Rules& rules, YAML::Emitter& out) {
  out << YAML::Key << "rules" << YAML::Value << YAML::BeginMap;
  Rule(out, "max_unavailable", std::to_string(rules.max_unavailable), "members down at a time");
  Rule(out, "join_timeout", Spell(rules.join_timeout), "from up to joined");
  Rule(out, "recover_stall", Spell(rules.recover_stall), "recovery without progress");
  Rule(out, "snapshot_stall", Spell(rules.snapshot_stall), "snapshot without progress");
  Rule(out, "stop_timeout", Spell(rules.stop_timeout), "then the container is killed");
  Rule(out, "pull_timeout", Spell(rules.pull_timeout), "of the image, on each host");
  out << YAML::Key << "pause_after" << YAML::Value << YAML::Flow << rules.pause_after
      << YAML::Comment("first, each, or names of members");
  Rule(out, "recovery_concurrency", std::to_string(rules.recovery_concurrency),
       "shards a node recovers at once; 0: the cluster's own setting");
  out << YAML::EndMap;
}

}  // namespace

std::string WriteClusterFile(const ClusterSpec& spec, const std::vector<std::string>& notes) {
  YAML::Emitter out;
  std::string top;
  for (const std::string& note : notes) top += (top.empty() ? "" : "\n") + note;
  if (!top.empty()) out << YAML::Comment(top);
  out << YAML::BeginMap;
  out << YAML::Key << "name" << YAML::Value << spec.name;
  out << YAML::Key << "endpoints" << YAML::Value << YAML::Flow << spec.endpoints;
  WriteAccess(spec, out);
  WriteSnapshot(spec, out);
  WriteMembers(spec, out);
  WriteRules(spec.rules, out);
  out << YAML::EndMap << YAML::Newline;
  return out.c_str();
}

}  // namespace drover::clusterfile
