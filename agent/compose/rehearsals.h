// Throw-away containers made after a service's own, which the controller talks to through the
// agent: what the query Rehearse asks.
#ifndef DROVER_AGENT_COMPOSE_REHEARSALS_H_
#define DROVER_AGENT_COMPOSE_REHEARSALS_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "agent/compose/verbs.h"
#include "agent/docker/container_http.h"
#include "agent/docker/engine.h"
#include "agent/policy/policy_file.h"
#include "agent/process/command_runner.h"
#include "common/base/status.h"
#include "drover/agent/v1/rehearsal.pb.h"

namespace drover::agent {

// Of every container that is one; its value is the rehearsal's id.
inline constexpr char kRehearsalLabel[] = "drover.rehearsal";

// One at a time a host. Thread safe; the Engine is asked from the callers' threads and from the one
// thread that prepares the container.
class Rehearsals {
 public:
  struct Parts {
    Engine* engine = nullptr;
    PolicyFile* policy = nullptr;
    // The container of a service of a project that the policy allows.
    std::function<StatusOr<ContainerDetail>(const std::string& project, const std::string& service)>
        member;
    std::function<Status(const std::string& image, const HostVerbs::Progress& progress,
                         const StopRequest& stop)>
        pull;
    std::function<StatusOr<HttpAnswer>(const ContainerCall&, const CallLimits&, size_t)> call =
        CallContainer;
    std::function<SteadyTime()> now = std::chrono::steady_clock::now;
  };

  explicit Rehearsals(Parts parts);
  // Ends the one that is there, unless it is to be kept.
  ~Rehearsals();

  // PERMISSION_DENIED where the policy allows it not; UNKNOWN_SERVICE as VerbError for an id that
  // is not the present one's; UNAVAILABLE where the container does not answer.
  StatusOr<v1::Rehearsed> Answer(const v1::Rehearse& query);

  // To be called every few seconds: removes what an earlier agent left, and the container whose
  // lease is over.
  void Tend();

 private:
  struct Present;

  StatusOr<v1::Rehearsal> Start(const std::string& id, const v1::StartRehearsal& order);
  StatusOr<v1::Rehearsal> Look(const std::string& id);
  StatusOr<v1::RehearsalAnswer> Call(const std::string& id, const v1::CallRehearsal& call);
  Status End(const std::string& id, bool keep);

  Status CheckOrder(const std::string& id, const v1::StartRehearsal& order) const;
  // Runs on the rehearsal's own thread.
  void Prepare(Present& present, const ContainerDetail& member);
  Status Make(Present& present, const ContainerDetail& member);
  // The present one, its lease extended.
  StatusOr<std::shared_ptr<Present>> Find(const std::string& id);
  void AddEnd(const ContainerDetail& detail, v1::Rehearsal* view);
  // Stops what prepares it and removes it.
  Status Remove(const std::shared_ptr<Present>& present);
  // Removes every container with the label but that of the rehearsal `but`; empty: each.
  Status Sweep(const std::string& but);

  const Parts parts_;
  // Held while one begins or ends.
  std::mutex turn_;
  bool swept_ = false;  // guarded by turn_
  std::mutex mutex_;
  std::shared_ptr<Present> present_;  // guarded by mutex_, and what changes in it
};

// The container that `order` asks for.
NewContainer MadeAfter(const ContainerDetail& member, const std::string& id,
                       const v1::StartRehearsal& order);

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_REHEARSALS_H_
