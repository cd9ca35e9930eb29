// The bytes that SetImage replaced, kept on this host by operation id so that RestoreFile can put
// them back.
#ifndef DROVER_AGENT_COMPOSE_KEPT_FILES_H_
#define DROVER_AGENT_COMPOSE_KEPT_FILES_H_

#include <string>

#include "common/base/status.h"

namespace drover::agent {

struct KeptFile {
  std::string operation_id;
  std::string project;
  std::string path;  // of the file that was edited
  std::string old_sha256;
  std::string new_sha256;
  std::string old_image;
  std::string old_text;  // the whole file as it was
};

// One file for each operation, mode 0600: a line of JSON, then the old bytes. Thread safe as long
// as no two calls name the same operation.
class KeptFiles {
 public:
  explicit KeptFiles(std::string folder) : folder_(std::move(folder)) {}

  // Durable once it returns OK. Drops the oldest beyond the last few hundred.
  Status Keep(const KeptFile& file);
  // NOT_FOUND where the operation kept nothing, DATA_LOSS where its file is damaged.
  StatusOr<KeptFile> Find(const std::string& operation_id) const;

 private:
  std::string PathOf(const std::string& operation_id) const;
  void DropOldest() const;

  const std::string folder_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_KEPT_FILES_H_
