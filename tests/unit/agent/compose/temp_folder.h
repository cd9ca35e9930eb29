// A folder of a test's own, removed with it.
#ifndef DROVER_TESTS_UNIT_AGENT_COMPOSE_TEMP_FOLDER_H_
#define DROVER_TESTS_UNIT_AGENT_COMPOSE_TEMP_FOLDER_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace drover::agent {

class TempFolder {
 public:
  TempFolder() {
    char name[] = "/tmp/drover-compose-XXXXXX";
    path_ = std::filesystem::canonical(mkdtemp(name)).string();
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string At(const std::string& name) const { return path_ + "/" + name; }

  void Write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories(std::filesystem::path(At(name)).parent_path());
    std::ofstream(At(name), std::ios::binary) << bytes;
  }
  std::string Read(const std::string& name) const {
    std::ostringstream bytes;
    bytes << std::ifstream(At(name), std::ios::binary).rdbuf();
    return bytes.str();
  }

 private:
  std::string path_;
};

}  // namespace drover::agent

#endif  // DROVER_TESTS_UNIT_AGENT_COMPOSE_TEMP_FOLDER_H_
