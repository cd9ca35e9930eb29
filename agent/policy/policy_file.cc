#include "agent/policy/policy_file.h"

#include <sys/stat.h>

#include <tuple>

#include "common/base/files.h"
#include "common/base/log.h"

namespace drover::agent {
namespace {

constexpr size_t kMaxPolicyBytes = 256 * 1024;

}  // namespace

struct PolicyFile::Seen {
  bool exists = false;
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  mode_t mode = 0;
  uid_t owner = 0;
  int64_t changed_ns = 0;

  static Seen Of(const std::string& path) {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return {};
    return {true,
            info.st_dev,
            info.st_ino,
            info.st_size,
            info.st_mode,
            info.st_uid,
            info.st_ctim.tv_sec * 1'000'000'000 + info.st_ctim.tv_nsec};
  }
  bool operator==(const Seen&) const = default;
};

PolicyFile::PolicyFile(std::string path, uid_t owner) : path_(std::move(path)), owner_(owner) {}

std::shared_ptr<const Policy> PolicyFile::Current() {
  const Seen now = Seen::Of(path_);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!policy_ || !(*seen_ == now)) {
    policy_ = Load(now);
    seen_ = std::make_shared<const Seen>(now);
  }
  return policy_;
}

std::shared_ptr<const Policy> PolicyFile::Load(const Seen& seen) const {
  const auto deny = [](const std::string& why) {
    LogWarning("policy", why);
    return std::make_shared<const Policy>(Policy::DenyAll(why));
  };
  if (!seen.exists) {
    return deny("This host allows nothing: there is no policy file; write " + path_ +
                " with project_roots, images and verbs");
  }
  if (!S_ISREG(seen.mode)) return deny("This host allows nothing: " + path_ + " is not a file");
  if (seen.owner != owner_ || (seen.mode & (S_IWGRP | S_IWOTH)) != 0) {
    return deny("This host allows nothing: " + path_ +
                " must be root's own and not writable for others; run chown root " + path_ +
                " and chmod 644 " + path_);
  }
  const StatusOr<std::string> text = ReadFile(path_, kMaxPolicyBytes);
  if (!text.ok()) return deny("This host allows nothing: " + Message(text.status()));
  StatusOr<Policy> policy = Policy::Parse(*text, path_);
  if (!policy.ok()) return deny("This host allows nothing: " + Message(policy.status()));
  return std::make_shared<const Policy>(std::move(policy).value());
}

}  // namespace drover::agent
