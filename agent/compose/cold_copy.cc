#include "agent/compose/cold_copy.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/compose/outcome.h"
#include "common/base/files.h"
#include "common/crypto/crypto.h"

namespace drover::agent {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kPiece = 1024 * 1024;
// Left free beside the copy.
constexpr uint64_t kSpare = 64 * 1024 * 1024;

Status AddContents(const fs::path& file, const std::function<bool()>& stopped,
                   crypto::Sha256* digest, uint64_t* bytes) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Internal(file.string() + " cannot be read");
  std::string piece(kPiece, '\0');
  while (in) {
    if (stopped()) return Aborted("The copy was stopped");
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto got = static_cast<size_t>(in.gcount());
    digest->Add(std::string_view(piece).substr(0, got));
    *bytes += got;
  }
  return in.bad() ? Internal(file.string() + " cannot be read to its end") : OkStatus();
}

uint64_t BytesIn(const std::string& folder) {
  uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code gone;
    if (it->is_regular_file(gone) && !it->is_symlink(gone)) bytes += it->file_size(gone);
  }
  return bytes;
}

Status CheckRoom(const std::string& folder, const std::string& source) {
  struct statvfs space {};
  if (::statvfs(folder.c_str(), &space) != 0) return Internal(folder + " has no file system");
  const uint64_t free = uint64_t{space.f_bavail} * space.f_frsize;
  const uint64_t needed = BytesIn(source) + kSpare;
  if (free >= needed) return OkStatus();
  return VerbError(v1::OPERATION_ERROR_CODE_DISK_FULL,
                   "The cold copy of " + source + " needs " + std::to_string(needed >> 20) +
                       " MiB and " + folder + " has " + std::to_string(free >> 20) +
                       " MiB free; make room there");
}

Status SyncFolder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Internal(folder + " cannot be opened");
  const int error = ::syncfs(fd);
  ::close(fd);
  return error == 0 ? OkStatus() : Internal(folder + " cannot be written to its disk");
}

}  // namespace

StatusOr<FolderSum> SumFolder(const std::string& folder, const std::function<bool()>& stopped) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    entries.push_back(it->path());
  }
  if (error) return Internal(folder + " cannot be listed: " + error.message());
  std::sort(entries.begin(), entries.end());
  FolderSum sum;
  crypto::Sha256 digest;
  for (const fs::path& entry : entries) {
    digest.Add(fs::relative(entry, folder, error).string() + '\0');
    if (fs::is_symlink(entry, error)) {
      digest.Add(fs::read_symlink(entry, error).string() + '\0');
    } else if (fs::is_regular_file(entry, error)) {
      uint64_t bytes = 0;
      DROVER_RETURN_IF_ERROR(AddContents(entry, stopped, &digest, &bytes));
      digest.Add('\0' + std::to_string(bytes));
      sum.bytes += bytes;
      ++sum.files;
    }
  }
  sum.sha256 = digest.Hex();
  return sum;
}

bool ColdCopies::IsName(const std::string& name) {
  const auto good = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-';
  };
  return !name.empty() && name.size() <= 100 && name[0] != '.' && name[0] != '-' &&
         std::all_of(name.begin(), name.end(), good);
}

std::string ColdCopies::PathOf(const Place& place) const {
  return folder_ + "/" + place.project + "/" + place.service + "/" + place.name;
}

StatusOr<ColdCopies::Copy> ColdCopies::Find(const Place& place) const {
  const std::string path = PathOf(place);
  const StatusOr<std::string> text = ReadFile(path + "/copy.json");
  const json about = text.ok() ? json::parse(*text, nullptr, false) : json();
  if (!about.is_object()) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) return Internal(path + " is half a copy and cannot be removed: " + error.message());
    return NotFound("There is no cold copy " + path);
  }
  Copy copy;
  copy.path = path;
  copy.source = about.value("source", "");
  copy.sum = {about.value("bytes", uint64_t{0}), about.value("files", uint64_t{0}),
              about.value("sha256", "")};
  return copy;
}

Status ColdCopies::Fill(const std::string& path, const std::string& source,
                        const RunOptions& options, FolderSum* sum) const {
  const auto stopped = [&options] {
    return (options.cancel != nullptr && *options.cancel) ||
           (options.deadline && std::chrono::steady_clock::now() > *options.deadline);
  };
  const Command copy{{"/bin/cp", "--archive", "--reflink=auto", "--no-target-directory", "--",
                      source, path + "/data"},
                     {},
                     ""};
  DROVER_RETURN_IF_ERROR(CommandFailure("Copying " + source, runner_->Run(copy, options)));
  DROVER_ASSIGN_OR_RETURN(*sum, SumFolder(path + "/data", stopped));
  DROVER_ASSIGN_OR_RETURN(const FolderSum wanted, SumFolder(source, stopped));
  if (sum->sha256 != wanted.sha256) {
    return DataLoss("The cold copy of " + source +
                    " is not equal to it; does something still write there?");
  }
  return SyncFolder(path);
}

StatusOr<ColdCopies::Copy> ColdCopies::Make(const Place& place, const std::string& source,
                                            const RunOptions& options) {
  StatusOr<Copy> found = Find(place);
  if (found.ok() || found.status().code() != StatusCode::kNotFound) return found;
  const std::string path = PathOf(place);
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Internal(path + " cannot be made: " + error.message());
  fs::permissions(folder_, fs::perms::owner_all, error);
  Status filled = CheckRoom(path, source);
  FolderSum sum;
  if (filled.ok()) filled = Fill(path, source, options, &sum);
  if (filled.ok()) {
    const json about = {
        {"source", source}, {"bytes", sum.bytes}, {"files", sum.files}, {"sha256", sum.sha256}};
    filled = WriteFileAtomically(path + "/copy.json", about.dump() + "\n", 0600);
  }
  if (!filled.ok()) {
    fs::remove_all(path, error);
    return filled;
  }
  return Copy{source, path, sum};
}

}  // namespace drover::agent
