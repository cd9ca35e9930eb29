// Operations and host views as the engine sees them: plain structs beside the RPC messages.
#ifndef DROVER_CONTROLLER_ROLLOUT_OPERATION_H_
#define DROVER_CONTROLLER_ROLLOUT_OPERATION_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.h"
#include "common/base/time.h"

namespace drover::rollout {

struct PullImage {
  std::string service, image;
  bool operator==(const PullImage&) const = default;
};
struct SetImage {
  std::string service, image, expect;
  bool operator==(const SetImage&) const = default;
};
struct RestoreFile {
  OperationId operation_id;
  bool operator==(const RestoreFile&) const = default;
};
struct StopService {
  std::string service;
  Millis timeout{};
  // Gets SIGTERM as well where it is not the container's main process; empty: none.
  std::string process = {};
  bool operator==(const StopService&) const = default;
};
struct UpService {
  std::string service;
  bool recreate = false;
  bool operator==(const UpService&) const = default;
};
struct DownProject {
  Millis timeout{};
  bool operator==(const DownProject&) const = default;
};
// A cold copy of what a stopped service keeps at `path`; a whole one of that name stays as it is.
struct CopyVolume {
  std::string service, path, name;
  bool operator==(const CopyVolume&) const = default;
};
// Puts the cold copy `name` in the place of what a stopped service keeps at `path`; that is set
// aside as `aside`, unless it was already.
struct RestoreVolume {
  std::string service, path, name, aside;
  bool operator==(const RestoreVolume&) const = default;
};
// Leaves an empty folder at `path`; what was there is kept as `name`. Done once it stays as it is.
struct SetAsideVolume {
  std::string service, path, name;
  bool operator==(const SetAsideVolume&) const = default;
};
using Verb = std::variant<PullImage, SetImage, RestoreFile, StopService, UpService, DownProject,
                          CopyVolume, RestoreVolume, SetAsideVolume>;

// "PullImage", "SetImage", …: as a host's policy file spells it.
std::string VerbName(const Verb& verb);

// What the controller orders. `host` is the host's name, `project` the Compose project's.
struct OperationOrder {
  OperationId id;
  std::string host, project;
  Verb verb;
  Time deadline{};
  // Where it has not begun by then it does not begin: what it rests on was looked at too long ago.
  std::optional<Time> begin_by = std::nullopt;
  bool operator==(const OperationOrder&) const = default;
};

enum class OperationState { kAccepted, kRunning, kSucceeded, kFailed, kInterrupted, kRefused };

// The same reasons as drover.agent.v1.OperationErrorCode, in its order.
enum class OperationErrorCode {
  kNone,
  kUnknownProject,
  kUnknownService,
  kPolicyDenied,
  kFileChanged,
  kEngineDown,
  kDiskFull,
  kDeadlinePassed,
  kStaleEpoch,
  kImageNotFound,
  kInvalidProject,
  kComposeFailed,
  kCanceled,
  kUnsupportedVerb,
  kRegistryUnreachable,
  kInternal
};

struct OperationEnd {
  OperationState state = OperationState::kSucceeded;
  OperationErrorCode error = OperationErrorCode::kNone;
  std::string message;
  std::vector<std::string> output;  // last lines of the command, bounded
  Time started_at{}, ended_at{};
  // Of the verb that ended; fields of other verbs stay empty.
  std::string digest, image_id;                         // PullImage, UpService
  std::string path, old_sha256, new_sha256, old_image;  // SetImage
  std::string container_id;                             // StopService, UpService
  int exit_code = 0;                                    // StopService
  bool killed = false;                                  // StopService
  Millis took{};                                        // StopService
  std::string passed_on;  // StopService: to whom its signal was passed on
  std::string copy;       // CopyVolume: the copy's folder on the host
  // RestoreVolume, SetAsideVolume: the folder on the host that holds what was set aside.
  std::string aside = {};
  uint64_t bytes = 0;  // of the copy, or of what was set aside
  bool operator==(const OperationEnd&) const = default;
};

struct OperationProgress {
  std::string text;
  int64_t current_bytes = 0, total_bytes = 0;
  bool operator==(const OperationProgress&) const = default;
};

// A container's mount. type is "volume", "bind" or "tmpfs".
struct MountView {
  std::string type, name, source, destination;
  bool anonymous = false;
};

struct ContainerView {
  std::string id, name, image, image_id, state, health, hostname;
  int exit_code = 0, restart_count = 0;
  bool oom_killed = false;
  Time started_at{}, finished_at{};
  std::vector<MountView> mounts;
  struct Port {
    std::string host_ip;
    int host_port = 0, container_port = 0;
  };
  std::vector<Port> ports;
  std::string restart_policy;  // the Engine's word; empty where the agent does not say
  uint64_t image_bytes = 0;    // of its image on the host; 0: not known
  // Empty where it does not run or was not asked for. `parent` is 0 for what started first.
  struct Process {
    int64_t pid = 0, parent = 0;
    std::string program;  // its name alone: arguments can hold secrets
  };
  std::vector<Process> processes;
};

// An image that was asked for, as one host has it.
struct ImageView {
  std::string reference;
  bool present = false;
  uint64_t bytes = 0;
  // The names in the folder that was asked for; nothing where it could not be read, then `error`.
  std::optional<std::vector<std::string>> entries;
  std::string error;
};

struct ServiceView {
  std::string name;
  std::string image;  // as the configuration resolves now
  std::optional<ContainerView> container;
  std::map<std::string, std::string> environment;  // only the keys that were asked for
  std::string hostname;
  Millis stop_grace_period{};
};

struct ProjectView {
  std::string name, working_dir;
  std::map<std::string, std::string> file_sha256;  // path → hash, every file of the project
  std::vector<ServiceView> services;
  std::string error;  // set where the project could not be resolved
  // What the host's policy says against the images that were asked about, or against the verbs that
  // an upgrade needs; a sentence each.
  std::vector<std::string> denials;
  std::vector<ImageView> images;  // those that were asked for

  const ServiceView* Service(const std::string& service) const;
};

struct DiskView {
  std::string path;
  uint64_t total_bytes = 0, free_bytes = 0;
  bool holds_copies = false;  // cold copies of data volumes go there
};

struct HostView {
  std::string name;
  HostId id;
  bool known = false;  // enrolled and not revoked
  bool connected = false, cordoned = false;
  std::string agent_version, engine_version, engine_error;
  std::vector<std::string> compose_versions;
  std::vector<std::string> policy_summary;
  std::vector<ProjectView> projects;
  std::vector<DiskView> disks;  // the first one is that of the Engine's images and volumes
  std::map<std::string, std::string> kernel_settings;  // "vm.max_map_count" → "262144"
  uint64_t memory_available_bytes = 0;                 // 0: not known
  Millis clock_offset{};                               // the host's clock less the controller's
  std::optional<Time> last_seen, connected_since;

  const ProjectView* Project(const std::string& project) const;
};

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_OPERATION_H_
