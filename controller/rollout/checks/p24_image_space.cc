#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

// Pulled layers lie beside what is unpacked of them until a pull ends.
constexpr uint64_t kTimes = 2;
constexpr uint64_t kMega = 1024 * 1024;

std::string InMegabytes(uint64_t bytes) { return std::to_string(bytes / kMega) + " MB"; }

// What one host needs, added up over its members.
struct Need {
  const HostView* host = nullptr;
  uint64_t image = 0;   // on the Engine's disk
  uint64_t copies = 0;  // where the cold copies go
  bool unknown = false;
};

bool HasImage(const Match& match) {
  return match.project != nullptr &&
         std::any_of(match.project->images.begin(), match.project->images.end(),
                     [](const ImageView& view) { return view.present; });
}

// Of cluster managers before another major version, of every member before a full stop.
bool MakesCopies(const CheckInput& in) {
  if (in.request.strategy == Strategy::kFull) return true;
  const std::optional<Version> from = LowestVersion(in.world.cluster);
  const std::optional<Version> to = ParseVersion(in.request.to_version);
  return from && to && from->major < to->major;
}

std::map<std::string, Need> NeedsOfHosts(const CheckInput& in) {
  const bool copies = MakesCopies(in);
  const bool of_all = in.request.strategy == Strategy::kFull;
  std::map<std::string, Need> needs;
  for (const Match& match : in.matches) {
    if (match.host == nullptr || match.service == nullptr || !match.service->container) continue;
    Need& need = needs[match.host->name];
    need.host = match.host;
    if (!HasImage(match)) {
      // Members of a host share their image.
      need.image = std::max(need.image, kTimes * match.service->container->image_bytes);
      need.unknown |= match.service->container->image_bytes == 0;
    }
    if (copies && match.node != nullptr && (of_all || match.node->ManagerEligible())) {
      const auto& stored = in.world.inspection.stored_bytes;
      const auto found = stored.find(match.node->id);
      if (found != stored.end()) need.copies += found->second;
      need.unknown |= found == stored.end();
    }
  }
  return needs;
}

// Adds what the host lacks; false where that is not known.
bool Compare(const Need& need, std::vector<std::string>* full) {
  if (need.image == 0 && need.copies == 0) return !need.unknown;
  const auto& disks = need.host->disks;
  if (disks.empty() || need.unknown) return false;
  const auto copies =
      std::find_if(disks.begin(), disks.end(), [](const DiskView& d) { return d.holds_copies; });
  if (need.copies > 0 && copies == disks.end()) return false;
  const bool shared = need.copies > 0 && copies == disks.begin();
  const auto lacks = [&](const DiskView& disk, uint64_t bytes, const std::string& what) {
    if (disk.free_bytes >= bytes) return;
    full->push_back(need.host->name + " has " + InMegabytes(disk.free_bytes) + " at " + disk.path +
                    ", " + what + InMegabytes(bytes));
  };
  if (shared && need.image > 0) {
    lacks(disks.front(), need.image + need.copies,
          "twice the present image and the cold copies of its members' volumes are ");
    return true;
  }
  if (need.image > 0) lacks(disks.front(), need.image, "twice the present image is ");
  if (need.copies > 0) {
    lacks(*copies, need.copies, "the cold copies of its members' volumes are ");
  }
  return true;
}

Finding Run(const CheckInput& in) {
  std::vector<std::string> full, unknown;
  for (const auto& [host, need] : NeedsOfHosts(in)) {
    if (!Compare(need, &full)) unknown.push_back(host);
  }
  if (!full.empty()) {
    return Block(Join(full),
                 "free space on the host (docker image prune, old cold copies), or give it a "
                 "larger disk");
  }
  if (!unknown.empty()) {
    return Warn(
        "free space, size of the image or of the data on " + Join(unknown) + " is not known",
        "upgrade the agent there, or look with df and docker system df");
  }
  return Pass(MakesCopies(in)
                  ? "every host has the new image, or room for twice the present one, and "
                    "room for the cold copies"
                  : "every host has the new image, or room for twice the present one");
}

}  // namespace

Check P24() {
  return {.id = "P24",
          .title = "hosts have room for the new image",
          .asks =
              "the agent of each host: free space of the Engine and where cold copies go, size of "
              "the present image; to another major version also GET _nodes/stats/indices/store",
          .needs_cluster = false,
          .needs_target = true,
          .run = &Run};
}

}  // namespace drover::rollout
