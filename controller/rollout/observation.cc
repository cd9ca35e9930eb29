#include "controller/rollout/observation.h"

#include <algorithm>

#include "controller/rollout/operation.h"

namespace drover::rollout {
namespace {

template <typename Range, typename Predicate>
auto* FindIn(Range& range, Predicate predicate) {
  const auto it = std::find_if(range.begin(), range.end(), predicate);
  return it == range.end() ? nullptr : &*it;
}

struct NameOfVerb {
  std::string operator()(const PullImage&) const { return "PullImage"; }
  std::string operator()(const SetImage&) const { return "SetImage"; }
  std::string operator()(const RestoreFile&) const { return "RestoreFile"; }
  std::string operator()(const StopService&) const { return "StopService"; }
  std::string operator()(const UpService&) const { return "UpService"; }
  std::string operator()(const DownProject&) const { return "DownProject"; }
  std::string operator()(const CopyVolume&) const { return "CopyVolume"; }
  std::string operator()(const RestoreVolume&) const { return "RestoreVolume"; }
  std::string operator()(const SetAsideVolume&) const { return "SetAsideVolume"; }
};

}  // namespace

std::string VerbName(const Verb& verb) { return std::visit(NameOfVerb{}, verb); }

const ServiceView* ProjectView::Service(const std::string& service) const {
  return FindIn(services, [&](const ServiceView& s) { return s.name == service; });
}

const ProjectView* HostView::Project(const std::string& project) const {
  return FindIn(projects, [&](const ProjectView& p) { return p.name == project; });
}

bool NodeView::HasRole(const std::string& role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

bool NodeView::ManagerEligible() const { return HasRole("cluster_manager") || HasRole("master"); }

bool NodeView::HoldsData() const { return HasRole("data"); }

const NodeView* ClusterObservation::NodeNamed(const std::string& name) const {
  return FindIn(nodes, [&](const NodeView& n) { return n.name == name; });
}

const NodeView* ClusterObservation::NodeWithId(const std::string& id) const {
  return FindIn(nodes, [&](const NodeView& n) { return n.id == id; });
}

const NodeView* ClusterObservation::SoleManager() const {
  const NodeView* sole = nullptr;
  for (const NodeView& node : nodes) {
    if (!node.ManagerEligible()) continue;
    if (sole != nullptr) return nullptr;
    sole = &node;
  }
  return sole;
}

}  // namespace drover::rollout
