// One entry of a tree: its attributes and its contents.
#ifndef DROVER_AGENT_VOLUMES_ENTRY_COPY_H_
#define DROVER_AGENT_VOLUMES_ENTRY_COPY_H_

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <string>

#include "agent/volumes/descriptor.h"
#include "agent/volumes/piece_line.h"
#include "agent/volumes/tree.h"

namespace drover::agent {

// One name in two folders. `path` is the source's.
struct Entry {
  const Descriptor& from;
  const Descriptor& to;
  std::string name;
  std::string path;
};

// Owner, mode, extended attributes and times, of what is there in both folders.
Status CopyAttributes(const Entry& entry, const struct stat& info);

// What comes of the files of a tree.
struct ByteSink {
  const CopyOptions& options;
  PieceLine& line;
  uint64_t bytes = 0;  // all so far
};

// Adds the contents of `from`, a NUL and the size to the line; where `to` is given they are written
// there, or it becomes a reflink where that works. Written only once the line is drained: what
// makes the file older comes after that. `info` and `path` are of `from`.
Status CopyContents(const Descriptor& from, const struct stat& info, const std::string& path,
                    const std::shared_ptr<CopiedFile>& to, ByteSink* sink);

}  // namespace drover::agent

#endif  // DROVER_AGENT_VOLUMES_ENTRY_COPY_H_
