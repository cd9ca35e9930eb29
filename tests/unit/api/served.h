// A ControlServer over fakes, behind a real gRPC server on a unix socket.
#ifndef DROVER_TESTS_UNIT_API_SERVED_H_
#define DROVER_TESTS_UNIT_API_SERVED_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "controller/api/control_server.h"
#include "tests/unit/api/fake_rehearsal.h"
#include "tests/unit/api/fake_reindex.h"
#include "tests/unit/api/fakes.h"

namespace drover::api {

class Served {
 public:
  // With `identify_by_metadata` the caller's role is the word in the metadata "test-role".
  explicit Served(bool identify_by_metadata = false);
  ~Served();
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  // As main.cc does it: the services first, then the server.
  void Shutdown();

  std::shared_ptr<grpc::Channel> channel;

  FakeClock clock;
  FakeRolloutStore store;
  FakeCoordinator coordinator{store};
  FakeAgents agents;
  FakeFleet fleet;
  FakeLeftovers leftovers;
  FakeClusterStore clusters;
  std::shared_ptr<FakeClusterApi> cluster_api = std::make_shared<FakeClusterApi>();
  std::shared_ptr<FakeReindexApi> reindex_api = std::make_shared<FakeReindexApi>();
  FakeRehearsalHosts rehearsal_hosts;
  std::shared_ptr<FakeRehearsalNode> rehearsal_node = std::make_shared<FakeRehearsalNode>();
  std::unique_ptr<ControlServer> control;

 private:
  std::string folder_;
  std::unique_ptr<grpc::Server> server_;
};

// Waits until `condition` holds, at most ten seconds; false where it never did. For what a server
// does after its answer is out (closing subscriptions).
bool Eventually(const std::function<bool()>& condition);

}  // namespace drover::api

#endif  // DROVER_TESTS_UNIT_API_SERVED_H_
