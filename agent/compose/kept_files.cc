#include "agent/compose/kept_files.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "common/base/files.h"
#include "common/crypto/crypto.h"

namespace drover::agent {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kMaxKept = 500;
constexpr char kSuffix[] = ".kept";

}  // namespace

// An operation id has slashes; its hash is a name on any file system.
std::string KeptFiles::PathOf(const std::string& operation_id) const {
  return folder_ + "/" + crypto::Sha256Hex(operation_id) + kSuffix;
}

Status KeptFiles::Keep(const KeptFile& file) {
  const json about = {{"operation_id", file.operation_id},
                      {"project", file.project},
                      {"path", file.path},
                      {"old_sha256", file.old_sha256},
                      {"new_sha256", file.new_sha256},
                      {"old_image", file.old_image}};
  const std::string line = about.dump(-1, ' ', false, json::error_handler_t::replace);
  DROVER_RETURN_IF_ERROR(
      WriteFileAtomically(PathOf(file.operation_id), line + "\n" + file.old_text, 0600));
  DropOldest();
  return OkStatus();
}

StatusOr<KeptFile> KeptFiles::Find(const std::string& operation_id) const {
  const std::string path = PathOf(operation_id);
  StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  const size_t end = text->find('\n');
  const Status damaged = DataLoss(path + " is damaged; put the Compose file back by hand");
  if (end == std::string::npos) return damaged;
  try {
    const json about = json::parse(text->substr(0, end));
    KeptFile file;
    file.operation_id = about.at("operation_id").get<std::string>();
    file.project = about.at("project").get<std::string>();
    file.path = about.at("path").get<std::string>();
    file.old_sha256 = about.at("old_sha256").get<std::string>();
    file.new_sha256 = about.at("new_sha256").get<std::string>();
    file.old_image = about.at("old_image").get<std::string>();
    file.old_text = text->substr(end + 1);
    if (file.operation_id != operation_id || crypto::Sha256Hex(file.old_text) != file.old_sha256) {
      return damaged;
    }
    return file;
  } catch (const json::exception&) {
    return damaged;
  }
}

void KeptFiles::DropOldest() const {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> kept;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() != kSuffix) continue;
    kept.emplace_back(it->last_write_time(error), it->path());
  }
  if (kept.size() <= kMaxKept) return;
  std::sort(kept.begin(), kept.end());
  for (size_t i = 0; i + kMaxKept < kept.size(); ++i) fs::remove(kept[i].second, error);
}

}  // namespace drover::agent
