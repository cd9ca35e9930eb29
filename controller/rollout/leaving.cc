// What a rollout leaves behind, said from what is seen at its end and not from memory.
#include <map>

#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

std::string ContainerLine(const PlannedMember& member, const World& world) {
  const HostView* host = world.Host(member.host);
  if (host == nullptr || !host->connected) {
    return "the agent of " + member.host + " does not answer";
  }
  const ProjectView* project = world.Project(member.host, member.project);
  const ServiceView* service = project == nullptr ? nullptr : project->Service(member.service);
  if (service == nullptr) return "its service was not found on " + member.host;
  if (!service->container) return "it has no container; its file names " + service->image;
  return "its container of " + service->container->image + " is " + service->container->state;
}

bool Runs(const PlannedMember& companion, const World& world) {
  const ProjectView* project = world.Project(companion.host, companion.project);
  const ServiceView* service = project == nullptr ? nullptr : project->Service(companion.service);
  return service != nullptr && service->container && service->container->state == "running";
}

std::string Versions(const Engine& e, const World& world) {
  std::map<std::string, std::string> names;  // version → members
  for (const PlannedMember& member : e.plan().members) {
    const NodeView* node = world.cluster.NodeNamed(member.name);
    if (node == nullptr) continue;
    std::string& list = names[node->version];
    list += (list.empty() ? "" : ", ") + member.name;
  }
  std::string line;
  for (const auto& [version, members] : names) {
    line += (line.empty() ? "versions: " : "; ") + members + " at " + version;
  }
  return line;
}

// Where the cluster does not answer at all.
std::string VersionsFromMemory(const Engine& e) {
  std::string line;
  for (int i = 0; i < e.members(); ++i) {
    const MemberState& m = e.r().members[static_cast<size_t>(i)];
    const std::string version = m.new_image_ran ? e.plan().Target() : e.plan().from_version;
    line += (line.empty() ? "" : ", ") + e.planned(i).name + " " + version;
  }
  return line;
}

void AddStoppedCompanions(const Engine& e, const World& world, std::vector<std::string>* lines) {
  for (const PlannedMember& companion : e.plan().companions) {
    if (world.hosts.empty() || Runs(companion, world)) continue;
    lines->push_back(companion.name + " on " + companion.host +
                     " does not run: " + ContainerLine(companion, world));
  }
}

// Where the last look fails: a call whose answer was lost may have changed a setting after it was
// put back, so that it is owed again until the cluster takes it.
bool OwesWhatIsUnsure(Engine& e) {
  if (!e.r().settle_until) return false;
  bool owes = false;
  for (RecordedSetting& setting : e.r().settings) {
    if (!setting.ours || setting.changed) continue;
    setting.changed = true;
    owes = true;
  }
  if (owes) e.r().attempts = 0;
  return owes;
}

void Conclude(Engine& e, std::vector<std::string> lines) {
  for (int i = 0; i < e.slots(); ++i) {
    if (const std::string& fate = e.member(i).fate; !fate.empty()) lines.push_back(fate);
  }
  if (const std::string left = CompanionsLeft(e); !left.empty() && e.r().batch > 0) {
    lines.push_back("companions that were not brought to " + e.plan().Target() + ": " + left);
  }
  lines.push_back("settings: put back");
  if (e.r().snapshot_done) lines.push_back("snapshot: " + e.plan().snapshot + " is kept");
  lines.insert(lines.end(), e.r().outcome.begin(), e.r().outcome.end());
  e.r().outcome = std::move(lines);
  e.r().looked = true;
}

}  // namespace

std::vector<std::string> WhoRunsWhat(const Engine& e, const World& world) {
  std::vector<std::string> lines;
  if (std::string versions = Versions(e, world); !versions.empty()) {
    lines.push_back(std::move(versions));
  }
  for (int i = 0; i < e.members(); ++i) {
    const PlannedMember& member = e.planned(i);
    const bool skipped = e.r().members[static_cast<size_t>(i)].skipped;
    if (world.cluster.NodeNamed(member.name) == nullptr) {
      lines.push_back(member.name + " on " + member.host + " is not in the cluster: " +
                      ContainerLine(member, world) + (skipped ? " (skipped by an operator)" : ""));
    } else if (skipped) {
      lines.push_back(member.name + " on " + member.host + " was skipped by an operator");
    }
  }
  AddStoppedCompanions(e, world, &lines);
  return lines;
}

void OnRestoringObserved(Engine& e, const World& world) {
  if (!world.cluster_error.empty()) {
    if (++e.r().attempts < kMaxAttempts) {
      e.WaitFor(kOwnSlot, "the cluster: " + world.cluster_error, std::nullopt,
                "the cluster answers");
      return e.RetryLater(kOwnSlot, kRetryDelay);
    }
    if (OwesWhatIsUnsure(e)) return;
    std::vector<std::string> lines = {"the cluster does not answer (" + world.cluster_error +
                                      "); as far as is known: " + VersionsFromMemory(e)};
    AddStoppedCompanions(e, world, &lines);
    return Conclude(e, std::move(lines));
  }
  NoteWayBack(e, world);
  if (MarkLate(e, world.cluster) || MarkLateExclusions(e, world.cluster)) return;
  std::vector<std::string> lines = WhoRunsWhat(e, world);
  if (const std::string foreign = ForeignSettings(e, world.cluster); !foreign.empty()) {
    lines.push_back("settings changed by somebody else meanwhile: " + foreign);
  }
  Conclude(e, std::move(lines));
}

}  // namespace drover::rollout
