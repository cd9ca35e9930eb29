// The walls of docs/architecture.md ("Who must not know whom"), read off the #include lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "tests/lint/tree.h"

namespace drover::lint {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A room (a folder) and the prefixes that its files may include beside itself and the standard
// library. Everything else of the tree and every third-party library is behind a wall.
struct Room {
  std::string folder;
  std::vector<std::string> may_know;
};

const std::vector<Room> kRooms = {
    {"common/base", {"absl/"}},
    {"common/crypto", {"common/base/", "openssl/"}},
    {"common/rpc", {"common/base/", "common/crypto/", "grpc", "google/"}},
    {"agent/process", {"common/base/"}},
    {"agent/docker", {"common/base/", "boost/", "nlohmann/"}},
    {"agent/volumes", {"common/base/", "common/crypto/", "nlohmann/"}},
    {"agent/policy",
     {"common/base/", "agent/docker/image_reference.h", "drover/agent/", "yaml-cpp/"}},
    // The operations' arguments and answers are the messages of the agent's protocol.
    {"agent/compose",
     {"common/", "agent/process/", "agent/docker/", "agent/volumes/", "agent/policy/",
      "drover/agent/", "google/", "absl/strings/cord.h", "nlohmann/", "yaml-cpp/"}},
    {"agent/journal", {"common/base/", "drover/agent/", "google/", "SQLiteCpp/", "sqlite3.h"}},
    {"agent/session", {"common/", "agent/", "drover/agent/", "google/", "grpc", "nlohmann/"}},
    // Only what holds data: no file, log, thread or clock (see kNotPure).
    {"controller/rollout", {"common/base/"}},
    {"controller/clusterfile", {"common/base/", "controller/rollout/", "yaml-cpp/"}},
    {"controller/config", {"common/base/", "CLI/", "yaml-cpp/"}},
    {"controller/store",
     {"common/base/", "controller/rollout/", "drover/store/", "google/protobuf/", "SQLiteCpp/",
      "sqlite3.h"}},
    // x509_vfy.h: the numbers by which curl reports why a certificate was refused.
    {"controller/opensearch",
     {"common/base/", "controller/rollout/", "curl/", "nlohmann/", "openssl/x509_vfy.h"}},
    // fleet/agents.h, leftovers.h and fleet_admin.h are interfaces of plain structs.
    {"controller/driver",
     {"common/base/", "common/crypto/", "controller/rollout/", "controller/store/",
      "controller/opensearch/", "controller/fleet/agents.h", "controller/fleet/leftovers.h",
      "controller/clusterfile/"}},
    {"controller/fleet",
     {"common/", "controller/rollout/", "controller/store/", "drover/agent/", "google/", "grpc"}},
    {"controller/api",
     {"common/", "controller/rollout/", "controller/store/", "controller/opensearch/",
      "controller/driver/", "controller/clusterfile/", "controller/fleet/", "drover/control/",
      "google/", "grpc"}},
    {"controller/cli",
     {"common/", "drover/control/", "google/", "grpc", "CLI/", "nlohmann/", "yaml-cpp/"}},
};

// Libraries and the only folders (or files) that may include them.
struct Library {
  std::string prefix;
  std::vector<std::string> users;
};

const std::vector<Library> kLibraries = {
    {"spdlog/", {"common/base/log.cc"}},
    {"nlohmann/",
     {"agent/docker/", "agent/compose/", "agent/volumes/", "agent/session/",
      "controller/opensearch/", "controller/cli/"}},
    {"yaml-cpp/",
     {"agent/policy/", "agent/compose/", "controller/clusterfile/", "controller/config/",
      "controller/cli/"}},
    {"SQLiteCpp/", {"agent/journal/", "controller/store/"}},
    {"sqlite3.h", {"agent/journal/", "controller/store/"}},
    {"curl/", {"controller/opensearch/"}},
    {"boost/", {"agent/docker/"}},
    {"openssl/", {"common/crypto/", "controller/opensearch/"}},
    {"CLI/", {"agent/main.cc", "controller/cli/", "controller/config/", "controller/main.cc"}},
    {"agent/", {"agent/"}},
    {"controller/", {"controller/"}},
    {"drover/agent/", {"agent/", "controller/fleet/"}},
    {"drover/control/", {"controller/api/", "controller/cli/"}},
    {"drover/store/", {"controller/store/"}},
};

// What controller/rollout may not include although it is the standard library's or common/base's.
const std::set<std::string> kNotPure = {"atomic",
                                        "condition_variable",
                                        "filesystem",
                                        "fstream",
                                        "future",
                                        "iostream",
                                        "mutex",
                                        "random",
                                        "semaphore",
                                        "shared_mutex",
                                        "stop_token",
                                        "thread",
                                        "cstdio",
                                        "ctime",
                                        "common/base/files.h",
                                        "common/base/log.h"};

bool StartsWithAny(const std::string& text, const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) {
    if (text.starts_with(prefix)) return true;
  }
  return false;
}

