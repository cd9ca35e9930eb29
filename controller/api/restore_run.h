// A restore of a snapshot, or a proof that it can be restored, as a stream.
#ifndef DROVER_CONTROLLER_API_RESTORE_RUN_H_
#define DROVER_CONTROLLER_API_RESTORE_RUN_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "controller/api/busy_clusters.h"
#include "controller/api/stream.h"
#include "controller/opensearch/cluster_api.h"
#include "drover/control/v1/snapshot.pb.h"

namespace drover::api {

namespace pb = drover::control::v1;

// A step of it for each message that is wanted. Not thread safe.
class RestoreRun {
 public:
  // `later` has the stream look again after a while; false where that is not possible any more.
  using Later = std::function<bool(Millis)>;

  struct Order {
    rollout::RestorePlan plan;
    // Restored to be counted: its indexes are deleted again, those of an earlier proof at first.
    bool proof = false;
    std::map<std::string, uint64_t> live_documents;  // index → count, before it began
    std::vector<std::string> leftovers;              // of an earlier proof
  };

  RestoreRun(std::shared_ptr<opensearch::ClusterApi> api, Order order,
             std::unique_ptr<BusyClusters::Hold> hold, Millis poll, Later later);

  Found Find(pb::RestoreProgress* message);
  // Where a proof is left early, what it restored is deleted.
  void Close();

 private:
  enum class Step { kClean, kBegin, kWatch, kCount, kDelete, kEnd };

  Found Do(pb::RestoreProgress* message);
  Found Begin(pb::RestoreProgress* message);
  Found Watch(pb::RestoreProgress* message);
  Found Count(pb::RestoreProgress* message);
  Found Delete(pb::RestoreProgress* message);
  Found Wait();
  Found Failed(const Status& status);
  Status DeleteAll(const std::vector<std::string>& names);
  std::vector<std::string> Targets() const;

  const std::shared_ptr<opensearch::ClusterApi> api_;
  const Order order_;
  std::unique_ptr<BusyClusters::Hold> hold_;
  const Millis poll_;
  const Later later_;
  Step step_ = Step::kClean;
  bool begun_ = false;
  size_t counted_ = 0;
  int failures_ = 0;
  Status failure_;  // what it ends with, once a proof is cleaned up
  std::chrono::steady_clock::time_point next_look_{};
  opensearch::RestoreProgress last_;
};

// The run as the source of a stream whose messages hold its progress.
template <typename Response>
class RestoreSource final : public Source<Response> {
 public:
  explicit RestoreSource(std::unique_ptr<RestoreRun> run) : run_(std::move(run)) {}
  Found Find(Response* message) override { return run_->Find(message->mutable_progress()); }
  void Close() override { run_->Close(); }

 private:
  const std::unique_ptr<RestoreRun> run_;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_RESTORE_RUN_H_
