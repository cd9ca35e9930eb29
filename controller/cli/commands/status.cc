#include "controller/cli/render/status.h"
#include "controller/cli/commands/commands.h"
#include "controller/cli/output.h"

namespace drover::cli {
namespace {

struct None {};

// One JSON object of the four answers, under the names that their own commands use.
Exit ShowStatus(Session& session, const StatusData& data) {
  if (session.options().format == Format::kTable) {
    View view = session.OutView();
    return session.Show(data.controller, RenderStatus(data, view));
  }
  return session.ShowAll({{"controller", &data.controller},
                          {"hosts", &data.hosts},
                          {"clusters", &data.clusters},
                          {"rollouts", &data.rollouts}});
}

Exit RunStatus(Session& session, const None&) {
  Connection& connection = session.connection();
  StatusData data;
  data.address = connection.target().address;
  grpc::Status status = session.Call(connection.fleet(), &v1::FleetService::Stub::GetController,
                                     v1::GetControllerRequest(), data.controller);
  if (!status.ok()) return session.Fail(status);
  status = session.Call(connection.fleet(), &v1::FleetService::Stub::ListHosts,
                        v1::ListHostsRequest(), data.hosts);
  if (!status.ok()) return session.Fail(status);
  status = session.Call(connection.clusters(), &v1::ClusterService::Stub::ListClusters,
                        v1::ListClustersRequest(), data.clusters);
  if (!status.ok()) return session.Fail(status);
  v1::ListRolloutsRequest recent;
  recent.set_page_size(20);
  status = session.Call(connection.rollouts(), &v1::RolloutService::Stub::ListRollouts, recent,
                        data.rollouts);
  if (!status.ok()) return session.Fail(status);
  return ShowStatus(session, data);
}

}  // namespace

void AddStatus(CLI::App& app, Command& selected) {
  CLI::App* sub =
      app.add_subcommand("status", "One screen: controller, hosts, clusters, what runs now");
  OnRun(sub, selected, std::make_shared<None>(), &RunStatus);
}

}  // namespace drover::cli
