// `drover status`: controller, hosts, clusters and what runs now on one screen.
#ifndef DROVER_CONTROLLER_CLI_RENDER_STATUS_H_
#define DROVER_CONTROLLER_CLI_RENDER_STATUS_H_

#include <string>

#include "controller/cli/control.h"
#include "controller/cli/render/line.h"

namespace drover::cli {

struct StatusData {
  // How this command reached the controller.
  std::string address;
  v1::GetControllerResponse controller;
  v1::ListHostsResponse hosts;
  v1::ListClustersResponse clusters;
  v1::ListRolloutsResponse rollouts;
};

Lines RenderStatus(const StatusData& data, const View& view);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_RENDER_STATUS_H_
