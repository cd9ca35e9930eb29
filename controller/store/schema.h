// The tables, as numbered steps that are applied once each.
#ifndef DROVER_CONTROLLER_STORE_SCHEMA_H_
#define DROVER_CONTROLLER_STORE_SCHEMA_H_

#include "common/base/status.h"
#include "controller/store/database.h"

namespace drover::store {

// The version that this program writes: the number of steps it knows.
int SchemaVersion();

// Applies the steps that are missing, each in a transaction of its own. FAILED_PRECONDITION where
// the database has more steps than this program knows, or is not one of Drover's.
Status BringUpToDate(Database* database);

}  // namespace drover::store

#endif  // DROVER_CONTROLLER_STORE_SCHEMA_H_
