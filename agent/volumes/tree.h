// Trees of files: what is in one, and a checked copy of one.
#ifndef DROVER_AGENT_VOLUMES_TREE_H_
#define DROVER_AGENT_VOLUMES_TREE_H_

#include <cstdint>
#include <functional>
#include <string>

#include "common/base/status.h"

namespace drover::agent {

// What rollouts set aside lies in a folder of this name at the top of a volume; it is no part of
// the volume's contents.
inline constexpr char kKeptFolder[] = ".drover-kept";

struct TreeLook {
  uint64_t bytes = 0;  // of files; one with several names once
  uint64_t files = 0;
  // Differs where a name, a size, an owner, a mode or a time of change does.
  std::string state;
};

// Everything in `folder` but kKeptFolder. Reads no contents.
StatusOr<TreeLook> LookAtTree(const std::string& folder);

struct TreeSum {
  uint64_t bytes = 0;
  uint64_t files = 0;
  // SHA-256 of, in the names' order, each path and a NUL; then of a link what it leads to and a
  // NUL, of a file its contents, a NUL and its size.
  std::string sha256;
};

struct CopyOptions {
  // Asked at each piece: OK, or why the copy ends early.
  std::function<Status()> go_on = [] { return OkStatus(); };
  // Told at each piece how many bytes are done.
  std::function<void(uint64_t bytes)> progress = [](uint64_t) {};
};

// Copies all in `source` but kKeptFolder into `target`, which is an empty folder: contents, links,
// owners, modes, times and extended attributes; reflinks where the file system has them, holes stay
// holes. The sum is of what was read, each once, and written; a part is read back and
// compared, of a file of 1 MiB or more from the disk itself where the file system can.
// DATA_LOSS where that differs or the source changed meanwhile, RESOURCE_EXHAUSTED where the disk
// was full. After an error `target` holds a part.
StatusOr<TreeSum> CopyTree(const std::string& source, const std::string& target,
                           const CopyOptions& options);

}  // namespace drover::agent

#endif  // DROVER_AGENT_VOLUMES_TREE_H_
