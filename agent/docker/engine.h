// What Drover asks of the Docker Engine: who it is, containers, images, events, logs, pulls.
#ifndef DROVER_AGENT_DOCKER_ENGINE_H_
#define DROVER_AGENT_DOCKER_ENGINE_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::agent {

struct EngineInfo {
  std::string version;      // "20.10.24"
  std::string api_version;  // what requests are made with
  std::string root_dir;     // where images and volumes are; empty where the Engine does not say
};

struct ContainerSummary {
  std::string id;
  std::string name;  // without the leading slash
  std::string image;
  std::string image_id;
  std::string state;
  std::map<std::string, std::string> labels;
};

struct ContainerMount {
  std::string type;
  std::string name;
  std::string source;
  std::string destination;
  bool writable = true;
};

struct ContainerPort {
  std::string host_ip;
  uint32_t host_port = 0;
  uint32_t container_port = 0;
};

struct ContainerNetwork {
  std::string name;
  std::string address;  // IPv4; empty while it does not run
};

struct ContainerLimit {
  std::string name;  // "nofile"
  int64_t soft = 0, hard = 0;
};

struct ContainerDetail {
  std::string id;
  std::string name;
  std::string image;  // the reference it was made with
  std::string image_id;
  std::string state;
  std::string health;
  std::string error;  // why the Engine could not start it
  int exit_code = 0;
  int restart_count = 0;
  bool oom_killed = false;
  bool tty = false;
  std::string restart_policy;
  std::string hostname;
  Time created_at{};
  Time started_at{};   // the epoch where it never started
  Time finished_at{};  // the epoch where it never ended
  std::map<std::string, std::string> labels;
  std::vector<std::string> environment;  // "NAME=value"; may hold secrets
  std::vector<ContainerMount> mounts;
  std::vector<ContainerPort> ports;
  std::string user;          // empty: the image's
  std::string network_mode;  // "host", "none", "bridge" or a network's name
  std::vector<ContainerNetwork> networks;
  std::vector<ContainerLimit> ulimits;
  std::vector<std::string> extra_hosts, dns;
};

// A container to be made: without privileges, published ports, a restart policy or a volume of its
// own.
struct NewContainer {
  std::string name;
  std::string image;
  std::string user;
  std::string network;
  std::vector<std::string> environment;
  std::map<std::string, std::string> labels;
  std::vector<ContainerMount> mounts;  // read-only; type "bind" or "volume"
  std::vector<ContainerLimit> ulimits;
  std::vector<std::string> extra_hosts, dns;
  uint64_t memory_bytes = 0;  // 0: no limit
};

// A process of a running container.
struct ContainerProcess {
  int64_t pid = 0, parent = 0;  // as the host's process table numbers them
  std::string name;             // of its program, at most 15 characters: "java"
};

struct ImageDetail {
  std::string id;
  std::vector<std::string> repo_tags;
  std::vector<std::string> repo_digests;  // "repository@sha256:…"
  Time last_tagged{};                     // the epoch where the Engine does not know
  uint64_t bytes = 0;                     // its size on the host
};

struct EngineEvent {
  std::string type;    // "container", …
  std::string action;  // "die", "health_status: healthy", …
  std::string id;
  std::map<std::string, std::string> attributes;
  Time time{};
};

// One entry of a pull's progress.
struct PullStatus {
  std::string layer;   // empty for the image as a whole
  std::string status;  // "Downloading", "Pull complete", …
  int64_t current = 0;
  int64_t total = 0;
};

struct CallLimits {
  std::chrono::steady_clock::time_point deadline;
  // Ends the call with ABORTED once true; looked at five times a second. Not owned; may be null.
  const std::atomic<bool>* cancel = nullptr;
};

// An open stream of events; not thread safe.
class EventStream {
 public:
  virtual ~EventStream() = default;
  // The next event, as soon as there is one. DEADLINE_EXCEEDED after `timeout`, and the stream is
  // good for more; any other error ends the stream.
  virtual StatusOr<EngineEvent> Next(Millis timeout) = 0;
};

// Thread safe. UNAVAILABLE where the Engine does not answer, NOT_FOUND for what it does not have,
// DEADLINE_EXCEEDED, INTERNAL with the Engine's own words for any other refusal.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual StatusOr<EngineInfo> Info() = 0;
  // Containers, stopped ones too, that carry all `labels`: "name" or "name=value".
  virtual StatusOr<std::vector<ContainerSummary>> ListContainers(
      const std::vector<std::string>& labels) = 0;
  virtual StatusOr<ContainerDetail> InspectContainer(const std::string& id) = 0;
  virtual StatusOr<ImageDetail> InspectImage(const std::string& reference) = 0;
  // The names in `folder` of an image that is on the host, sorted. Reads the whole folder, by a
  // container that is made for it, never started, and removed. NOT_FOUND where either is not there.
  virtual StatusOr<std::vector<std::string>> ListImageFolder(const std::string& reference,
                                                             const std::string& folder,
                                                             const CallLimits& limits) = 0;
  // The id. NOT_FOUND where the image is not on the host.
  virtual StatusOr<std::string> CreateContainer(const NewContainer& container) = 0;
  virtual Status StartContainer(const std::string& id) = 0;
  // Kills it where it runs, and removes it with its anonymous volumes. OK where there is none.
  virtual Status RemoveContainer(const std::string& id) = 0;
  // Events of `container_id` between two points in time that have passed.
  virtual StatusOr<std::vector<EngineEvent>> PastEvents(const std::string& container_id, Time since,
                                                        Time until) = 0;
  // What runs in a container; an error where it does not run.
  virtual StatusOr<std::vector<ContainerProcess>> ListProcesses(const std::string& id) = 0;
  // From now on: the signals that are sent to a container ("kill", attribute "signal"), and its
  // end ("die").
  virtual StatusOr<std::unique_ptr<EventStream>> WatchSignals(const std::string& id) = 0;
  // From now on: changes of state of the containers with `label`; no exec and attach events.
  virtual StatusOr<std::unique_ptr<EventStream>> WatchContainers(const std::string& label) = 0;
  // The last `lines` lines of a container's output, and what follows where `follow`, in pieces
  // without frames, until the end, `limits` or until `sink` returns false. `since` is the epoch for
  // all of it.
  virtual Status ReadLog(const ContainerDetail& container, uint32_t lines, bool follow, Time since,
                         const CallLimits& limits,
                         const std::function<bool(const std::string& bytes)>& sink) = 0;
  // Pulls without credentials. Errors carry the registry's or the Engine's words.
  virtual Status PullImage(const std::string& reference, const CallLimits& limits,
                           const std::function<void(const PullStatus&)>& progress) = 0;
};

// The Engine behind the unix socket at `socket_path`. Connects at each call.
std::unique_ptr<Engine> MakeEngineClient(const std::string& socket_path);

// The socket that DOCKER_HOST ("unix://…") or Docker's default names. INVALID_ARGUMENT for a
// DOCKER_HOST of another kind: the agent drives the Engine of its own host only.
StatusOr<std::string> EngineSocketPath();

}  // namespace drover::agent

#endif  // DROVER_AGENT_DOCKER_ENGINE_H_
