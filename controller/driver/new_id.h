#ifndef DROVER_CONTROLLER_DRIVER_NEW_ID_H_
#define DROVER_CONTROLLER_DRIVER_NEW_ID_H_

#include <string>

#include "common/crypto/crypto.h"

namespace drover::driver {

// 8 random hexadecimal digits: a plan's id and its rollout's.
inline std::string NewId() { return crypto::RandomHex(4); }

}  // namespace drover::driver

#endif  // DROVER_CONTROLLER_DRIVER_NEW_ID_H_
