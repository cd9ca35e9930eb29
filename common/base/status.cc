#include "common/base/status.h"

namespace drover {

Status MakeStatus(StatusCode code, const std::string& message) { return Status(code, message); }
Status InvalidArgument(const std::string& message) { return absl::InvalidArgumentError(message); }
Status NotFound(const std::string& message) { return absl::NotFoundError(message); }
Status AlreadyExists(const std::string& message) { return absl::AlreadyExistsError(message); }
Status FailedPrecondition(const std::string& message) {
  return absl::FailedPreconditionError(message);
}
Status PermissionDenied(const std::string& message) { return absl::PermissionDeniedError(message); }
Status Unauthenticated(const std::string& message) { return absl::UnauthenticatedError(message); }
Status Unavailable(const std::string& message) { return absl::UnavailableError(message); }
Status DeadlineExceeded(const std::string& message) { return absl::DeadlineExceededError(message); }
Status Aborted(const std::string& message) { return absl::AbortedError(message); }
Status DataLoss(const std::string& message) { return absl::DataLossError(message); }
Status Unimplemented(const std::string& message) { return absl::UnimplementedError(message); }
Status Internal(const std::string& message) { return absl::InternalError(message); }

std::string Message(const Status& status) {
  return std::string(status.message().data(), status.message().size());
}

Status Annotate(const Status& status, const std::string& prefix) {
  return Status(status.code(), prefix + ": " + Message(status));
}

}  // namespace drover
