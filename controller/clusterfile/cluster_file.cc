#include "controller/clusterfile/cluster_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>

#include "controller/clusterfile/keys.h"
#include "controller/clusterfile/values.h"
#include "controller/clusterfile/yaml_reader.h"

namespace drover::clusterfile {
namespace {

using rollout::ClusterSpec;
using rollout::MemberSpec;

constexpr size_t kLongestFile = 1024 * 1024;
constexpr char kVersionMark[] = "{version}";

// Reads the parts of one file into a spec.
class Reader {
 public:
  Reader(ClusterSpec& spec, Problems& problems) : spec_(spec), problems_(problems) {}

  void Read(const YAML::Node& root) {
    const auto with = [this](void (Reader::*read)(const YAML::Node&)) {
      return [this, read](const YAML::Node& value) { (this->*read)(value); };
    };
    ReadFields(root, "",
               {{"name", true, with(&Reader::ReadName)},
                {"endpoints", true, with(&Reader::ReadEndpoints)},
                {"tls", false, with(&Reader::ReadTls)},
                {"auth", false, with(&Reader::ReadAuth)},
                {"snapshot", true, with(&Reader::ReadSnapshot)},
                {"members", true, with(&Reader::ReadMembers)},
                {"companions", false, with(&Reader::ReadCompanions)},
                {"rules", false, with(&Reader::ReadRules)}},
               problems_);
    CheckPauses();
  }

 private:
  Field Text(const std::string& what, const std::string& key, bool required,
             const std::string& expected, std::string& out) {
    return {key, required, [this, what, key, expected, &out](const YAML::Node& value) {
              out = ReadText(value, what + "." + key, expected, problems_);
            }};
  }

  // An absolute path: the daemon's working folder is not the operator's.
  Field Path(const std::string& what, const std::string& key, std::string& out) {
    return {key, false, [this, what, key, &out](const YAML::Node& value) {
              const std::string name = what + "." + key;
              if (!out.empty()) {
                problems_.Add(value.Mark(),
                              name + " stands under tls and under auth; expected once");
              }
              out = ReadText(value, name, "the path of a file", problems_);
              if (!out.empty() && out.front() != '/') {
                problems_.Add(value.Mark(), name + " is \"" + out +
                                                "\"; expected an absolute path on the controller's "
                                                "machine");
              }
            }};
  }

  Field Duration(const std::string& key, Millis& out) {
    return {key, false, [this, key, &out](const YAML::Node& value) {
              out = ReadDuration(value, "rules." + key, out, problems_);
            }};
  }

  Field Number(const std::string& key, int least, int& out) {
    return {key, false, [this, key, least, &out](const YAML::Node& value) {
              out = ReadInt(value, "rules." + key, least, problems_);
            }};
  }

  void ReadName(const YAML::Node& node) {
    spec_.name = ReadText(node, "name", "the cluster's name", problems_);
    const std::string problem = spec_.name.empty() ? "" : NameProblem(spec_.name);
    if (!problem.empty()) problems_.Add(node.Mark(), "name is \"" + spec_.name + "\"; " + problem);
  }

  void ReadEndpoints(const YAML::Node& node) {
    const std::string expected = "a list such as [https://10.0.0.11:9200]";
    for (const YAML::Node& item : ReadList(node, "endpoints", expected, problems_)) {
      const std::string url =
          ReadText(item, "an endpoint", "an address such as https://10.0.0.11:9200", problems_);
      if (url.empty()) continue;
      const std::string problem = EndpointProblem(url);
      if (!problem.empty()) {
        const bool has_user = url.find('@') != std::string::npos;
        problems_.Add(item.Mark(),
                      (has_user ? "endpoint" : "endpoint \"" + url + "\"") + ": " + problem);
        continue;
      }
      const std::string plain = NormalizedEndpoint(url);
      if (std::count(spec_.endpoints.begin(), spec_.endpoints.end(), plain) > 0) {
        problems_.Add(item.Mark(), "endpoint \"" + url + "\" stands twice; expected it once");
        continue;
      }
      spec_.endpoints.push_back(plain);
    }
  }

  // The client's certificate may stand under tls or under auth.
  void AddCertificate(const std::string& what, std::vector<Field>& fields) {
    fields.push_back(Path(what, "client_certificate", spec_.tls.client_certificate));
    fields.push_back(Path(what, "client_key", spec_.tls.client_key));
  }

  void ReadTls(const YAML::Node& node) {
    std::vector<Field> fields = {Path("tls", "ca", spec_.tls.ca)};
    AddCertificate("tls", fields);
    ReadFields(node, "tls", fields, problems_);
    CheckPair(node, "client_certificate", spec_.tls.client_certificate, "client_key",
              spec_.tls.client_key);
  }

