#include "common/base/files.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/temp_folder.h"

namespace drover {
namespace {

using drover::testing::TempFolder;

size_t FilesIn(const std::string& folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0);
  return info.st_mode & 07777;
}

TEST(ReadFileTest, SaysWhatIsMissing) {
  TempFolder folder;
  const auto bytes = ReadFile(folder.File("no"));
  EXPECT_EQ(bytes.status().code(), StatusCode::kNotFound);
  EXPECT_NE(Message(bytes.status()).find(folder.File("no")), std::string::npos);
}

TEST(ReadFileTest, RefusesWhatIsLongerThanItsLimit) {
  TempFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), "12345").ok());
  EXPECT_EQ(ReadFile(folder.File("f"), 4).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(*ReadFile(folder.File("f"), 5), "12345");
}

TEST(WriteFileAtomicallyTest, KeepsEveryByte) {
  TempFolder folder;
  const std::string bytes("a\0\r\n\xff no newline at the end", 27);
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), bytes).ok());
  EXPECT_EQ(*ReadFile(folder.File("f")), bytes);
}

TEST(WriteFileAtomicallyTest, NewFileGetsTheModeAndAnOldOneKeepsIts) {
  TempFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), "1", 0600).ok());
  EXPECT_EQ(ModeOf(folder.File("f")), 0600u);
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), "2", 0644).ok());
  EXPECT_EQ(ModeOf(folder.File("f")), 0600u);
  EXPECT_EQ(*ReadFile(folder.File("f")), "2");
}

TEST(WriteFileAtomicallyTest, MissingFolderIsAnErrorThatNamesThePath) {
  TempFolder folder;
  const Status status = WriteFileAtomically(folder.File("no/f"), "1");
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_NE(Message(status).find(folder.File("no/f")), std::string::npos);
}

TEST(WriteFileAtomicallyTest, WorksInTheCurrentFolder) {
  TempFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  EXPECT_TRUE(WriteFileAtomically("plain", "1").ok());
  std::filesystem::current_path(before);
  EXPECT_EQ(*ReadFile(folder.File("plain")), "1");
}

// A disk that takes only a part: the file size limit of a child process stands in for it.
TEST(WriteFileAtomicallyTest, ShortWriteLeavesTheOldFileAndNothingElse) {
  TempFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("f"), "the old bytes").ok());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::_exit(WriteFileAtomically(folder.File("f"), std::string(100'000, 'x')).ok() ? 0 : 7);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(*ReadFile(folder.File("f")), "the old bytes");
  EXPECT_EQ(FilesIn(folder.path()), 1u);
}

// A writer killed at any moment: a reader sees one of its two files whole, never a mixture.
TEST(WriteFileAtomicallyTest, KilledWriterLeavesOneWholeFile) {
  const std::string first(200'000, 'a');
  const std::string second(300'000, 'b');
  for (int round = 0; round < 5; ++round) {
    TempFolder folder;
    ASSERT_TRUE(WriteFileAtomically(folder.File("f"), first).ok());
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      while (true) {
        if (!WriteFileAtomically(folder.File("f"), second).ok()) ::_exit(1);
        if (!WriteFileAtomically(folder.File("f"), first).ok()) ::_exit(1);
      }
    }
    bool changed = false;
    for (int i = 0; i < 20 * (round + 1) || !changed; ++i) {
      const auto bytes = ReadFile(folder.File("f"));
      ASSERT_TRUE(bytes.ok());
      ASSERT_TRUE(*bytes == first || *bytes == second) << "a mixture of " << bytes->size();
      changed = changed || *bytes == second;
    }
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    const auto bytes = ReadFile(folder.File("f"));
    ASSERT_TRUE(bytes.ok());
    EXPECT_TRUE(*bytes == first || *bytes == second);
  }
}

TEST(Files, OnlyWhatAKilledWriterLeftIsRemoved) {
  TempFolder folder;
  for (const char* name : {".f.drover-a1B2c3", ".f.drover-notours", ".f.backup", ".g.drover-a1B2c3",
                           "f.drover-a1B2c3"}) {
    ASSERT_TRUE(WriteFileAtomically(folder.File(name), "x").ok());
  }
  RemoveUnfinished(folder.File("f"));
  EXPECT_FALSE(ReadFile(folder.File(".f.drover-a1B2c3")).ok());
  for (const char* name :
       {".f.drover-notours", ".f.backup", ".g.drover-a1B2c3", "f.drover-a1B2c3"}) {
    EXPECT_TRUE(ReadFile(folder.File(name)).ok()) << name;
  }
}

}  // namespace
}  // namespace drover
