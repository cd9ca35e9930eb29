// The fleet: enrolment, the agents' connections, and what operators do with hosts.
#ifndef DROVER_CONTROLLER_FLEET_GATEWAY_H_
#define DROVER_CONTROLLER_FLEET_GATEWAY_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "common/rpc/limits.h"
#include "controller/fleet/agents.h"
#include "controller/fleet/authority.h"
#include "controller/fleet/fleet_admin.h"
#include "controller/fleet/host_table.h"
#include "controller/fleet/leftovers.h"
#include "controller/fleet/queries.h"
#include "controller/fleet/rehearsal_hosts.h"
#include "controller/fleet/session.h"
#include "controller/fleet/token_bucket.h"
#include "controller/fleet/worker.h"
#include "controller/store/fleet_store.h"
#include "drover/agent/v1/gateway.pb.h"

namespace drover::fleet {

struct GatewayOptions {
  // Of this start of the controller; every order carries it.
  uint64_t epoch = 0;
  // How often revocation and the ends of certificates are checked for connected hosts, and whether
  // the controller's own certificate is due.
  Millis check_interval{60'000};
  // How long a connection may take to say Hello.
  Millis hello_timeout = rpc::kHandshakeTimeout;
  // Of the controller's start before this one. An agent that has seen an epoch between the two has
  // obeyed a controller that this one's database knows nothing of. 0: not known, or the operator
  // has said that this controller takes over.
  uint64_t previous_epoch = 0;
};

// Serves drover.agent.v1.AgentGateway. Thread safe. Order of things in main:
//   Make, SetListener, register service() at a server with TLS, …,
//   Shutdown, server->Shutdown(deadline), destroy.
class Gateway final : public Agents,
                      public FleetAdmin,
                      public Leftovers,
                      public RehearsalHosts,
                      private Session::Owner {
 public:
  // Reads the hosts from the store. All four outlive the gateway.
  static StatusOr<std::unique_ptr<Gateway>> Make(const GatewayOptions& options,
                                                 Authority& authority, store::FleetStore& store,
                                                 Clock& clock);
  ~Gateway() override;

  // Before the server starts, once; `listener` outlives the gateway.
  void SetListener(AgentListener* listener) { listener_ = listener; }

  // Owned by the gateway.
  grpc::Service* service();

  // Ends every stream with UNAVAILABLE "restarting" and refuses new ones. Does not wait.
  void Shutdown();

  // Agents.
  std::vector<rollout::HostView> Hosts() override;
  Status Start(const rollout::OperationOrder& order) override;
  Status Cancel(const std::string& host, const OperationId& id) override;
  void Acknowledge(const std::string& host, const OperationId& id, uint64_t sequence) override;
  void InspectProject(const std::string& host, const std::string& project,
                      const ProjectQuestion& question, Millis timeout,
                      std::function<void(StatusOr<rollout::ProjectView>)> done) override;
  void TailLog(const std::string& host, const std::string& project, const std::string& service,
               int lines, Millis timeout, std::function<void(StatusOr<LogChunk>)> done) override;
  void FollowLog(const std::string& host, const std::string& project, const std::string& service,
                 int lines, std::function<bool(const LogChunk&)> sink,
                 std::function<void(Status)> done) override;

  // Leftovers.
  void ListLeftovers(const std::string& host, Millis timeout,
                     std::function<void(StatusOr<std::vector<Leftover>>)> done) override;
  void RemoveLeftover(const std::string& host, const Leftover& which, Millis timeout,
                      std::function<void(StatusOr<Leftover>)> done) override;
  // RehearsalHosts.
  void StartRehearsal(const std::string& host, const std::string& id, const RehearsalOrder& order,
                      Looked done) override;
  void LookAtRehearsal(const std::string& host, const std::string& id, Looked done) override;
  void EndRehearsal(const std::string& host, const std::string& id, bool keep,
                    Looked done) override;
  void CallRehearsal(const std::string& host, const std::string& id, const NodeCall& call,
                     std::function<void(StatusOr<NodeAnswer>)> done) override;

  // FleetAdmin.
  std::string FleetName() override;
  StatusOr<NewToken> CreateToken(Millis ttl) override;
  std::vector<HostStatus> ListHosts() override;
  StatusOr<HostStatus> GetHost(const std::string& host) override;
  StatusOr<HostStatus> RevokeHost(const std::string& host) override;
  StatusOr<HostStatus> CordonHost(const std::string& host) override;
  StatusOr<HostStatus> UncordonHost(const std::string& host) override;
  int64_t Subscribe(std::function<void(const HostStatus&)> changed) override;
  void Unsubscribe(int64_t subscription) override;

 private:
  class Service;
  using SessionPtr = std::shared_ptr<Session>;

  Gateway(const GatewayOptions& options, Authority& authority, store::FleetStore& store,
          Clock& clock);

  // gateway.cc: orders.
  StatusOr<SessionPtr> SessionOf(const std::string& host) const;
  Status SendOrder(const std::string& host, agent::v1::ControllerMessage message);
  bool Send(const SessionPtr& session, agent::v1::ControllerMessage message);
  void EndSession(const SessionPtr& session, const Status& status);

  // gateway_query.cc
  void Ask(const std::string& host, agent::v1::Query query, Millis timeout, Queries::Done done);
  // gateway_rehearsal.cc
  void AskRehearsal(const std::string& host, agent::v1::Rehearse step, Looked done);

  // gateway_stream.cc: the control stream.
  void OnMessage(const SessionPtr& session, agent::v1::AgentMessage& message) override;
  void OnEnd(const SessionPtr& session, const std::string& reason) override;
  // Takes over a new stream; ends it where the caller is not an enrolled host.
  SessionPtr Connect(grpc::CallbackServerContext* context);
  void OnHello(const SessionPtr& session, const agent::v1::Hello& hello);
  void OnReport(const SessionPtr& session, const agent::v1::HostReport& report);
  void OnOperation(const SessionPtr& session, const agent::v1::OperationEvent& event);
  void StoreLastSeen(const HostId& host, Time now);
  // False where the agent has obeyed another controller since this one was in charge.
  bool IsOwnEpoch(uint64_t seen) const;
  // Stops every order of this controller; returns what the agent is told.
  Status Fence(const std::string& host, uint64_t seen);
  agent::v1::ControllerMessage Welcome() const;
  bool StopWaiting(const Session& session);

  // gateway_enrolment.cc: identities. The ones that return a response wait for the store.
  StatusOr<store::HostRecord> AuthorizeAgent(const grpc::AuthContext& caller) const;
  StatusOr<agent::v1::EnrollResponse> Enroll(const agent::v1::EnrollRequest& request);
  StatusOr<agent::v1::RenewCertificateResponse> Renew(
      const HostId& host, const agent::v1::RenewCertificateRequest& request);
  void RunChecks();
  void Check();

  // gateway_admin.cc
  StatusOr<HostStatus> ChangeHost(const std::string& host,
                                  const std::function<void(store::HostRecord&)>& change);
  StatusOr<HostStatus> SetCordoned(const std::string& host, bool cordoned);
  void NotifyChanged(const HostId& host);

  const GatewayOptions options_;
  Authority& authority_;
  store::FleetStore& store_;
  Clock& clock_;
  AgentListener* listener_ = nullptr;
  HostTable hosts_;
  TokenBucket enrolments_, renewals_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> fenced_{false};

  // A change of a host's connection and its place in the callbacks' order are one step.
  std::mutex order_mutex_;
  std::mutex waiting_mutex_;
  // Streams that have not said Hello. Guarded by waiting_mutex_.
  std::map<const Session*, std::weak_ptr<Session>> waiting_;

  std::mutex dirty_mutex_;
  std::set<HostId> dirty_;  // guarded by dirty_mutex_
  std::mutex subscribers_mutex_;
  // Guarded by subscribers_mutex_, which is held while they run.
  std::map<int64_t, std::function<void(const HostStatus&)>> subscribers_;
  int64_t last_subscription_ = 0;

  // Runs what others gave us to call: listener, answers, followers, subscribers.
  Worker callbacks_;
  // Runs what waits for the store.
  Worker records_;
  Queries queries_;
  std::unique_ptr<Service> service_;
};

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_GATEWAY_H_
