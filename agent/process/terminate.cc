#include "agent/process/terminate.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

namespace drover::agent {
namespace {

Status FromErrno(int64_t pid, int error) {
  const std::string text = "process " + std::to_string(pid) + ": " + std::strerror(error);
  if (error == ESRCH) return NotFound(text);
  if (error == EPERM) return PermissionDenied(text);
  return Internal(text);
}

}  // namespace

Status Terminate(int64_t pid, const std::function<bool()>& is_still_it) {
  // glibc 2.36 has wrappers, but not in the static library of every distribution that builds this.
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
  if (fd < 0) return FromErrno(pid, errno);
  Status result = OkStatus();
  if (!is_still_it()) {
    result = NotFound("process " + std::to_string(pid) + " is another one by now");
  } else if (syscall(SYS_pidfd_send_signal, fd, SIGTERM, nullptr, 0) != 0) {
    result = FromErrno(pid, errno);
  }
  close(fd);
  return result;
}

}  // namespace drover::agent
