// The names of a tar archive's entries, from its bytes as they come, without keeping the contents.
#ifndef DROVER_AGENT_DOCKER_TAR_NAMES_H_
#define DROVER_AGENT_DOCKER_TAR_NAMES_H_

#include <cstdint>
#include <set>
#include <string>

namespace drover::agent {

// Collects the names directly below the archive's one top folder: "top/a/b" is "a".
class TarNames {
 public:
  void Feed(const std::string& bytes);
  const std::set<std::string>& names() const { return names_; }
  // False once what came was no tar archive.
  bool ok() const { return ok_; }

 private:
  void ReadHeader();

  std::string header_;  // what has come of the next one
  uint64_t skip_ = 0;   // bytes of contents that are still to come
  std::set<std::string> names_;
  bool ok_ = true;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_DOCKER_TAR_NAMES_H_