// <vector>, <cstdint>: no folder and no ending. <unistd.h>, <sys/stat.h>: the system's.
bool IsStandard(const std::string& include) {
  return include.find('/') == std::string::npos && include.find('.') == std::string::npos;
}

bool IsSystem(const std::string& include) {
  static const std::set<std::string> kHeaders = {
      "dirent.h", "fnmatch.h", "errno.h",  "fcntl.h",   "grp.h",    "limits.h", "netdb.h",
      "poll.h",   "pthread.h", "pwd.h",    "sched.h",   "signal.h", "spawn.h",  "stdint.h",
      "stdlib.h", "string.h",  "syslog.h", "termios.h", "time.h",   "unistd.h", "wordexp.h"};
  return kHeaders.contains(include) ||
         StartsWithAny(include, {"sys/", "netinet/", "arpa/", "linux/", "net/"});
}

bool IsProduct(const std::string& path) {
  return StartsWithAny(path, {"agent/", "common/", "controller/"});
}

const Room* RoomOf(const std::string& path) {
  for (const Room& room : kRooms) {
    if (path.starts_with(room.folder + "/")) return &room;
  }
  return nullptr;
}

// Findings of one file.
std::vector<std::string> Walls(const SourceFile& file) {
  std::vector<std::string> findings;
  const Room* room = RoomOf(file.path);
  const bool pure = file.path.starts_with("controller/rollout/");
  for (const Include& include : Includes(file)) {
    const std::string at = At(file, include.line) + ": " + include.path + ": ";
    for (const Library& library : kLibraries) {
      if (include.path.starts_with(library.prefix) && !StartsWithAny(file.path, library.users)) {
        findings.push_back(at + "only some rooms may use " + library.prefix);
      }
    }
    if (pure && (kNotPure.contains(include.path) || IsSystem(include.path))) {
      findings.push_back(at + "the engine is pure");
    }
    if (room == nullptr || IsStandard(include.path) || IsSystem(include.path)) continue;
    if (include.path.starts_with(room->folder + "/") || include.path.starts_with("spdlog/"))
      continue;
    if (!StartsWithAny(include.path, room->may_know)) {
      findings.push_back(at + room->folder + " must not know it");
    }
  }
  return findings;
}

TEST(IncludeLintTest, RoomsKeepTheirWalls) {
  int looked_at = 0;
  for (const SourceFile& file : Tree()) {
    if (!IsCpp(file) || !IsProduct(file.path)) continue;
    ++looked_at;
    for (const std::string& finding : Walls(file)) ADD_FAILURE() << finding;
  }
  EXPECT_GT(looked_at, 50);
}

