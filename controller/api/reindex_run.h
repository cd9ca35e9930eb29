// A reindex of some indexes as a stream: one step of one index for each message that is wanted.
#ifndef DROVER_CONTROLLER_API_REINDEX_RUN_H_
#define DROVER_CONTROLLER_API_REINDEX_RUN_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "controller/api/busy_clusters.h"
#include "controller/api/stream.h"
#include "controller/opensearch/reindex_api.h"
#include "drover/control/v1/index.pb.h"

namespace drover::api {

namespace pb = drover::control::v1;

// What one look and, where one is due, one call did.
struct ReindexProgress {
  enum class What { kStep, kWaiting, kDone, kLeftAlone };
  What what = What::kStep;
  std::string text;
  uint64_t documents_done = 0, documents_total = 0;
};

// One index, a step at a time. Everything that must outlive it is in the cluster: another one for
// the same index goes on where this one stopped, at whichever step.
class IndexReindex {
 public:
  // `api` must outlive it.
  IndexReindex(opensearch::ReindexApi& api, std::string index, bool keep_old)
      : api_(api), index_(std::move(index)), keep_old_(keep_old) {}

  // FAILED_PRECONDITION where it cannot go on, with what to do; other errors are the calls'.
  StatusOr<ReindexProgress> Advance();

 private:
  Status Do(rollout::ReindexStep step, const rollout::ReindexView& view);

  opensearch::ReindexApi& api_;
  const std::string index_;
  const bool keep_old_;
  std::string task_;    // the copy that this one began
  bool begun_ = false;  // it has changed something
};

class ReindexRun final : public Source<pb::ReindexIndexesResponse> {
 public:
  // `later` has the stream look again after a while; false where that is not possible any more.
  using Later = std::function<bool(Millis)>;

  ReindexRun(std::shared_ptr<opensearch::ReindexApi> api, std::vector<std::string> indexes,
             bool keep_old, std::unique_ptr<BusyClusters::Hold> hold, Millis poll, Later later);

  Found Find(pb::ReindexIndexesResponse* message) override;
  void Close() override { hold_.reset(); }

 private:
  Found Wait();
  Found Failed(const Status& status);

  const std::shared_ptr<opensearch::ReindexApi> api_;
  const std::vector<std::string> indexes_;
  const bool keep_old_;
  std::unique_ptr<BusyClusters::Hold> hold_;
  const Millis poll_;
  const Later later_;
  std::chrono::steady_clock::time_point next_look_{};
  size_t next_ = 0;  // index that comes after the present one
  std::unique_ptr<IndexReindex> present_;
  std::string last_text_;
  uint64_t last_done_ = 0;
  int failures_ = 0;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_REINDEX_RUN_H_
