#include "controller/api/control_socket.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "common/base/log.h"

namespace drover::api {
namespace {

std::string Why(int error) { return std::strerror(error); }

// The pid of the process that listens; 0 where none does. ECONNREFUSED is the sign of a socket
// that was left behind.
StatusOr<pid_t> Listener(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return InvalidArgument("the control socket's path " + path + " is longer than " +
                           std::to_string(sizeof(address.sun_path) - 1) +
                           " bytes: choose a shorter one with --socket");
  }
  path.copy(address.sun_path, path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return Unavailable("cannot make a socket: " + Why(errno));
  const int done = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int error = done == 0 ? 0 : errno;
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (done == 0) ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  ::close(fd);
  if (error == ECONNREFUSED || error == ENOENT) return pid_t{0};
  // EAGAIN: its queue is full, so somebody listens.
  if (error == 0 || error == EAGAIN) return peer.pid > 0 ? peer.pid : pid_t{1};
  return Unavailable("cannot look whether somebody listens on " + path + ": " + Why(error));
}

}  // namespace

Status ClaimSocket(const std::string& path) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return OkStatus();
  if (!S_ISSOCK(info.st_mode)) {
    return FailedPrecondition("the control socket's path " + path +
                              " is a file that is no socket: move it away, or choose another path "
                              "with --socket");
  }
  DROVER_ASSIGN_OR_RETURN(const pid_t pid, Listener(path));
  if (pid != 0) {
    return FailedPrecondition("the control socket " + path + " is in use by a process that runs (" +
                              (pid > 1 ? "pid " + std::to_string(pid) : "unknown pid") +
                              "), a drover-controller with another data folder: stop that one "
                              "first, or give this one a socket of its own with --socket");
  }
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return OkStatus();
  return Unavailable("cannot remove the old socket " + path + ": " + Why(errno));
}

Status OpenSocketTo(const std::string& path, const std::string& group_name) {
  if (::chmod(path.c_str(), 0660) != 0) {
    return Unavailable("cannot set the mode of " + path + ": " + Why(errno));
  }
  const struct group* group = ::getgrnam(group_name.c_str());
  if (group == nullptr) {
    LogInfo("api", "there is no group " + group_name + ": only root may use " + path);
    return OkStatus();
  }
  if (::chown(path.c_str(), static_cast<uid_t>(-1), group->gr_gid) != 0) {
    return Unavailable("cannot give " + path + " to group " + group_name + ": " + Why(errno));
  }
  return OkStatus();
}

}  // namespace drover::api