  void ReadAuth(const YAML::Node& node) {
    std::vector<Field> fields = {
        Text("auth", "username", false, "a user of the cluster", spec_.auth.username),
        Path("auth", "password_file", spec_.auth.password_file)};
    AddCertificate("auth", fields);
    ReadFields(node, "auth", fields, problems_);
    CheckPair(node, "username", spec_.auth.username, "password_file", spec_.auth.password_file);
    CheckPair(node, "client_certificate", spec_.tls.client_certificate, "client_key",
              spec_.tls.client_key);
  }

  void CheckPair(const YAML::Node& node, const std::string& first, const std::string& first_value,
                 const std::string& second, const std::string& second_value) {
    if (!node.IsMap() || !(node[first] || node[second])) return;
    if (first_value.empty() == second_value.empty()) return;
    const bool has_first = !first_value.empty();
    problems_.Add(node.Mark(), (has_first ? first : second) + " stands without " +
                                   (has_first ? second : first) + "; expected both");
  }

  void ReadSnapshot(const YAML::Node& node) {
    rollout::RepositorySpec& repository = spec_.snapshot;
    const std::vector<Entry> entries = ReadMap(node, "snapshot", problems_);
    for (const Entry& entry : entries) {
      const std::string what = "snapshot." + entry.key;
      if (entry.key == "repository") {
        repository.repository =
            ReadText(entry.value, what, "the name of a snapshot repository", problems_);
      } else if (entry.key == "type") {
        repository.type =
            ReadText(entry.value, what, "a repository type such as fs or s3", problems_);
      } else if (entry.key == "upgrade_folder") {
        ReadUpgradeFolder(entry.value);
      } else if (entry.key == "settings") {
        for (const Entry& setting : ReadMap(entry.value, what, problems_)) AddSetting(setting);
      } else {
        AddSetting(entry);
      }
    }
    if (!node.IsMap()) return;
    if (!node["repository"]) {
      problems_.Add(node.Mark(),
                    "snapshot has no repository; it must have one: nothing is stopped "
                    "before a snapshot");
    }
    if (repository.type.empty() && !node["type"] && !repository.settings.empty()) {
      const std::string& key = repository.settings.begin()->first;
      problems_.Add(node.Mark(),
                    "snapshot has \"" + key +
                        "\" but no type; expected type: fs (or s3, "
                        "…), or the repository's name alone where it is registered already");
    }
  }

  void ReadUpgradeFolder(const YAML::Node& value) {
    const std::string what = "snapshot.upgrade_folder";
    const std::string folder = ReadText(value, what, "own or shared", problems_);
    spec_.snapshot.shared_folder = folder == "shared";
    if (folder.empty() || folder == "own" || folder == "shared") return;
    problems_.Add(value.Mark(), what + " is \"" + folder + "\"; expected own or shared");
  }

  void AddSetting(const Entry& entry) {
    if (NamesSecret(entry.key)) {
      problems_.Add(entry.key_mark, SecretHint("snapshot", entry.key));
      return;
    }
    const std::string value =
        ReadText(entry.value, "snapshot." + entry.key, "the setting's value", problems_);
    if (!spec_.snapshot.settings.emplace(entry.key, value).second) {
      problems_.Add(entry.key_mark, "snapshot." + entry.key + " stands twice; expected it once");
    }
  }

  void ReadMembers(const YAML::Node& node) {
    const std::string expected = "a list of {host: …, project: …, service: …}";
    for (const YAML::Node& item : ReadList(node, "members", expected, problems_)) {
      const std::string what = "members[" + std::to_string(spec_.members.size() + 1) + "]";
      MemberSpec member;
      ReadFields(item, what,
                 {Text(what, "host", true, "a host's name", member.host),
                  Text(what, "project", true, "a Compose project's name", member.project),
                  Text(what, "service", true, "a service of the project", member.service),
                  Text(what, "node", false, "the name of its OpenSearch node", member.node)},
                 problems_);
      CheckPlace(item, what, member.host, member.project, member.service);
      if (!member.node.empty()) CheckTwice(item, what, "node " + member.node);
      spec_.members.push_back(member);
    }
  }

