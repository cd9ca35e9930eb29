// Reading and durably writing small files.
#ifndef DROVER_COMMON_BASE_FILES_H_
#define DROVER_COMMON_BASE_FILES_H_

#include <sys/types.h>

#include <string>

#include "common/base/status.h"

namespace drover {

// The whole file. NOT_FOUND where it is missing, PERMISSION_DENIED where it may not be read,
// FAILED_PRECONDITION where it is longer than `limit` bytes.
StatusOr<std::string> ReadFile(const std::string& path, size_t limit = 16 * 1024 * 1024);

// Replaces `path` by `bytes` in one step: writes a temporary file beside it, syncs it, renames it
// over `path` and syncs the folder. After an error or a crash the old file is whole. An existing
// file's owner and mode are kept; a new one gets `mode`.
Status WriteFileAtomically(const std::string& path, const std::string& bytes, mode_t mode = 0644);

// Removes what a WriteFileAtomically of `path` left beside it when its process was killed. Not
// while another one runs.
void RemoveUnfinished(const std::string& path);

}  // namespace drover

#endif  // DROVER_COMMON_BASE_FILES_H_
