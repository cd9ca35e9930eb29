#include <algorithm>
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

Finding Run(const CheckInput& in) {
  std::set<std::string> seen;
  std::vector<std::string> full, unknown;
  for (const Match& match : in.matches) {
    if (match.host == nullptr || match.service == nullptr || !match.service->container) continue;
    const uint64_t image = match.service->container->image_bytes;
    const bool there = match.project != nullptr &&
                       std::any_of(match.project->images.begin(), match.project->images.end(),
                                   [](const ImageView& view) { return view.present; });
    if (there || !seen.insert(match.host->name).second) continue;
    if (match.host->disks.empty() || image == 0) {
      unknown.push_back(match.host->name);
      continue;
    }
    const DiskView& disk = match.host->disks.front();
    if (disk.free_bytes >= kTimes * image) continue;
    full.push_back(match.host->name + " has " + InMegabytes(disk.free_bytes) + " at " + disk.path +
                   ", twice the present image is " + InMegabytes(kTimes * image));
  }
  if (!full.empty()) {
    return Block(Join(full),
                 "free space on the host (docker image prune), or give it a larger disk");
  }
  if (!unknown.empty()) {
    return Warn("free space or size of the image on " + Join(unknown) + " is not known",
                "upgrade the agent there, or look with df and docker system df");
  }
  return Pass("every host has the new image, or room for twice the present one");
}

}  // namespace

Check P24() {
  return {.id = "P24",
          .title = "hosts have room for the new image",
          .asks = "the agent of each host: free space of the Engine, size of the present image",
          .needs_cluster = false,
          .needs_target = true,
          .run = &Run};
}

}  // namespace drover::rollout
