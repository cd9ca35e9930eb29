// Endpoints that are not what the cluster file says: a wrong certificate, a wrong password; and a
// cluster file with a mistake in it.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/lab/lab_fixture.h"

namespace drover::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kPassword[] = "correct-horse-battery";

class EndpointTest : public LabTest {
 protected:
  void SetUp() override {
    LabTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    std::filesystem::remove_all(Folder());
    std::filesystem::create_directories(Folder());
  }
  void TearDown() override {
    if (!IsSkipped()) std::filesystem::remove_all(Folder());
  }

  std::string Folder() const { return LabHome() + "/endpoint"; }

  // A self-signed certificate NAME.pem with its key NAME.key, for the given address.
  void MakeCertificate(const std::string& name, const std::string& address) const {
    const Outcome made = Execute(
        {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "1", "-subj", "/CN=" + name, "-addext", "subjectAltName=IP:" + address,
         "-keyout", Folder() + "/" + name + ".key", "-out", Folder() + "/" + name + ".pem"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }

  std::string WriteClusterFile(const std::string& name, const std::string& endpoint,
                               const std::string& more) const {
    const std::string path = Folder() + "/" + name + ".yaml";
    WriteText(path, "name: " + name + "\nendpoints: [" + endpoint + "]\n" + more +
                        "snapshot: {repository: backups}\nmembers:\n"
                        "  - {host: h1, project: none, service: opensearch}\n");
    return path;
  }

  // What `apply` or, where that only takes note, `upgrade` answers.
  Outcome ApplyAndUpgrade(const std::string& name, const std::string& path) const {
    const Outcome apply = Drover({"cluster", "apply", path});
    if (apply.exit_code != 0) return apply;
    return Drover({"upgrade", name, "--to", "2.19.1", "--yes"});
  }
};

TEST_F(EndpointTest, ACertificateOfAnotherAuthorityIsRefused) {
  MakeCertificate("server", "10.77.0.1");
  MakeCertificate("other", "10.77.0.1");
  const Daemon server({DROVER_SOURCE_DIR "/tests/lab/fake_endpoint.py", "10.77.0.1", "9443",
                       Folder() + "/server.pem", Folder() + "/server.key"},
                      Folder() + "/server.log");
  server.AwaitLog("ready");

  const Outcome outcome =
      ApplyAndUpgrade("wrong-ca", WriteClusterFile("wrong-ca", "https://10.77.0.1:9443",
                                                   "tls: {ca: " + Folder() + "/other.pem}\n"));

  EXPECT_EQ(outcome.exit_code, 2) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.Text(),
              AllOf(HasSubstr("10.77.0.1:9443"), HasSubstr("certificate"), HasSubstr("tls")));
}

TEST_F(EndpointTest, ACertificateForAnotherNameIsRefused) {
  MakeCertificate("server", "10.77.0.99");
  const Daemon server({DROVER_SOURCE_DIR "/tests/lab/fake_endpoint.py", "10.77.0.1", "9443",
                       Folder() + "/server.pem", Folder() + "/server.key"},
                      Folder() + "/server.log");
  server.AwaitLog("ready");

  const Outcome outcome =
      ApplyAndUpgrade("wrong-name", WriteClusterFile("wrong-name", "https://10.77.0.1:9443",
                                                     "tls: {ca: " + Folder() + "/server.pem}\n"));

  EXPECT_EQ(outcome.exit_code, 2) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.Text(), AllOf(HasSubstr("10.77.0.1:9443"), HasSubstr("certificate")));
}

TEST_F(EndpointTest, AWrongPasswordIsSaidAndNotShown) {
  const Daemon server({DROVER_SOURCE_DIR "/tests/lab/fake_endpoint.py", "10.77.0.1", "9480"},
                      Folder() + "/server.log");
  server.AwaitLog("ready");
  WriteText(Folder() + "/password", std::string(kPassword) + "\n");
  std::filesystem::permissions(Folder() + "/password", std::filesystem::perms::owner_read);

  const Outcome outcome = ApplyAndUpgrade(
      "wrong-password",
      WriteClusterFile("wrong-password", "http://10.77.0.1:9480",
                       "auth: {username: drover, password_file: " + Folder() + "/password}\n"));

  EXPECT_EQ(outcome.exit_code, 2) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.Text(),
              AllOf(HasSubstr("10.77.0.1:9480"), HasSubstr("401"), HasSubstr("auth")));
  EXPECT_THAT(outcome.Text(), Not(HasSubstr(kPassword)));
  EXPECT_THAT(ReadText(LabHome() + "/drover/controller.log"), Not(HasSubstr(kPassword)));
}

TEST_F(EndpointTest, AnUnknownKeyIsNamedWithItsPlace) {
  const std::string path = WriteClusterFile("unknown-key", "http://10.77.0.11:9200", "rulez: {}\n");
  const Outcome before = Drover({"cluster", "ls", "-o", "json"});

  const Outcome outcome = Drover({"cluster", "apply", path});

  EXPECT_EQ(outcome.exit_code, 1) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.Text(),
              AllOf(HasSubstr(path + ":3:1"), HasSubstr("rulez"), HasSubstr("rules")));
  EXPECT_EQ(Drover({"cluster", "show", "unknown-key"}).exit_code, 1);
}

}  // namespace
}  // namespace drover::lab