  void ReadCompanions(const YAML::Node& node) {
    const std::string expected = "a list of {host: …, project: …, service: …, image: …}";
    for (const YAML::Node& item : ReadList(node, "companions", expected, problems_)) {
      const std::string what = "companions[" + std::to_string(spec_.companions.size() + 1) + "]";
      rollout::CompanionSpec companion;
      ReadFields(
          item, what,
          {Text(what, "host", true, "a host's name", companion.host),
           Text(what, "project", true, "a Compose project's name", companion.project),
           Text(what, "service", true, "a service of the project", companion.service),
           Text(what, "image", true, "an image with {version} for its tag", companion.image)},
          problems_);
      CheckPlace(item, what, companion.host, companion.project, companion.service);
      if (!companion.image.empty() && companion.image.find(kVersionMark) == std::string::npos) {
        problems_.Add(item["image"].Mark(),
                      what + ".image is \"" + companion.image + "\"; expected {version} in it");
      }
      spec_.companions.push_back(companion);
    }
  }

  // One container is one member or one companion.
  void CheckPlace(const YAML::Node& node, const std::string& what, const std::string& host,
                  const std::string& project, const std::string& service) {
    if (host.empty() || project.empty() || service.empty()) return;
    CheckTwice(node, what, "service " + service + " of project " + project + " on host " + host);
  }

  void CheckTwice(const YAML::Node& node, const std::string& what, const std::string& thing) {
    const auto [entry, is_new] = seen_.emplace(thing, what);
    if (is_new) return;
    problems_.Add(node.Mark(),
                  what + " is " + thing + ", as " + entry->second + " is; expected each once");
  }

  void ReadRules(const YAML::Node& node) {
    rollout::Rules& rules = spec_.rules;
    ReadFields(node, "rules",
               {Number("max_unavailable", 1, rules.max_unavailable),
                Duration("join_timeout", rules.join_timeout),
                Duration("recover_stall", rules.recover_stall),
                Duration("snapshot_stall", rules.snapshot_stall),
                Duration("stop_timeout", rules.stop_timeout),
                Duration("pull_timeout", rules.pull_timeout),
                {"pause_after", false, [this](const YAML::Node& value) { pauses_ = value; }},
                Number("recovery_concurrency", 0, rules.recovery_concurrency)},
               problems_);
  }

  // After the members are known, wherever they stand in the file.
  void CheckPauses() {
    if (!pauses_.IsDefined()) return;
    const std::string expected = "[first], [each] or names of members";
    const std::vector<YAML::Node> items =
        pauses_.IsScalar() ? std::vector<YAML::Node>{pauses_}
        : pauses_.IsSequence() && pauses_.size() == 0
            ? std::vector<YAML::Node>{}
            : ReadList(pauses_, "rules.pause_after", expected, problems_);
    for (const YAML::Node& item : items) {
      const std::string name = ReadText(item, "rules.pause_after", expected, problems_);
      if (name.empty()) continue;
      CheckPause(item, name);
      spec_.rules.pause_after.push_back(name);
    }
  }

  void CheckPause(const YAML::Node& item, const std::string& name) {
    std::vector<std::string> known = {"first", "each"};
    for (const MemberSpec& member : spec_.members) {
      // Its node's name is found out later and may be any.
      if (member.node.empty()) return;
      known.push_back(member.node);
    }
    if (std::count(known.begin(), known.end(), name) > 0) return;
    const std::string nearest = Nearest(name, known);
    problems_.Add(item.Mark(), "rules.pause_after has \"" + name +
                                   "\", which is no member's node; " +
                                   (nearest.empty() ? "expected first, each or a member's node"
                                                    : "did you mean " + nearest + "?"));
  }

  ClusterSpec& spec_;
  Problems& problems_;
  YAML::Node pauses_{YAML::NodeType::Undefined};
  std::map<std::string, std::string> seen_;  // member, companion or node → where it stands
};

}  // namespace

StatusOr<ClusterSpec> ParseClusterFile(const std::string& text, const std::string& file_name) {
  Problems problems(file_name);
  if (text.size() > kLongestFile) {
    return InvalidArgument(file_name + ": is longer than 1 MiB; expected a cluster file");
  }
  ClusterSpec spec;
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      problems.Add(documents[1].Mark(), "a second document begins; expected one cluster a file");
    } else if (documents.empty() || documents[0].IsNull()) {
      return InvalidArgument(file_name +
                             ":1:1: the file is empty; expected a cluster: name, "
                             "endpoints, snapshot, members");
    } else {
      Reader(spec, problems).Read(documents[0]);
    }
  } catch (const YAML::Exception& e) {
    problems.Add(e.mark, "not valid YAML: " + e.msg);
  }
  DROVER_RETURN_IF_ERROR(problems.ToStatus());
  return spec;
}

}  // namespace drover::clusterfile
