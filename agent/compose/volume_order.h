// The arguments of the verbs that copy, restore and set aside volumes.
#ifndef DROVER_AGENT_COMPOSE_VOLUME_ORDER_H_
#define DROVER_AGENT_COMPOSE_VOLUME_ORDER_H_

#include "agent/volumes/cold_copy.h"
#include "drover/agent/v1/gateway.pb.h"

namespace drover::agent {

// OK where `verb` is none of them; POLICY_DENIED where a name is none or a path is not plain.
Status CheckVolume(const v1::Verb& verb);

// The copy that CopyVolume makes; what RestoreVolume or SetAsideVolume sets aside.
VolumePlace PlaceOf(const v1::StartOperation& order);

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_VOLUME_ORDER_H_
