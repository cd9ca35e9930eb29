// How verbs fail: an OperationError carried by a Status, and the words of commands made fit to
// show.
#ifndef DROVER_AGENT_COMPOSE_OUTCOME_H_
#define DROVER_AGENT_COMPOSE_OUTCOME_H_

#include <string>
#include <vector>

#include "agent/process/command_runner.h"
#include "common/base/status.h"
#include "drover/agent/v1/operation.pb.h"

namespace drover::agent {

// A status that ToOperationError turns back into exactly this error.
Status VerbError(v1::OperationErrorCode code, const std::string& message,
                 const std::vector<std::string>& output = {});

// The error in `status`: VerbError's own, or by its code (PERMISSION_DENIED is POLICY_DENIED,
// UNAVAILABLE is ENGINE_DOWN, …). `status` is not OK.
v1::OperationError ToOperationError(const Status& status);

// `status` with another code where it does not carry an OperationError yet.
Status AsVerbError(v1::OperationErrorCode code, const Status& status);

// The last lines of a command's output, bounded as protocol limits say, without what looks like a
// secret.
std::vector<std::string> LastLines(const CommandResult& result);

// Bytes that are no UTF-8 become '?': a protobuf string with such bytes is refused by its reader.
std::string ValidUtf8(const std::string& bytes);

// One line for a person: without control characters, bounded, without what looks like a secret.
std::string ShowableLine(const std::string& line);

// Why a pull failed, of the registry's, Engine's or CLI's words about `image`.
Status PullFailure(const std::string& image, const std::string& words,
                   const std::vector<std::string>& output = {});

// Why a Compose command failed: `what` is "docker-compose stop of os1". OK where it did not.
Status CommandFailure(const std::string& what, const StatusOr<CommandResult>& result);

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_OUTCOME_H_
