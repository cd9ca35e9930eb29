// The Engine's log stream: frames of an 8-byte header and a payload (API, "Attach to a container").
#ifndef DROVER_AGENT_DOCKER_LOG_FRAMES_H_
#define DROVER_AGENT_DOCKER_LOG_FRAMES_H_

#include <cstddef>
#include <string>

namespace drover::agent {

// Takes the stream in pieces of any size and returns the payloads. A container with a tty has no
// frames: its bytes pass as they are.
class LogFrames {
 public:
  explicit LogFrames(bool tty) : tty_(tty) {}

  std::string Feed(const std::string& bytes);

 private:
  const bool tty_;
  std::string header_;
  size_t payload_left_ = 0;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_DOCKER_LOG_FRAMES_H_
