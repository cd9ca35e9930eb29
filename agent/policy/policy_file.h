// The policy file on this host, read again when it changes.
#ifndef DROVER_AGENT_POLICY_POLICY_FILE_H_
#define DROVER_AGENT_POLICY_POLICY_FILE_H_

#include <memory>
#include <mutex>
#include <string>

#include "agent/policy/policy.h"

namespace drover::agent {

// Thread safe.
class PolicyFile {
 public:
  // `owner` is who must own the file: root, unless a test says otherwise.
  explicit PolicyFile(std::string path, uid_t owner = 0);

  // What is in force now. A file that is missing, wrong, owned by another user or writable for the
  // group or the world allows nothing, and the refusals say why.
  std::shared_ptr<const Policy> Current();

 private:
  struct Seen;
  std::shared_ptr<const Policy> Load(const Seen& seen) const;

  const std::string path_;
  const uid_t owner_;
  std::mutex mutex_;
  std::shared_ptr<const Seen> seen_;
  std::shared_ptr<const Policy> policy_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_POLICY_POLICY_FILE_H_
