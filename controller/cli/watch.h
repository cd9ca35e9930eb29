// Follows a rollout until it ends, pauses, or the operator has seen enough.
#ifndef DROVER_CONTROLLER_CLI_WATCH_H_
#define DROVER_CONTROLLER_CLI_WATCH_H_

#include <cstdint>
#include <optional>
#include <string>

#include "controller/cli/session.h"

namespace drover::cli {

struct WatchOptions {
  // The whole id.
  std::string id;
  // Events up to this one have been seen.
  uint64_t since = 0;
  // Goes on while the rollout is paused instead of ending with exit code 5.
  bool through_pauses = false;
  // A pause that the rollout was in at this sequence is over: it was just resumed.
  std::optional<uint64_t> resumed_at;
};

// The exit code says how the rollout stands. Ctrl-C and --timeout end the watch with kWatchEnded,
// and say how to look again; nothing stops.
Exit Watch(Session& session, const WatchOptions& options);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_WATCH_H_
