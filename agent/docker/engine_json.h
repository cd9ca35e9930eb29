// The Engine's JSON as Drover's structs; the one place of this room that touches nlohmann-json.
#ifndef DROVER_AGENT_DOCKER_ENGINE_JSON_H_
#define DROVER_AGENT_DOCKER_ENGINE_JSON_H_

#include <string>
#include <vector>

#include "agent/docker/engine.h"
#include "common/base/status.h"

namespace drover::agent {

// Each is INTERNAL where the text is not the JSON that the Engine's API promises.
struct VersionAnswer {
  std::string version;
  std::string api_version;
  std::string min_api_version;
};
StatusOr<VersionAnswer> ParseVersion(const std::string& json);
StatusOr<std::string> ParseRootDir(const std::string& json);
StatusOr<std::vector<ContainerSummary>> ParseContainerList(const std::string& json);
StatusOr<ContainerDetail> ParseContainer(const std::string& json);
// The answer of `top` with the columns PID, PPID and COMMAND.
StatusOr<std::vector<ContainerProcess>> ParseProcesses(const std::string& json);
StatusOr<ImageDetail> ParseImage(const std::string& json);
// The id in the answer to POST /containers/create.
StatusOr<std::string> ParseCreated(const std::string& json);
// The body of POST /containers/create for a container that is never started.
std::string UnstartedContainerJson(const std::string& image);
std::string NewContainerJson(const NewContainer& container);
StatusOr<EngineEvent> ParseEvent(const std::string& json);
// One entry of a pull's stream; a refusal in it is INTERNAL with the Engine's words.
StatusOr<PullStatus> ParsePullEntry(const std::string& json);
// The words of an error answer; the text itself where it is no JSON.
std::string ParseErrorMessage(const std::string& json);

// The value of a `filters` parameter: {"label":["a","b=c"]}.
std::string FiltersJson(const std::map<std::string, std::vector<std::string>>& filters);

// RFC 3339 with any number of digits, UTC or with an offset; the epoch where it is not one or is
// Docker's zero time.
Time ParseEngineTime(const std::string& text);

}  // namespace drover::agent

#endif  // DROVER_AGENT_DOCKER_ENGINE_JSON_H_
