// Cold copies of data volumes, in a folder of the agent's own: what a way back starts from.
#ifndef DROVER_AGENT_COMPOSE_COLD_COPY_H_
#define DROVER_AGENT_COMPOSE_COLD_COPY_H_

#include <functional>
#include <string>

#include "agent/process/command_runner.h"
#include "common/base/status.h"

namespace drover::agent {

// What a folder holds, links and empty folders included.
struct FolderSum {
  uint64_t bytes = 0;
  uint64_t files = 0;
  std::string sha256;  // of the sorted names, sizes and contents
};

// `stopped` is asked now and then; ABORTED once true. A file that changes meanwhile is no error.
StatusOr<FolderSum> SumFolder(const std::string& folder, const std::function<bool()>& stopped);

// Below one folder, a copy each: FOLDER/PROJECT/SERVICE/NAME/data and its copy.json. A copy is
// whole where copy.json is there; anything else in its place was cut off. Thread safe as long as no
// two calls name the same copy.
class ColdCopies {
 public:
  struct Place {
    std::string project, service, name;
  };
  struct Copy {
    std::string source;  // the folder that was copied
    std::string path;    // of the copy
    FolderSum sum;
  };

  // `runner` is not owned.
  ColdCopies(std::string folder, CommandRunner* runner)
      : folder_(std::move(folder)), runner_(runner) {}

  // Letters, digits, dots and dashes, not beginning with a dot or a dash, at most 100.
  static bool IsName(const std::string& name);

  // Copies `source` with /bin/cp (not by PATH, which may hold little), owners, times and attributes
  // too (reflinks where the file system has them), compares both by their sums, and syncs it. A
  // whole copy that is there already is given back untouched. VerbError's DISK_FULL where the disk
  // has not the room: nothing is begun then; DATA_LOSS where the copy is not equal. What was cut
  // off or failed is removed.
  StatusOr<Copy> Make(const Place& place, const std::string& source, const RunOptions& options);

  // The whole copy; NOT_FOUND where there is none. Removes what was cut off.
  StatusOr<Copy> Find(const Place& place) const;

 private:
  std::string PathOf(const Place& place) const;
  Status Fill(const std::string& path, const std::string& source, const RunOptions& options,
              FolderSum* sum) const;

  const std::string folder_;
  CommandRunner* const runner_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_COLD_COPY_H_
