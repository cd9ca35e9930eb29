#include "controller/api/discover.h"

#include <algorithm>
#include <map>
#include <set>

#include "controller/rollout/plan.h"
#include "controller/rollout/version.h"

namespace drover::api {
namespace {

using rollout::ServiceView;

constexpr int kHttpPort = 9200;

std::string Variable(const ServiceView& service, const std::string& name) {
  const auto found = service.environment.find(name);
  return found == service.environment.end() ? "" : found->second;
}

// "opensearch" of "registry:5000/opensearchproject/opensearch:2.17.1".
std::string ImageName(const std::string& image) {
  const std::string repository = rollout::ParseImage(image).repository;
  return repository.substr(repository.rfind('/') + 1);
}

bool PublishesHttp(const ServiceView& service) {
  if (!service.container) return false;
  const auto& ports = service.container->ports;
  return std::any_of(ports.begin(), ports.end(),
                     [](const auto& port) { return port.container_port == kHttpPort; });
}

bool MayBeNode(const ServiceView& service) {
  const std::string name = ImageName(service.image);
  // Dashboards, exporters and the like are called "opensearch-…".
  return name == "opensearch" || PublishesHttp(service);
}

bool IsNode(const ServiceView& service) {
  return MayBeNode(service) || !Variable(service, "cluster.name").empty();
}

bool IsAddress(const std::string& text) {
  return !text.empty() && text != "0.0.0.0" && text != "::" && text.compare(0, 4, "127.") != 0 &&
         text != "localhost" && text.front() != '_';
}

std::string Url(const std::string& scheme, const std::string& address, int port) {
  const bool v6 = address.find(':') != std::string::npos;
  return scheme + "://" + (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

class Draft {
 public:
  void Add(const std::string& host, const std::string& project, const ServiceView& service) {
    const std::string place = host + "/" + project + "/" + service.name;
    rollout::MemberSpec member;
    member.host = host;
    member.project = project;
    member.service = service.name;
    proposal_.spec.members.push_back(member);
    if (Variable(service, "node.name").empty() && service.hostname.empty()) {
      Note(place + " sets no node.name: if its node is not found, add node: to the member");
    }
    AddEndpoint(host, place, service);
    NoteSecurity(service);
  }

  void Note(const std::string& text) {
    auto& notes = proposal_.notes;
    if (std::find(notes.begin(), notes.end(), text) == notes.end()) notes.push_back(text);
  }

  Proposal Finish(const std::string& name) {
    proposal_.spec.name = name;
    Note("snapshot.repository: name a repository that every node can write to");
    return std::move(proposal_);
  }

 private:
  void AddEndpoint(const std::string& host, const std::string& place, const ServiceView& service) {
    int port = 0;
    std::string address;
    if (service.container) {
      for (const auto& published : service.container->ports) {
        if (published.container_port != kHttpPort || published.host_port == 0) continue;
        port = published.host_port;
        if (IsAddress(published.host_ip)) address = published.host_ip;
      }
    }
    if (port == 0) {
      Note(place + " publishes no port for 9200: its endpoint is a guess");
      port = kHttpPort;
    }
    if (address.empty() && IsAddress(Variable(service, "network.publish_host"))) {
      address = Variable(service, "network.publish_host");
    }
    if (address.empty()) {
      Note(place + ": its address is not known, so its endpoint has the host's name (" + host +
           "); put in one that the controller reaches");
      address = host;
    }
    proposal_.spec.endpoints.push_back(Url("http", address, port));
  }

  void NoteSecurity(const ServiceView& service) {
    const bool off = Variable(service, "DISABLE_SECURITY_PLUGIN") == "true" ||
                     Variable(service, "plugins.security.disabled") == "true";
    if (off) return;
    Note(
        "with the security plugin: endpoints are https://, and tls: {ca: …} and auth: {username: "
        "…, password_file: …} are needed");
  }

  Proposal proposal_;
};

}  // namespace

std::vector<std::string> DiscoveryEnvironment() {
  std::vector<std::string> keys = rollout::WantedEnvironment();
  for (const char* key : {"cluster.name", "node.name", "network.publish_host",
                          "DISABLE_SECURITY_PLUGIN", "plugins.security.disabled"}) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.emplace_back(key);
  }
  return keys;
}

bool MayHoldNodes(const rollout::ProjectView& project) {
  return std::any_of(project.services.begin(), project.services.end(), MayBeNode);
}

std::vector<Proposal> Propose(const std::vector<InspectedProject>& projects) {
  std::map<std::string, Draft> drafts;
  for (const InspectedProject& inspected : projects) {
    for (const ServiceView& service : inspected.project.services) {
      if (!IsNode(service)) continue;
      std::string name = Variable(service, "cluster.name");
      const bool unknown = name.empty();
      // A file inside the container may name the cluster; the project's name is all there is here.
      if (unknown) name = inspected.project.name;
      Draft& draft = drafts[name];
      if (unknown) {
        draft.Note(inspected.host + "/" + inspected.project.name + "/" + service.name +
                   " sets no cluster.name in its environment: members were put together by their "
                   "project's name; check that they are one cluster");
      }
      draft.Add(inspected.host, inspected.project.name, service);
    }
  }
  std::vector<Proposal> proposals;
  for (auto& [name, draft] : drafts) proposals.push_back(draft.Finish(name));
  return proposals;
}

}  // namespace drover::api
