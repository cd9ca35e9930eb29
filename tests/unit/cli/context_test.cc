#include "controller/cli/context.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "common/base/files.h"

namespace drover::cli {
namespace {

class ContextTest : public testing::Test {
 protected:
  ContextTest() {
    std::string name = testing::TempDir() + "drover-context-XXXXXX";
    folder_ = mkdtemp(name.data());
    std::filesystem::create_directories(folder_ + "/.config/drover");
    variables_["HOME"] = folder_;
  }
  ~ContextTest() override { std::filesystem::remove_all(folder_); }

  void WriteContexts(const std::string& text) {
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/.config/drover/contexts.yaml", text).ok());
  }

  StatusOr<Target> Choose() {
    return ChooseTarget(options_, [this](const std::string& name) { return variables_[name]; });
  }

  std::string folder_;
  std::map<std::string, std::string> variables_;
  GlobalOptions options_;
};

constexpr char kTwo[] =
    "current: lab\n"
    "contexts:\n"
    "  lab: {address: unix:///tmp/lab.sock}\n"
    "  prod: {address: \"c1:7441\", ca: /ca.pem, certificate: /me.pem, key: /me.key}\n";

TEST_F(ContextTest, DefaultsToTheLocalSocket) {
  const StatusOr<Target> target = Choose();
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->socket_path(), "/run/drover/control.sock");
}

TEST_F(ContextTest, OrderOfChoice) {
  WriteContexts(kTwo);
  EXPECT_EQ(Choose()->socket_path(), "/tmp/lab.sock");
  variables_["DROVER_ADDRESS"] = "unix:///tmp/env.sock";
  EXPECT_EQ(Choose()->socket_path(), "/tmp/env.sock");
  options_.context = "prod";
  EXPECT_EQ(Choose()->address, "c1:7441");
  EXPECT_EQ(Choose()->key, "/me.key");
  options_.address = "unix:/tmp/option.sock";
  EXPECT_EQ(Choose()->socket_path(), "/tmp/option.sock");
}

TEST_F(ContextTest, CertificateFilesCanBeReplaced) {
  WriteContexts(kTwo);
  options_.context = "prod";
  variables_["DROVER_CA"] = "/env-ca.pem";
  variables_["DROVER_KEY"] = "/env.key";
  options_.key = "/option.key";
  EXPECT_EQ(Choose()->ca, "/env-ca.pem");
  EXPECT_EQ(Choose()->key, "/option.key");
  EXPECT_EQ(Choose()->certificate, "/me.pem");
}

TEST_F(ContextTest, UnknownContextNamesThoseThatExist) {
  WriteContexts(kTwo);
  options_.context = "prd";
  EXPECT_NE(Message(Choose().status()).find("it has lab, prod"), std::string::npos);
}

TEST_F(ContextTest, NetworkAddressNeedsCertificates) {
  options_.address = "c1:7441";
  EXPECT_NE(Message(Choose().status()).find("--certificate"), std::string::npos);
}

TEST_F(ContextTest, RefusesWhatIsNoAddress) {
  for (const std::string address : {"c1", "http://c1:1", "unix:relative", "unix:"}) {
    options_.address = address;
    EXPECT_EQ(Choose().status().code(), StatusCode::kInvalidArgument) << address;
  }
}

TEST(ParseContexts, ErrorsNameLineAndColumn) {
  const auto error = [](const std::string& text) {
    return Message(ParseContexts(text, "c.yaml").status());
  };
  EXPECT_EQ(error("contexts:\n  lab:\n    adress: x\n"),
            "c.yaml:3:5: unknown key `adress`; expected address, ca, certificate or key");
  EXPECT_NE(error("current: [\n").find("c.yaml:"), std::string::npos);
  EXPECT_EQ(error("contexts:\n  lab: {ca: x}\n"), "c.yaml:2:8: context lab has no `address`");
  EXPECT_NE(error("context: {}\n").find("`context` is not expected here"), std::string::npos);
  EXPECT_TRUE(ParseContexts("", "c.yaml").ok());
}

}  // namespace
}  // namespace drover::cli
