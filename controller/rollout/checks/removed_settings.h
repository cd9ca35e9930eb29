// Settings that a version no longer knows: a rule table with its sources.
#ifndef DROVER_CONTROLLER_ROLLOUT_CHECKS_REMOVED_SETTINGS_H_
#define DROVER_CONTROLLER_ROLLOUT_CHECKS_REMOVED_SETTINGS_H_

#include <string>
#include <vector>

#include "controller/rollout/version.h"

namespace drover::rollout {

struct RemovedSetting {
  // A name; with a * at its end, or in it, any text stands there.
  const char* name;
  // Only where it has this value; empty: any.
  const char* value;
  // The first version without it.
  Version removed_in;
  const char* source;
};

const std::vector<RemovedSetting>& RemovedSettings();

// The rule that a cluster going from `from` to `to` breaks with this setting; null where none.
const RemovedSetting* FindRemoved(const std::string& name, const std::string& value,
                                  const Version& from, const Version& to);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_CHECKS_REMOVED_SETTINGS_H_
