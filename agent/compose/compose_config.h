// Compose's resolved configuration as Drover needs it.
#ifndef DROVER_AGENT_COMPOSE_COMPOSE_CONFIG_H_
#define DROVER_AGENT_COMPOSE_COMPOSE_CONFIG_H_

#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::agent {

struct ResolvedService {
  std::string image;
  std::string hostname;
  std::optional<Millis> stop_grace_period;
  std::map<std::string, std::string> environment;  // the asked keys only
};

struct ResolvedConfig {
  std::map<std::string, ResolvedService> services;
};

// Reads what `config` printed: JSON (v2) or YAML (v1). Values of `environment_keys` are taken
// along, no others. INTERNAL where it is neither.
StatusOr<ResolvedConfig> ParseComposeConfig(const std::string& text,
                                            const std::set<std::string>& environment_keys);

// A duration as Compose prints it: "1m30s", "90s", "1.5s", "500ms". Nothing for other text.
std::optional<Millis> ParseComposeDuration(const std::string& text);

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_COMPOSE_CONFIG_H_
