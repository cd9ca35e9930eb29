// Tables of hosts, clusters, rollouts and snapshots, and each of them alone.
#ifndef DROVER_CONTROLLER_CLI_RENDER_LISTINGS_H_
#define DROVER_CONTROLLER_CLI_RENDER_LISTINGS_H_

#include <google/protobuf/repeated_field.h>

#include "controller/cli/control.h"
#include "controller/cli/render/line.h"

namespace drover::cli {

// Empty listings say so in a sentence, with the command that would fill them.
Lines RenderHosts(const google::protobuf::RepeatedPtrField<v1::Host>& hosts, const View& view);
Lines RenderHost(const v1::Host& host, const View& view);
Lines RenderClusters(const google::protobuf::RepeatedPtrField<v1::Cluster>& clusters,
                     const View& view);
Lines RenderCluster(const v1::Cluster& cluster, const View& view);
Lines RenderIndexes(const google::protobuf::RepeatedPtrField<v1::Index>& indexes, const View& view);
Lines RenderRollouts(const google::protobuf::RepeatedPtrField<v1::Rollout>& rollouts,
                     const View& view);
Lines RenderSnapshots(const google::protobuf::RepeatedPtrField<v1::Snapshot>& snapshots,
                      const View& view);
// "copy", "volume", "snapshot": as it is typed, too.
std::string LeftoverWord(v1::LeftoverKind kind);
Lines RenderLeftovers(const google::protobuf::RepeatedPtrField<v1::Leftover>& leftovers,
                      const View& view);
Lines RenderCounted(const google::protobuf::RepeatedPtrField<v1::CountedIndex>& indexes,
                    const View& view);
Lines RenderSnapshot(const v1::Snapshot& snapshot, const View& view);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_RENDER_LISTINGS_H_
