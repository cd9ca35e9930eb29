#include "agent/volumes/kept_record.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/base/files.h"

namespace drover::agent {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::array<const char*, 4> kStates = {"copying", "moving", "placing", "kept"};

KeptRecord Parse(const std::string& text) {
  const json about = json::parse(text);
  KeptRecord record;
  record.source = about.at("source");
  record.restored = about.at("restored");
  record.bytes = about.at("bytes");
  record.created_at = FromUnixMillis(about.at("created_ms"));
  const auto state = std::find(kStates.begin(), kStates.end(), about.at("state"));
  if (state == kStates.end()) throw std::out_of_range("state");
  record.state = static_cast<KeptState>(state - kStates.begin());
  return record;
}

}  // namespace

std::string KeptRecords::PathOf(const VolumePlace& place) const {
  return folder_ + "/" + place.project + "/" + place.service + "/" + place.name + ".json";
}

Status KeptRecords::Save(const VolumePlace& place, const KeptRecord& record) const {
  const std::string path = PathOf(place);
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (error) return Internal(path + " cannot be made: " + error.message());
  const json about = {{"source", record.source},
                      {"restored", record.restored},
                      {"bytes", record.bytes},
                      {"created_ms", ToUnixMillis(record.created_at)},
                      {"state", kStates.at(static_cast<size_t>(record.state))}};
  const std::string line = about.dump(-1, ' ', false, json::error_handler_t::replace);
  return WriteFileAtomically(path, line + "\n", 0600);
}

StatusOr<std::optional<KeptRecord>> KeptRecords::Load(const VolumePlace& place) const {
  const std::string path = PathOf(place);
  const StatusOr<std::string> text = ReadFile(path);
  if (text.status().code() == StatusCode::kNotFound) return std::optional<KeptRecord>();
  if (!text.ok()) return text.status();
  try {
    return std::optional<KeptRecord>(Parse(*text));
  } catch (const std::exception&) {
    return DataLoss(path + " is damaged; look what is in " + kKeptFolder +
                    " of the volume, and move that file away");
  }
}

Status KeptRecords::Remove(const VolumePlace& place) const {
  std::error_code error;
  fs::remove(PathOf(place), error);
  return error ? Internal(PathOf(place) + " cannot be removed: " + error.message()) : OkStatus();
}

std::vector<std::pair<VolumePlace, KeptRecord>> KeptRecords::List() const {
  std::vector<std::pair<VolumePlace, KeptRecord>> listed;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder_, error), end; !error && it != end;
       it.increment(error)) {
    const fs::path& path = it->path();
    if (it.depth() != 2 || path.extension() != ".json" || !IsVolumeName(path.stem())) continue;
    const VolumePlace place{path.parent_path().parent_path().filename(),
                            path.parent_path().filename(), path.stem()};
    const auto record = Load(place);
    if (record.ok() && *record) listed.emplace_back(place, **record);
  }
  std::sort(listed.begin(), listed.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first.project, a.first.service, a.first.name) <
           std::tie(b.first.project, b.first.service, b.first.name);
  });
  return listed;
}

}  // namespace drover::agent