// Only what stands beside a main() belongs to no room: it builds the real parts.
TEST(IncludeLintTest, EveryFileIsInARoom) {
  for (const SourceFile& file : Tree()) {
    if (!IsCpp(file) || !IsProduct(file.path) || RoomOf(file.path) != nullptr) continue;
    EXPECT_TRUE(file.path.starts_with("agent/") || file.path.starts_with("controller/"))
        << file.path;
    EXPECT_EQ(std::count(file.path.begin(), file.path.end(), '/'), 1)
        << file.path << " is in a folder that tests/lint/include_lint_test.cc does not know";
  }
}

TEST(IncludeLintTest, TheProductDoesNotKnowTheTests) {
  for (const SourceFile& file : Tree()) {
    if (!IsCpp(file) || !IsProduct(file.path)) continue;
    for (const Include& include : Includes(file)) {
      EXPECT_FALSE(StartsWithAny(include.path, {"tests/", "gtest/", "gmock/"}))
          << At(file, include.line);
      EXPECT_FALSE(StartsWithAny(include.path, {"../", "./"}))
          << At(file, include.line) << ": includes are relative to the root";
    }
  }
}

TEST(IncludeLintTest, HeadersHaveTheirGuard) {
  for (const SourceFile& file : Tree()) {
    if (!file.path.ends_with(".h")) continue;
    std::string guard = "DROVER_" + file.path + "_";
    for (char& c : guard) {
      c = std::isalnum(static_cast<unsigned char>(c))
              ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
              : '_';
    }
    EXPECT_THAT(file.lines, Contains("#ifndef " + guard)) << file.path;
  }
}

// The rules find what they are there to find.
TEST(IncludeLintTest, BreachesAreFound) {
  const auto walls = [](const std::string& path, const std::string& include) {
    return Walls(SourceFile{path, {"#include <" + include + ">"}});
  };
  EXPECT_THAT(walls("controller/rollout/x.cc", "vector"), IsEmpty());
  EXPECT_THAT(walls("controller/rollout/x.cc", "controller/rollout/plan.h"), IsEmpty());
  EXPECT_THAT(walls("controller/rollout/x.cc", "thread"), Contains(HasSubstr("pure")));
  EXPECT_THAT(walls("controller/rollout/x.cc", "unistd.h"), Contains(HasSubstr("pure")));
  EXPECT_THAT(walls("controller/rollout/x.cc", "common/base/files.h"), Contains(HasSubstr("pure")));
  EXPECT_THAT(walls("controller/rollout/x.cc", "drover/control/v1/rollout.pb.h"),
              Contains(HasSubstr("must not know")));
  EXPECT_THAT(walls("controller/store/x.cc", "grpcpp/grpcpp.h"),
              Contains(HasSubstr("must not know")));
  EXPECT_THAT(walls("controller/opensearch/x.cc", "controller/fleet/agents.h"),
              Contains(HasSubstr("must not know")));
  EXPECT_THAT(walls("controller/opensearch/x.cc", "controller/driver/effects.h"),
              Contains(HasSubstr("must not know")));
  EXPECT_THAT(walls("agent/session/x.cc", "controller/rollout/plan.h"),
              Contains(HasSubstr("must not know")));
  EXPECT_THAT(walls("controller/cli/x.cc", "controller/rollout/plan.h"),
              Contains(HasSubstr("must not know")));
  EXPECT_THAT(walls("controller/cli/x.cc", "drover/store/v1/plan.pb.h"),
              Contains(HasSubstr("only some rooms")));
  EXPECT_THAT(walls("common/base/files.cc", "spdlog/spdlog.h"),
              Contains(HasSubstr("only some rooms")));
  EXPECT_THAT(walls("common/base/log.cc", "spdlog/spdlog.h"), IsEmpty());
  EXPECT_THAT(walls("agent/main.cc", "controller/rollout/plan.h"),
              Contains(HasSubstr("only some rooms")));
  EXPECT_THAT(walls("controller/main.cc", "curl/curl.h"), Contains(HasSubstr("only some rooms")));
}

}  // namespace
}  // namespace drover::lint
