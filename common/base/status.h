// Errors cross room borders as absl::Status; this file is the one place that knows its spelling.
//
// Debian builds Abseil with its own string_view, which does not convert from std::string_view
// (style.md: std types everywhere else), so the factories here take std::string.
#ifndef DROVER_COMMON_BASE_STATUS_H_
#define DROVER_COMMON_BASE_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace drover {

using Status = absl::Status;
template <typename T>
using StatusOr = absl::StatusOr<T>;
using StatusCode = absl::StatusCode;

inline Status OkStatus() { return absl::OkStatus(); }

// A message says what is wrong, where (file, line, host, member) and what to do now.
Status MakeStatus(StatusCode code, const std::string& message);
Status InvalidArgument(const std::string& message);
Status NotFound(const std::string& message);
Status AlreadyExists(const std::string& message);
Status FailedPrecondition(const std::string& message);
Status PermissionDenied(const std::string& message);
Status Unauthenticated(const std::string& message);
Status Unavailable(const std::string& message);
Status DeadlineExceeded(const std::string& message);
Status Aborted(const std::string& message);
Status DataLoss(const std::string& message);
Status Unimplemented(const std::string& message);
Status Internal(const std::string& message);

// The message without the code.
std::string Message(const Status& status);

// The same code with `prefix: ` before the message.
Status Annotate(const Status& status, const std::string& prefix);

}  // namespace drover

// Returns the status of `expr` from the enclosing function where it is not OK.
#define DROVER_RETURN_IF_ERROR(expr)                                                           \
  do {                                                                                         \
    if (::drover::Status drover_status_ = (expr); !drover_status_.ok()) return drover_status_; \
  } while (false)

#define DROVER_STATUS_CONCAT_INNER_(a, b) a##b
#define DROVER_STATUS_CONCAT_(a, b) DROVER_STATUS_CONCAT_INNER_(a, b)

// DROVER_ASSIGN_OR_RETURN(auto x, F()): assigns the value or returns the status.
#define DROVER_ASSIGN_OR_RETURN(lhs, expr) \
  DROVER_ASSIGN_OR_RETURN_(DROVER_STATUS_CONCAT_(drover_statusor_, __LINE__), lhs, expr)
#define DROVER_ASSIGN_OR_RETURN_(statusor, lhs, expr) \
  auto statusor = (expr);                             \
  if (!statusor.ok()) return statusor.status();       \
  lhs = std::move(statusor).value()

#endif  // DROVER_COMMON_BASE_STATUS_H_
