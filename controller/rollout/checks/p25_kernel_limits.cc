#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

// OpenSearch's bootstrap checks: a node below them does not start.
constexpr int64_t kMaxMapCount = 262144;
constexpr int64_t kOpenFiles = 65535;

std::optional<int64_t> MapCount(const HostView& host) {
  const auto it = host.kernel_settings.find("vm.max_map_count");
  if (it == host.kernel_settings.end()) return std::nullopt;
  int64_t value = 0;
  const char* end = it->second.data() + it->second.size();
  if (std::from_chars(it->second.data(), end, value).ec != std::errc()) return std::nullopt;
  return value;
}

// A node that maps no files is not held to the limit.
bool MapsFiles(const NodeView& node) {
  const auto it = node.settings.find("node.store.allow_mmap");
  return it == node.settings.end() || it->second != "false";
}

struct Seen {
  std::vector<std::string> low, unknown;
  std::string remedy;
};

void LookAt(const Match& match, Seen* seen) {
  if (match.host == nullptr || match.node == nullptr) return;
  const std::optional<int64_t> maps = MapCount(*match.host);
  if (!maps) {
    seen->unknown.push_back("vm.max_map_count of " + match.host->name);
  } else if (*maps < kMaxMapCount && MapsFiles(*match.node)) {
    seen->low.push_back("vm.max_map_count of " + match.host->name + " is " + std::to_string(*maps));
    seen->remedy = "sysctl -w vm.max_map_count=262144 on the host, and the same in /etc/sysctl.d";
  }
  const std::optional<int64_t>& files = match.node->max_file_descriptors;
  if (!files) {
    seen->unknown.push_back("open files of " + match.Name());
  } else if (*files < kOpenFiles) {
    seen->low.push_back(match.Name() + " may open " + std::to_string(*files) + " files");
    seen->remedy = "raise nofile under ulimits of the service to 65535 or more";
  }
}

Finding Run(const CheckInput& in) {
  Seen seen;
  for (const Match& match : in.matches) LookAt(match, &seen);
  if (!seen.low.empty()) {
    return Block(Join(seen.low) + ": the bootstrap checks of a node that starts refuse it",
                 seen.remedy);
  }
  if (!seen.unknown.empty()) {
    return Warn("not known: " + Join(seen.unknown),
                "upgrade the agents; compare by hand: "
                "vm.max_map_count 262144, open files 65535");
  }
  return Pass("vm.max_map_count is at least 262144, open files at least 65535");
}

}  // namespace

Check P25() {
  return {.id = "P25",
          .title = "kernel limits are high enough",
          .asks =
              "the agent of each host: vm.max_map_count; GET _nodes/stats/process: "
              "max_file_descriptors",
          .run = &Run};
}

}  // namespace drover::rollout
