#ifndef DROVER_CONTROLLER_API_INDEX_SERVICE_H_
#define DROVER_CONTROLLER_API_INDEX_SERVICE_H_

#include "controller/api/busy_clusters.h"
#include "controller/api/convert.h"
#include "controller/api/desk.h"
#include "controller/api/parts.h"
#include "drover/control/v1/index.grpc.pb.h"

namespace drover::api {

class IndexService final : public pb::IndexService::CallbackService {
 public:
  // `poll` is how often a copy that runs is looked at.
  IndexService(Desk& desk, const Parts& parts, BusyClusters& busy, Millis poll = Millis(1'000))
      : desk_(desk), parts_(parts), busy_(busy), poll_(poll) {}

  grpc::ServerUnaryReactor* ListIndexes(grpc::CallbackServerContext* context,
                                        const pb::ListIndexesRequest* request,
                                        pb::ListIndexesResponse* response) override;
  grpc::ServerWriteReactor<pb::ReindexIndexesResponse>* ReindexIndexes(
      grpc::CallbackServerContext* context, const pb::ReindexIndexesRequest* request) override;

 private:
  Desk& desk_;
  const Parts& parts_;
  BusyClusters& busy_;
  const Millis poll_;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_INDEX_SERVICE_H_
