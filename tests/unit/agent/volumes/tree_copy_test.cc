#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "agent/volumes/tree.h"
#include "tests/unit/agent/compose/temp_folder.h"
#include "tests/unit/agent/volumes/folder_sum.h"

namespace drover::agent {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class TreeCopyTest : public testing::Test {
 protected:
  TreeCopyTest() {
    folder_.Write("from/nodes/0/segment", std::string(3'000'000, 's'));
    folder_.Write("from/nodes/0.lock", "");
    folder_.Write("from/z", "last");
    fs::create_directories(folder_.At("from/empty"));
    fs::create_symlink("nodes/0", folder_.At("from/latest"));
    fs::create_directories(folder_.At("to"));
  }
  StatusOr<TreeSum> Copy(const CopyOptions& options = {}) {
    return CopyTree(folder_.At("from"), folder_.At("to"), options);
  }
  struct stat Stat(const std::string& name) const {
    struct stat info {};
    EXPECT_EQ(lstat(folder_.At(name).c_str(), &info), 0) << name;
    return info;
  }

  TempFolder folder_;
};

TEST_F(TreeCopyTest, TheSumIsThatOfBoth) {
  const auto sum = Copy();
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_EQ(sum->bytes, 3'000'004u);
  EXPECT_EQ(sum->files, 3u);
  EXPECT_EQ(sum->sha256, FolderSum(folder_.At("from")));
  EXPECT_EQ(sum->sha256, FolderSum(folder_.At("to")));
}

TEST_F(TreeCopyTest, OwnersModesTimesAndAttributesAreThoseOfTheSource) {
  const std::string file = folder_.At("from/nodes/0/segment");
  const struct timespec times[] = {{1'000'000'000, 1}, {1'100'000'000, 123'456'789}};
  ASSERT_EQ(setxattr(file.c_str(), "user.drover", "kept", 4, 0), 0);
  ASSERT_EQ(geteuid() == 0 ? chown(file.c_str(), 1000, 1001) : 0, 0);
  ASSERT_EQ(chmod(file.c_str(), 04640), 0);
  ASSERT_EQ(utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  ASSERT_EQ(chmod(folder_.At("from/nodes").c_str(), 02750), 0);
  ASSERT_EQ(utimensat(AT_FDCWD, folder_.At("from/nodes").c_str(), times, 0), 0);
  ASSERT_EQ(chmod(folder_.At("from").c_str(), 0711), 0);
  ASSERT_TRUE(Copy().ok());
  for (const char* name : {"", "/nodes", "/nodes/0/segment", "/latest"}) {
    const struct stat from = Stat(std::string("from") + name);
    const struct stat to = Stat(std::string("to") + name);
    EXPECT_EQ(to.st_mode, from.st_mode) << name;
    EXPECT_EQ(to.st_uid, from.st_uid) << name;
    EXPECT_EQ(to.st_gid, from.st_gid) << name;
    EXPECT_EQ(to.st_mtim.tv_sec, from.st_mtim.tv_sec) << name;
    EXPECT_EQ(to.st_mtim.tv_nsec, from.st_mtim.tv_nsec) << name;
  }
  char value[8] = {};
  EXPECT_EQ(getxattr(folder_.At("to/nodes/0/segment").c_str(), "user.drover", value, 8), 4);
  EXPECT_STREQ(value, "kept");
}

TEST_F(TreeCopyTest, SeveralNamesOfAFileStayOneFile) {
  fs::create_hard_link(folder_.At("from/z"), folder_.At("from/nodes/again"));
  const auto sum = Copy();
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_EQ(Stat("to/z").st_ino, Stat("to/nodes/again").st_ino);
  EXPECT_EQ(sum->sha256, FolderSum(folder_.At("to")));
}

TEST_F(TreeCopyTest, HolesStayHoles) {
  const std::string file = folder_.At("from/sparse");
  folder_.Write("from/sparse", "begin");
  ASSERT_EQ(truncate(file.c_str(), 64 << 20), 0);
  const auto sum = Copy();
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_EQ(Stat("to/sparse").st_size, 64 << 20);
  EXPECT_LT(Stat("to/sparse").st_blocks, 4096);
  EXPECT_EQ(folder_.Read("to/sparse").substr(0, 6), std::string("begin\0", 6));
}

// The kernel does not copy between all file systems.
TEST_F(TreeCopyTest, AnotherFileSystemGetsTheSame) {
  char name[] = "/dev/shm/drover-copy-XXXXXX";
  const std::string target = mkdtemp(name);
  folder_.Write("from/sparse", "begin");
  ASSERT_EQ(truncate(folder_.At("from/sparse").c_str(), 4 << 20), 0);
  const auto sum = CopyTree(folder_.At("from"), target, {});
  const std::string copied = FolderSum(target);
  fs::remove_all(target);
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_EQ(sum->sha256, copied);
}

TEST_F(TreeCopyTest, APipeIsMadeAndNotRead) {
  ASSERT_EQ(mkfifo(folder_.At("from/pipe").c_str(), 0600), 0);
  ASSERT_TRUE(Copy().ok());
  EXPECT_TRUE(S_ISFIFO(Stat("to/pipe").st_mode));
}

TEST_F(TreeCopyTest, WhatRolloutsSetAsideIsNoPartOfIt) {
  const std::string before = FolderSum(folder_.At("from"));
  folder_.Write("from/.drover-kept/old/nodes", std::string(1000, 'o'));
  folder_.Write("from/nodes/.drover-kept", "deeper it is a name as any other");
  const auto look = LookAtTree(folder_.At("from"));
  ASSERT_TRUE(look.ok()) << look.status();
  EXPECT_EQ(look->bytes, 3'000'004u + 32u);
  ASSERT_TRUE(Copy().ok());
  EXPECT_FALSE(fs::exists(folder_.At("to/.drover-kept")));
  EXPECT_TRUE(fs::exists(folder_.At("to/nodes/.drover-kept")));
  fs::remove(folder_.At("to/nodes/.drover-kept"));
  EXPECT_EQ(FolderSum(folder_.At("to")), before);
}

TEST_F(TreeCopyTest, AChangeMeanwhileIsSeen) {
  const std::vector<std::pair<std::string, std::function<void()>>> changes = {
      {"written", [this] { folder_.Write("from/z", "LAST"); }},
      {"new", [this] { folder_.Write("from/a", ""); }},
      {"removed", [this] { fs::remove(folder_.At("from/z")); }},
      {"mode", [this] { chmod(folder_.At("from/z").c_str(), 0600); }},
  };
  for (const auto& [what, change] : changes) {
    CopyOptions options;
    bool changed = false;
    options.progress = [&changed, &change = change](uint64_t) {
      if (!std::exchange(changed, true)) change();
    };
    const auto sum = Copy(options);
    EXPECT_EQ(sum.status().code(), StatusCode::kDataLoss) << what << ": " << sum.status();
    fs::remove_all(folder_.At("to"));
    fs::create_directories(folder_.At("to"));
    folder_.Write("from/z", "last");
  }
}

// Sizes about those of pieces, blocks and files that go past the kernel's memory.
TEST_F(TreeCopyTest, FilesOfAnySizeAreCopiedWhole) {
  constexpr size_t kMiB = 1 << 20;
  for (const size_t size :
       {size_t{1}, kMiB - 1, kMiB, kMiB + 1, 2 * kMiB - 4096, 30 * kMiB + 511}) {
    std::string contents(size, '\0');
    for (size_t i = 0; i < size; ++i) contents[i] = static_cast<char>(i * 31 + i / 4093);
    folder_.Write("from/of-" + std::to_string(size), contents);
  }
  const auto sum = Copy();
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_EQ(FolderSum(folder_.At("to")), FolderSum(folder_.At("from")));
  EXPECT_EQ(sum->sha256, FolderSum(folder_.At("to")));
  for (const auto& file : fs::recursive_directory_iterator(folder_.At("from"))) {
    const std::string name = fs::relative(file.path(), folder_.At("from"));
    EXPECT_EQ(Stat("to/" + name).st_mtim.tv_nsec, Stat("from/" + name).st_mtim.tv_nsec) << name;
  }
}

TEST_F(TreeCopyTest, EndsEarlyWithTheReason) {
  CopyOptions options;
  int asked = 0;
  options.go_on = [&asked] { return ++asked < 6 ? OkStatus() : Aborted("enough"); };
  EXPECT_EQ(Copy(options).status().code(), StatusCode::kAborted);
}

TEST_F(TreeCopyTest, ALinkInPlaceOfAFolderLeadsNowhere) {
  EXPECT_FALSE(CopyTree(folder_.At("missing"), folder_.At("to"), {}).ok());
  const auto not_a_folder = LookAtTree(folder_.At("from/z"));
  EXPECT_THAT(Message(not_a_folder.status()), HasSubstr("from/z cannot be opened as a folder"));
}

}  // namespace
}  // namespace drover::agent
