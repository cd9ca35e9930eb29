// The controller's database: one object behind the four store interfaces.
#ifndef DROVER_CONTROLLER_STORE_STORE_H_
#define DROVER_CONTROLLER_STORE_STORE_H_

#include <memory>
#include <string>

#include "common/base/status.h"
#include "controller/store/cluster_store.h"
#include "controller/store/epoch_store.h"
#include "controller/store/fleet_store.h"
#include "controller/store/rollout_store.h"

namespace drover::store {

class Store : public EpochStore, public RolloutStore, public FleetStore, public ClusterStore {};

// A store that lives in memory and ends with its object; for tests.
inline constexpr char kInMemory[] = ":memory:";

// Opens drover.db in the data folder `folder`, makes both (0600, 0700) where they are missing, and
// brings an older database up to date. Holds the folder's lock as long as the object lives.
//
// FAILED_PRECONDITION: another process (named by its pid) holds the folder; the database is of a
// newer drover-controller, or is not one of Drover's. DATA_LOSS: it is damaged, or gone from a
// folder that was in use: an empty fleet must not begin where one was; the message says how to go
// on. PERMISSION_DENIED, UNAVAILABLE, RESOURCE_EXHAUSTED: what the system said.
// `vfs` names a registered SQLite VFS; empty: the system's.
StatusOr<std::unique_ptr<Store>> OpenStore(const std::string& folder, const std::string& vfs = "");

}  // namespace drover::store

#endif  // DROVER_CONTROLLER_STORE_STORE_H_
