#include "agent/compose/rehearsals.h"

#include <algorithm>
#include <regex>
#include <thread>
#include <utility>

#include "agent/compose/outcome.h"
#include "agent/compose/wire_time.h"
#include "common/base/log.h"

namespace drover::agent {
namespace {

using std::chrono::steady_clock;

constexpr char kRoom[] = "rehearsal";
constexpr uint32_t kLogLines = 40;
constexpr size_t kLogBytes = 64 * 1024;
constexpr size_t kMaxAnswer = 1024 * 1024;
constexpr Millis kReadTimeout{15'000};
constexpr Millis kLongestCall{60'000};
constexpr Millis kShortestLease{10'000};
constexpr Millis kLongestLease{15 * 60 * 1000};

std::vector<std::string> LinesOf(const std::string& bytes) {
  std::vector<std::string> lines;
  size_t begin = 0;
  while (begin < bytes.size()) {
    const size_t end = std::min(bytes.find('\n', begin), bytes.size());
    lines.push_back(ShowableLine(bytes.substr(begin, end - begin)));
    begin = end + 1;
  }
  return lines;
}

Status NotKnown(const std::string& id) {
  return VerbError(v1::OPERATION_ERROR_CODE_UNKNOWN_SERVICE,
                   "The rehearsal " + id.substr(0, 40) +
                       " is not on this host any more: the agent was started anew, or nothing was "
                       "asked about it for too long");
}

Status CheckCall(const v1::CallRehearsal& call) {
  static const std::regex methods("GET|HEAD|POST|PUT|DELETE");
  const auto is_odd = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  const std::string& path = call.path();
  const bool good = std::regex_match(call.method(), methods) && path.starts_with('/') &&
                    std::none_of(path.begin(), path.end(), is_odd);
  return good ? OkStatus() : InvalidArgument("The request to the rehearsal's container is none");
}

std::string AddressOf(const ContainerDetail& detail) {
  for (const ContainerNetwork& network : detail.networks) {
    if (!network.address.empty()) return network.address;
  }
  return "";
}

}  // namespace

struct Rehearsals::Present {
  std::string id;
  v1::StartRehearsal order;
  StopRequest stop;
  std::thread worker;
  SteadyTime lease_ends;
  bool kept = false;
  std::string progress = "is being prepared";
  Status error;           // why there is no container
  std::string container;  // its id, once it was started
  std::string address;
};

Rehearsals::Rehearsals(Parts parts) : parts_(std::move(parts)) {}

Rehearsals::~Rehearsals() {
  const std::shared_ptr<Present> present = present_;
  if (present == nullptr) return;
  const Status removed = present->kept ? OkStatus() : Remove(present);
  if (!removed.ok()) LogWarning(kRoom, Message(removed));
  if (present->worker.joinable()) present->worker.join();
}

StatusOr<v1::Rehearsed> Rehearsals::Answer(const v1::Rehearse& query) {
  v1::Rehearsed result;
  const std::string& id = query.rehearsal_id();
  switch (query.step_case()) {
    case v1::Rehearse::kStart: {
      DROVER_ASSIGN_OR_RETURN(*result.mutable_rehearsal(), Start(id, query.start()));
      return result;
    }
    case v1::Rehearse::kLook: {
      DROVER_ASSIGN_OR_RETURN(*result.mutable_rehearsal(), Look(id));
      return result;
    }
    case v1::Rehearse::kCall: {
      DROVER_ASSIGN_OR_RETURN(*result.mutable_answer(), Call(id, query.call()));
      return result;
    }
    case v1::Rehearse::kEnd: {
      DROVER_RETURN_IF_ERROR(End(id, query.end().keep()));
      result.mutable_rehearsal()->set_state(query.end().keep() ? v1::REHEARSAL_STATE_RUNNING
                                                               : v1::REHEARSAL_STATE_ENDED);
      return result;
    }
    case v1::Rehearse::STEP_NOT_SET:
      break;
  }
  return VerbError(v1::OPERATION_ERROR_CODE_UNSUPPORTED_VERB,
                   "The agent does not know this step of a rehearsal; upgrade the agent");
}

Status Rehearsals::CheckOrder(const std::string& id, const v1::StartRehearsal& order) const {
  static const std::regex ids("[a-z0-9]{1,40}");
  static const std::regex names("[A-Za-z_][A-Za-z0-9_.]{0,199}");
  if (!std::regex_match(id, ids)) return InvalidArgument("\"" + id.substr(0, 40) + "\" is no id");
  for (const auto& [name, value] : order.environment()) {
    if (!std::regex_match(name, names) || value.find('\0') != std::string::npos) {
      return InvalidArgument("\"" + name.substr(0, 200) + "\" is not a variable's name");
    }
  }
  if (order.port() == 0 || order.port() > 65'535) return InvalidArgument("The port is none");
  const std::shared_ptr<const Policy> policy = parts_.policy->Current();
  DROVER_RETURN_IF_ERROR(policy->AllowsVerb("Rehearse"));
  return policy->AllowsImage(order.image());
}

StatusOr<v1::Rehearsal> Rehearsals::Start(const std::string& id, const v1::StartRehearsal& order) {
  DROVER_RETURN_IF_ERROR(CheckOrder(id, order));
  {
    const std::lock_guard turn(turn_);
    std::shared_ptr<Present> before;
    {
      const std::lock_guard lock(mutex_);
      before = present_;
    }
    if (before != nullptr && before->id != id && !before->kept) {
      const auto left = std::chrono::duration_cast<Millis>(before->lease_ends - parts_.now());
      return FailedPrecondition("The rehearsal " + before->id +
                                " runs on this host; wait for its end, then try again. Where "
                                "nobody follows it any more, it is removed within " +
                                FormatDuration(std::max(left, Millis(1'000))));
    }
    if (before == nullptr || before->id != id) {
      if (before != nullptr) DROVER_RETURN_IF_ERROR(Remove(before));
      DROVER_RETURN_IF_ERROR(Sweep(""));
      DROVER_ASSIGN_OR_RETURN(ContainerDetail member,
                              parts_.member(order.project(), order.service()));
      const auto present = std::make_shared<Present>();
      present->id = id;
      present->order = order;
      present->lease_ends = parts_.now() + kLongestLease;
      const std::lock_guard lock(mutex_);
      present_ = present;
      present->worker = std::thread([this, present = present.get(), member = std::move(member)] {
        Prepare(*present, member);
      });
    }
  }
  return Look(id);
}

NewContainer MadeAfter(const ContainerDetail& member, const std::string& id,
                       const v1::StartRehearsal& order) {
  NewContainer made;
  made.name = "drover-rehearsal-" + id;
  made.image = order.image();
  made.user = member.user;
  made.labels = {{kRehearsalLabel, id}};
  made.memory_bytes = order.memory_bytes();
  made.ulimits = member.ulimits;
  made.extra_hosts = member.extra_hosts;
  made.dns = member.dns;
  // In the host's own network it would be a port of the host.
  const std::string& mode = member.network_mode;
  const bool is_shared = mode == "host" || mode == "none" || mode.starts_with("container:");
  made.network = mode.empty() || is_shared ? "bridge" : mode;
  std::map<std::string, std::string> environment;
  for (const std::string& entry : member.environment) {
    const std::string name = entry.substr(0, entry.find('='));
    for (const std::string& wanted : order.inherited_environment()) {
      const bool fits = wanted.ends_with('*')
                            ? name.starts_with(wanted.substr(0, wanted.size() - 1))
                            : name == wanted;
      if (fits && name.size() < entry.size()) environment[name] = entry.substr(name.size() + 1);
    }
  }
  for (const auto& [name, value] : order.environment()) environment[name] = value;
  for (const auto& [name, value] : environment) made.environment.push_back(name + "=" + value);
  for (const ContainerMount& mount : member.mounts) {
    if (mount.type != "bind" && mount.type != "volume") continue;
    const auto& out = order.left_out_mounts();
    const bool left_out = std::any_of(out.begin(), out.end(), [&](const std::string& path) {
      return LiesUnder(mount.destination, path);
    });
    if (!left_out) made.mounts.push_back(mount);
  }
  return made;
}

Status Rehearsals::Make(Present& present, const ContainerDetail& member) {
  const auto tell = [this, &present](const v1::OperationProgress& progress) {
    const std::lock_guard lock(mutex_);
    present.progress = "the image is pulled: " + progress.text();
  };
  DROVER_RETURN_IF_ERROR(parts_.pull(present.order.image(), tell, present.stop));
  if (present.stop.canceled) return Aborted("The rehearsal was ended");
  DROVER_ASSIGN_OR_RETURN(const std::string id, parts_.engine->CreateContainer(
                                                    MadeAfter(member, present.id, present.order)));
  if (present.stop.canceled) return Aborted("The rehearsal was ended");
  DROVER_RETURN_IF_ERROR(parts_.engine->StartContainer(id));
  DROVER_ASSIGN_OR_RETURN(const ContainerDetail detail, parts_.engine->InspectContainer(id));
  const std::lock_guard lock(mutex_);
  present.container = id;
  present.address = AddressOf(detail);
  return OkStatus();
}

void Rehearsals::Prepare(Present& present, const ContainerDetail& member) {
  Status made;
  try {
    made = Make(present, member);
  } catch (const std::exception& error) {
    made = Internal(std::string("Making the container failed: ") + error.what());
  }
  const std::lock_guard lock(mutex_);
  present.error = made;
}

StatusOr<std::shared_ptr<Rehearsals::Present>> Rehearsals::Find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (present_ == nullptr || present_->id != id) return NotKnown(id);
  const Millis asked = SpanOnWire(present_->order.lease());
  present_->lease_ends = parts_.now() + std::clamp(asked, kShortestLease, kLongestLease);
  return present_;
}

StatusOr<v1::Rehearsal> Rehearsals::Look(const std::string& id) {
  DROVER_ASSIGN_OR_RETURN(const std::shared_ptr<Present> present, Find(id));
  v1::Rehearsal view;
  view.set_container_name("drover-rehearsal-" + id);
  std::string container;
  {
    const std::lock_guard lock(mutex_);
    view.set_progress(ValidUtf8(present->progress));
    container = present->container;
    if (!present->error.ok()) {
      view.set_state(v1::REHEARSAL_STATE_ENDED);
      *view.mutable_error() = ToOperationError(present->error);
      return view;
    }
  }
  view.set_state(v1::REHEARSAL_STATE_PREPARING);
  if (container.empty()) return view;
  const StatusOr<ContainerDetail> detail = parts_.engine->InspectContainer(container);
  if (detail.status().code() == StatusCode::kNotFound) return NotKnown(id);
  if (!detail.ok()) return detail.status();
  view.set_state(v1::REHEARSAL_STATE_RUNNING);
  if (detail->state != "running") AddEnd(*detail, &view);
  return view;
}

void Rehearsals::AddEnd(const ContainerDetail& detail, v1::Rehearsal* view) {
  view->set_state(v1::REHEARSAL_STATE_ENDED);
  view->set_exit_code(detail.exit_code);
  view->set_oom_killed(detail.oom_killed);
  std::string bytes;
  const Status read = parts_.engine->ReadLog(detail, kLogLines, /*follow=*/false, Time{},
                                             {steady_clock::now() + kReadTimeout},
                                             [&bytes](const std::string& piece) {
                                               bytes += piece;
                                               return bytes.size() < kLogBytes;
                                             });
  if (!read.ok()) bytes += "its log cannot be read: " + Message(read);
  for (const std::string& line : LinesOf(bytes)) view->add_log(line);
}

StatusOr<v1::RehearsalAnswer> Rehearsals::Call(const std::string& id,
                                               const v1::CallRehearsal& call) {
  DROVER_RETURN_IF_ERROR(CheckCall(call));
  DROVER_RETURN_IF_ERROR(parts_.policy->Current()->AllowsVerb("Rehearse"));
  DROVER_ASSIGN_OR_RETURN(const std::shared_ptr<Present> present, Find(id));
  ContainerCall request;
  std::string container;
  {
    const std::lock_guard lock(mutex_);
    request.address = present->address;
    container = present->container;
  }
  if (container.empty()) return Unavailable("The rehearsal's container does not run yet");
  // By its label, now: an address goes to another container once this one is gone.
  const StatusOr<ContainerDetail> detail = parts_.engine->InspectContainer(container);
  if (detail.status().code() == StatusCode::kNotFound) return NotKnown(id);
  if (!detail.ok()) return detail.status();
  const auto label = detail->labels.find(kRehearsalLabel);
  if (label == detail->labels.end() || label->second != id) return NotKnown(id);
  if (detail->state != "running" || AddressOf(*detail) != request.address ||
      request.address.empty()) {
    return Unavailable("The rehearsal's container has no address in a network of the Engine");
  }
  request.port = static_cast<uint16_t>(present->order.port());
  request.method = call.method();
  request.target = call.path();
  request.json = call.body();
  const Millis timeout = std::clamp(SpanOnWire(call.timeout()), Millis(100), kLongestCall);
  DROVER_ASSIGN_OR_RETURN(
      HttpAnswer got, parts_.call(request, {steady_clock::now() + timeout, nullptr}, kMaxAnswer));
  v1::RehearsalAnswer answer;
  answer.set_status(static_cast<uint32_t>(got.status_code));
  answer.set_body(std::move(got.body));
  return answer;
}

Status Rehearsals::Remove(const std::shared_ptr<Present>& present) {
  present->stop.canceled = true;
  if (present->worker.joinable()) present->worker.join();
  {
    const std::lock_guard lock(mutex_);
    if (present_ == present) present_.reset();
  }
  swept_ = false;
  return Sweep("");
}

Status Rehearsals::Sweep(const std::string& but) {
  swept_ = false;
  DROVER_ASSIGN_OR_RETURN(const auto left, parts_.engine->ListContainers({kRehearsalLabel}));
  for (const ContainerSummary& container : left) {
    if (!but.empty() && container.labels.at(kRehearsalLabel) == but) continue;
    DROVER_RETURN_IF_ERROR(parts_.engine->RemoveContainer(container.id));
    LogInfo(kRoom, "removed the container " + container.name);
  }
  swept_ = true;
  return OkStatus();
}

Status Rehearsals::End(const std::string& id, bool keep) {
  const std::lock_guard turn(turn_);
  std::shared_ptr<Present> present;
  {
    const std::lock_guard lock(mutex_);
    if (present_ != nullptr && present_->id == id) present = present_;
    if (keep && present != nullptr) present->kept = true;
  }
  if (keep) return present != nullptr ? OkStatus() : NotKnown(id);
  return present != nullptr ? Remove(present) : OkStatus();
}

void Rehearsals::Tend() {
  const std::lock_guard turn(turn_);
  std::shared_ptr<Present> present;
  {
    const std::lock_guard lock(mutex_);
    present = present_;
  }
  Status done = OkStatus();
  if (present != nullptr && !present->kept && parts_.now() >= present->lease_ends) {
    LogWarning(kRoom, "nobody asked about the rehearsal " + present->id +
                          " any more: its container is removed");
    done = Remove(present);
  } else if (!swept_) {
    done = Sweep(present != nullptr ? present->id : "");
  }
  if (!done.ok()) LogDebug(kRoom, Message(done));
}

}  // namespace drover::agent
