// One rehearsal's container on its host, by calls that block.
#ifndef DROVER_CONTROLLER_API_REHEARSAL_HOST_H_
#define DROVER_CONTROLLER_API_REHEARSAL_HOST_H_

#include <string>

#include "controller/fleet/rehearsal_hosts.h"
#include "controller/opensearch/transport.h"

namespace drover::api {

// Thread safe. `hosts` must outlive it.
class RehearsalHost final : public opensearch::Transport {
 public:
  RehearsalHost(fleet::RehearsalHosts& hosts, std::string host, std::string id)
      : hosts_(hosts), host_(std::move(host)), id_(std::move(id)) {}

  StatusOr<fleet::RehearsalView> Start(const fleet::RehearsalOrder& order);
  StatusOr<fleet::RehearsalView> Look();
  Status End(bool keep);
  // To what the container serves.
  StatusOr<opensearch::WireAnswer> Send(const opensearch::WireRequest& request) override;

 private:
  fleet::RehearsalHosts& hosts_;
  const std::string host_, id_;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_REHEARSAL_HOST_H_
