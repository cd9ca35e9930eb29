#include "agent/policy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "agent/policy/policy_file.h"
#include "common/base/files.h"

namespace drover::agent {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr char kGood[] =
    "# who may do what\n"
    "project_roots:\n"
    "  - /tmp\n"
    "images: [registry.lab:5000/opensearch, \"docker.io/opensearchproject/*\", busybox]\n"
    "verbs: [PullImage, StopService]\n"
    "max_stop_time: 90s\n";

Policy Good() {
  StatusOr<Policy> policy = Policy::Parse(kGood, "/etc/drover/agent.yaml");
  EXPECT_TRUE(policy.ok()) << policy.status();
  return policy.ok() ? *policy : Policy();
}

TEST(Policy, AllowsOnlyTheVerbsItNames) {
  const Policy policy = Good();
  EXPECT_TRUE(policy.AllowsVerb("PullImage").ok());
  const Status denied = policy.AllowsVerb("DownProject");
  EXPECT_EQ(denied.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(Message(denied), HasSubstr("DownProject"));
  EXPECT_THAT(Message(denied), HasSubstr("/etc/drover/agent.yaml"));
}

TEST(Policy, AllMeansEveryVerb) {
  for (const std::string text : {"verbs: all\n", "verbs: [all]\n"}) {
    const auto policy = Policy::Parse(text, "p");
    ASSERT_TRUE(policy.ok());
    for (const std::string& verb : PolicyVerbs())
      EXPECT_TRUE(policy->AllowsVerb(verb).ok()) << verb;
  }
}

struct ImageCase {
  const char* image;
  bool allowed;
};

TEST(Policy, MatchesImagesByRepositoryInAnySpelling) {
  const Policy policy = Good();
  const ImageCase cases[] = {
      {"registry.lab:5000/opensearch:2.19.1", true},
      {"registry.lab:5000/opensearch", true},
      {"registry.lab:5000/opensearch/evil:1", false},
      {"registry.lab:5001/opensearch:2.19.1", false},
      {"registry.lab/opensearch:2.19.1", false},
      {"opensearchproject/opensearch:2.19.1", true},
      {"docker.io/opensearchproject/opensearch:2.19.1", true},
      {"index.docker.io/opensearchproject/opensearch:2.19.1", true},
      {"opensearchproject/a/b:1", false},
      {"other/opensearch:1", false},
      {"opensearch:1", false},
      {"busybox:1", true},
      {"docker.io/busybox", true},
      {"docker.io/library/busybox", true},
      {"evil.example/busybox", false},
      {"not an image", false},
  };
  for (const ImageCase& entry : cases) {
    EXPECT_EQ(policy.AllowsImage(entry.image).ok(), entry.allowed) << entry.image;
  }
  const auto everything = Policy::Parse("images: ['*']\n", "p");
  ASSERT_TRUE(everything.ok());
  EXPECT_TRUE(everything->AllowsImage("a.example/b/c/d:1").ok());
}

TEST(Policy, LimitsTheStopTime) {
  EXPECT_TRUE(Good().AllowsStopTime(Millis(90'000)).ok());
  EXPECT_THAT(Message(Good().AllowsStopTime(Millis(91'000))), HasSubstr("max_stop_time"));
  EXPECT_TRUE(Policy::Parse("", "p")->AllowsStopTime(kDefaultMaxStopTime).ok());
}

TEST(Policy, DeniesByDefault) {
  for (const std::string text : {"", "{}\n", "# nothing\n"}) {
    const auto policy = Policy::Parse(text, "p");
    ASSERT_TRUE(policy.ok()) << text;
    EXPECT_FALSE(policy->AllowsVerb("PullImage").ok());
    EXPECT_FALSE(policy->AllowsImage("busybox").ok());
    EXPECT_FALSE(policy->AllowsPath("/tmp").ok());
  }
  const Policy nothing = Policy::DenyAll("write /x");
  EXPECT_EQ(Message(nothing.AllowsVerb("PullImage")), "write /x");
  EXPECT_EQ(Message(nothing.AllowsStopTime(Millis(1))), "write /x");
  EXPECT_EQ(nothing.Summary(), std::vector<std::string>{"write /x"});
}

struct BadCase {
  const char* text;
  const char* place;
  const char* says;
};

TEST(Policy, SaysWhereAndWhatIsWrong) {
  const BadCase cases[] = {
      {"roots: [/srv]\n", "p:1:1", "unknown key \"roots\""},
      {"verbs: all\nverb: x\n", "p:2:1", "expected project_roots"},
      {"project_roots: /srv\n", "p:1:16", "\"/srv\"; expected a list"},
      {"project_roots:\n  - /srv\n  - srv\n", "p:3:5", "absolute path"},
      {"project_roots: [[/srv]]\n", "p:1:17", "a list; expected"},
      {"images:\n  - Bad Name\n", "p:2:5", "\"Bad Name\""},
      {"images: {a: b}\n", "p:1:9", "a map"},
      {"verbs: [PullImage, Delete]\n", "p:1:20", "\"Delete\"; expected one of PullImage"},
      {"verbs: some\n", "p:1:8", "or all"},
      {"max_stop_time: soon\n", "p:1:16", "\"soon\"; expected a duration"},
      {"max_stop_time: 0s\n", "p:1:16", "a duration"},
      {"max_stop_time: 1m\nmax_stop_time: 2m\n", "p:2:1", "twice"},
      {"- a\n", "p:1:1", "keys and values"},
      {"verbs: [all\n", "p:2:1", ""},
  };
  for (const BadCase& entry : cases) {
    const auto policy = Policy::Parse(entry.text, "p");
    ASSERT_FALSE(policy.ok()) << entry.text;
    EXPECT_EQ(policy.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(Message(policy.status()), testing::StartsWith(entry.place)) << entry.text;
    EXPECT_THAT(Message(policy.status()), HasSubstr(entry.says)) << entry.text;
  }
}

class PolicyOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/drover-policy-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = fs::canonical(name);
    path_ = folder_ + "/agent.yaml";
  }
  void TearDown() override { fs::remove_all(folder_); }
  void Write(const std::string& text) { ASSERT_TRUE(WriteFileAtomically(path_, text, 0644).ok()); }

  std::string folder_;
  std::string path_;
};

TEST_F(PolicyOnDisk, ResolvesPathsBeforeComparing) {
  fs::create_directories(folder_ + "/root/project");
  fs::create_directories(folder_ + "/root-but-other");
  fs::create_directories(folder_ + "/outside");
  fs::create_directory_symlink(folder_ + "/outside", folder_ + "/root/link");
  fs::create_directory_symlink(folder_ + "/root", folder_ + "/alias");
  const auto policy = Policy::Parse("project_roots: [" + folder_ + "/alias]\n", "p");
  ASSERT_TRUE(policy.ok());
  EXPECT_TRUE(policy->AllowsPath(folder_ + "/root").ok());
  EXPECT_TRUE(policy->AllowsPath(folder_ + "/alias/project").ok());
  EXPECT_TRUE(policy->AllowsPath(folder_ + "/root/project/../project").ok());
  EXPECT_FALSE(policy->AllowsPath(folder_ + "/root/link").ok());
  EXPECT_FALSE(policy->AllowsPath(folder_ + "/root/../outside").ok());
  EXPECT_FALSE(policy->AllowsPath(folder_ + "/root-but-other").ok());
  EXPECT_FALSE(policy->AllowsPath(folder_ + "/root/missing").ok());
}

TEST_F(PolicyOnDisk, MissingFileAllowsNothingAndNamesItself) {
  PolicyFile file(path_, geteuid());
  EXPECT_THAT(Message(file.Current()->AllowsVerb("PullImage")), HasSubstr("write " + path_));
}

TEST_F(PolicyOnDisk, IsReadAgainWhenItChanges) {
  PolicyFile file(path_, geteuid());
  EXPECT_FALSE(file.Current()->AllowsVerb("PullImage").ok());
  Write("verbs: [PullImage]\n");
  EXPECT_TRUE(file.Current()->AllowsVerb("PullImage").ok());
  Write("verbs: [StopService]\n");
  EXPECT_FALSE(file.Current()->AllowsVerb("PullImage").ok());
  Write("verbs: [\n");
  EXPECT_THAT(Message(file.Current()->AllowsVerb("StopService")), HasSubstr(path_ + ":"));
  Write("verbs: all\n");
  EXPECT_TRUE(file.Current()->AllowsVerb("StopService").ok());
}

TEST_F(PolicyOnDisk, MustBeTheOwnersAlone) {
  Write("verbs: all\n");
  PolicyFile file(path_, geteuid());
  EXPECT_TRUE(file.Current()->AllowsVerb("PullImage").ok());
  for (const mode_t mode : {0664, 0646}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    EXPECT_THAT(Message(file.Current()->AllowsVerb("PullImage")), HasSubstr("chmod 644"));
  }
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  EXPECT_TRUE(file.Current()->AllowsVerb("PullImage").ok());
  PolicyFile of_another(path_, geteuid() + 1);
  EXPECT_THAT(Message(of_another.Current()->AllowsVerb("PullImage")), HasSubstr("root's own"));
}

TEST(Names, AreStrict) {
  for (const std::string good : {"a", "os-1", "my_project", "0x"}) {
    EXPECT_TRUE(IsProjectName(good)) << good;
    EXPECT_TRUE(IsServiceName(good)) << good;
  }
  for (const std::string bad : {"", "-v", "--rm", "a b", "a;b", "a/b", "../x", "$(x)", "a\nb"}) {
    EXPECT_FALSE(IsProjectName(bad)) << bad;
    EXPECT_FALSE(IsServiceName(bad)) << bad;
  }
  EXPECT_FALSE(IsProjectName("Upper"));
  EXPECT_TRUE(IsServiceName("Upper.name_1"));
}

}  // namespace
}  // namespace drover::agent
