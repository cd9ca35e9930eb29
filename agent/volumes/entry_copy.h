// One entry of a tree: its attributes and its contents.
#ifndef DROVER_AGENT_VOLUMES_ENTRY_COPY_H_
#define DROVER_AGENT_VOLUMES_ENTRY_COPY_H_

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <string>

#include "agent/volumes/descriptor.h"
#include "agent/volumes/piece_check.h"
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
  PieceCheck& check;
  uint64_t bytes = 0;  // all so far
};

// Where `to` is given, copies the contents of `from` there, as a reflink where that works; adds
// them, a NUL and the size to the check. `info` is of `from`.
Status CopyContents(const std::shared_ptr<const Descriptor>& from, const struct stat& info,
                    const std::shared_ptr<const Descriptor>& to, const std::string& path,
                    ByteSink* sink);

}  // namespace drover::agent

#endif  // DROVER_AGENT_VOLUMES_ENTRY_COPY_H_
