#include "controller/fleet/gateway.h"

#include <utility>

#include "common/rpc/limits.h"
#include "controller/fleet/convert.h"
#include "controller/fleet/gateway_service.h"

namespace drover::fleet {
namespace {

constexpr int kBurst = 100;
constexpr Millis kRefill{100};
// An agent that was told why its stream ends gets this long to hear it.
constexpr Millis kEndGrace{5'000};

}  // namespace

Gateway::Gateway(const GatewayOptions& options, Authority& authority, store::FleetStore& store,
                 Clock& clock)
    : options_(options),
      authority_(authority),
      store_(store),
      clock_(clock),
      hosts_(store),
      enrolments_(kBurst, kRefill),
      renewals_(kBurst, kRefill),
      queries_(callbacks_),
      service_(std::make_unique<Service>(*this)) {}

Gateway::~Gateway() {
  Shutdown();
  // Their tasks use everything else.
  records_.Stop();
  callbacks_.Stop();
}

StatusOr<std::unique_ptr<Gateway>> Gateway::Make(const GatewayOptions& options,
                                                 Authority& authority, store::FleetStore& store,
                                                 Clock& clock) {
  std::unique_ptr<Gateway> gateway(new Gateway(options, authority, store, clock));
  DROVER_RETURN_IF_ERROR(gateway->hosts_.Reload(clock.Now()).status());
  gateway->RunChecks();
  return gateway;
}

grpc::Service* Gateway::service() { return service_.get(); }

void Gateway::Shutdown() {
  if (stopping_.exchange(true)) return;
  const Status restarting = Unavailable("the controller is restarting; connect again");
  std::vector<SessionPtr> sessions = hosts_.Sessions();
  {
    const std::lock_guard lock(waiting_mutex_);
    for (const auto& [key, weak] : waiting_) {
      if (SessionPtr session = weak.lock()) sessions.push_back(std::move(session));
    }
  }
  for (const SessionPtr& session : sessions) EndSession(session, restarting);
  queries_.FailAll(restarting);
}

void Gateway::EndSession(const SessionPtr& session, const Status& status) {
  session->End(status);
  callbacks_.RunAfter(kEndGrace, [weak = std::weak_ptr<Session>(session)] {
    if (const SessionPtr still = weak.lock()) still->CutIfNotDone();
  });
}

bool Gateway::Send(const SessionPtr& session, agent::v1::ControllerMessage message) {
  if (session->Write(std::move(message))) return true;
  EndSession(session, Unavailable("the connection ended"));
  return false;
}

std::vector<rollout::HostView> Gateway::Hosts() { return hosts_.Views(); }

StatusOr<Gateway::SessionPtr> Gateway::SessionOf(const std::string& host) const {
  DROVER_ASSIGN_OR_RETURN(const HostTable::Target target, hosts_.Find(host));
  if (target.record.revoked) {
    return FailedPrecondition(
        "host " + host + " was revoked; enrol it anew with a token from `drover token create`");
  }
  if (target.session == nullptr) {
    return Unavailable("host " + host +
                       ": its agent is not connected; look at `systemctl status drover-agent` "
                       "there, its log also names TLS errors");
  }
  return target.session;
}

Status Gateway::SendOrder(const std::string& host, agent::v1::ControllerMessage message) {
  if (fenced_) return Unavailable("another controller commands; this one acts no more");
  DROVER_ASSIGN_OR_RETURN(const SessionPtr session, SessionOf(host));
  if (Send(session, std::move(message))) return OkStatus();
  return Unavailable("host " + host + ": its agent's connection ended just now");
}

Status Gateway::Start(const rollout::OperationOrder& order) {
  DROVER_ASSIGN_OR_RETURN(const HostTable::Target target, hosts_.Find(order.host));
  if (target.record.cordoned && !target.record.revoked) {
    return FailedPrecondition("host " + order.host + " is cordoned; run `drover host uncordon " +
                              order.host + "` to let it work again");
  }
  agent::v1::ControllerMessage message;
  *message.mutable_start_operation() = ToProto(order, options_.epoch);
  return SendOrder(order.host, std::move(message));
}

Status Gateway::Cancel(const std::string& host, const OperationId& id) {
  agent::v1::ControllerMessage message;
  message.mutable_cancel_operation()->set_operation_id(id.str());
  message.mutable_cancel_operation()->set_epoch(options_.epoch);
  return SendOrder(host, std::move(message));
}

// Without a connection nothing is lost: the agent sends its events again when it is back.
void Gateway::Acknowledge(const std::string& host, const OperationId& id, uint64_t sequence) {
  const auto session = SessionOf(host);
  if (session.ok()) (*session)->Acknowledge(id, sequence);
}

}  // namespace drover::fleet
