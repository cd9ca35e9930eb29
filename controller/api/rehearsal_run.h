// A rehearsal as a stream: each step of it, and what it found.
#ifndef DROVER_CONTROLLER_API_REHEARSAL_RUN_H_
#define DROVER_CONTROLLER_API_REHEARSAL_RUN_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/time.h"
#include "controller/api/busy_clusters.h"
#include "controller/api/rehearsal_host.h"
#include "controller/api/stream.h"
#include "controller/opensearch/rehearsal_node.h"
#include "controller/rollout/rehearsal.h"
#include "drover/control/v1/rehearsal.pb.h"

namespace drover::api {

namespace pb = drover::control::v1;

struct RehearsalLimits {
  Millis poll{500};
  Millis boot{300'000};   // from the container's start to the node's first answer
  Millis stall{300'000};  // without a byte restored
  Millis away{60'000};    // without an answer of the host or the node
};

// A step of it for each message that is wanted. Not thread safe.
class RehearsalRun final : public Source<pb::RehearseResponse> {
 public:
  // `later` has the stream look again after a while; false where that is not possible any more.
  using Later = std::function<bool(Millis)>;

  struct Order {
    rollout::RehearsalPlan plan;
    bool keep = false;
    // Told once, of a rehearsal that came to its end.
    std::function<void(bool passed)> ended;
  };

  RehearsalRun(std::shared_ptr<RehearsalHost> host, std::shared_ptr<opensearch::RehearsalNode> node,
               Order order, std::unique_ptr<BusyClusters::Hold> hold, const RehearsalLimits& limits,
               Later later);

  Found Find(pb::RehearseResponse* message) override;
  // Where it is left early, the container is removed.
  void Close() override;

 private:
  using Ticks = std::chrono::steady_clock;
  enum class Step {
    kBegin,
    kPrepare,
    kBoot,
    kRepository,
    kGlobalState,
    kRestore,
    kWatch,
    kRemove,
    kEnd
  };

  Found Do(pb::RehearseResponse* message);
  Found Begin(pb::RehearseResponse* message);
  Found Prepare(pb::RehearseResponse* message);
  Found Boot(pb::RehearseResponse* message);
  Found Repository(pb::RehearseResponse* message);
  Found GlobalState(pb::RehearseResponse* message);
  Found Restore(pb::RehearseResponse* message);
  Found Watch(pb::RehearseResponse* message);
  Found Remove(pb::RehearseResponse* message);
  Found Wait();
  // The node or its host does not answer as it should: waits, gives up, or says that it ended.
  Found Trouble(const Status& status, pb::RehearseResponse* message);
  // Nothing more can be rehearsed: goes on with the removal.
  Found Fail(const std::string& subject, const std::string& text, pb::RehearseResponse* message);
  Found GiveUp(const Status& status, pb::RehearseResponse* message);
  Found NodeEnded(const fleet::RehearsalView& view, pb::RehearseResponse* message);
  // The present index is done with; a text means that it did not come up.
  Found Report(const opensearch::ServedIndex& served, const std::string& text,
               pb::RehearseResponse* message);
  void Note(const std::string& subject, const std::string& text, const std::string& remedy,
            pb::RehearseResponse* message);
  const rollout::RehearsedIndex& index() const { return order_.plan.indices[next_]; }

  const std::shared_ptr<RehearsalHost> host_;
  const std::shared_ptr<opensearch::RehearsalNode> node_;
  const Order order_;
  std::unique_ptr<BusyClusters::Hold> hold_;
  const RehearsalLimits limits_;
  const Later later_;
  Step step_ = Step::kBegin;
  bool begun_ = false;
  bool passed_ = true;
  size_t next_ = 0;  // of the indexes
  Status failure_;   // what the call ends with, once the container is removed
  std::string last_text_;
  Ticks::time_point next_look_{}, since_{};
  std::optional<Ticks::time_point> away_since_;
  opensearch::RestoreProgress last_;
};

// What a refusal is to a program: by the host's policy, by a check, or a host that is away.
grpc::Status RehearsalRefusal(const Status& status, const std::string& host);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_REHEARSAL_RUN_H_
