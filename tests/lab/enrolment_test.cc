// Joining with what is not, or no longer, a key to this controller.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/lab/lab_fixture.h"

namespace drover::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kController[] = "10.77.0.1:7441";
constexpr char kOtherController[] = "10.77.0.1:7442";

std::string NewToken(const std::string& socket, const std::string& ttl) {
  const Outcome made = Execute({Program("drover"), "--address", "unix://" + socket, "token",
                                "create", "--ttl", ttl, "-o", "json"});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  return made.Json()["token"];
}

class EnrolmentTest : public LabTest {
 protected:
  void SetUp() override {
    LabTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    hosts_ = Drover({"host", "ls", "-o", "json"}).Json()["hosts"].size();
    std::filesystem::remove_all(Folder());
    std::filesystem::create_directories(Folder());
  }

  void TearDown() override {
    if (IsSkipped()) return;
    Drover({"host", "revoke", "stranger", "--yes"});
    std::filesystem::remove_all(Folder());
  }

  std::string Folder() const { return LabHome() + "/enrolment"; }
  std::string Socket() const { return LabHome() + "/drover/control.sock"; }

  Outcome Join(const std::string& token, const std::string& state, const std::string& name,
               const std::string& address = kController) const {
    return Execute({Program("drover-agent"), "--state-dir", Folder() + "/" + state, "join",
                    "--name", name, address},
                   {{"DROVER_JOIN_TOKEN", token}});
  }

  // Nothing came of it: neither an identity on the host nor a host at the controller.
  void ExpectNotEnrolled(const std::string& state, size_t hosts) const {
    EXPECT_FALSE(std::filesystem::exists(Folder() + "/" + state + "/identity.json"));
    EXPECT_EQ(Drover({"host", "ls", "-o", "json"}).Json()["hosts"].size(), hosts);
  }

  size_t hosts_ = 0;
};

class OtherController {
 public:
  explicit OtherController(const std::string& folder)
      : socket_(folder + "/other.sock"),
        daemon_({Program("drover-controller"), "--data-folder", folder + "/other", "--listen",
                 kOtherController, "--advertise", kOtherController, "--socket", socket_},
                folder + "/other.log") {
    daemon_.AwaitLog("serves agents");
  }
  const std::string& socket() const { return socket_; }

 private:
  const std::string socket_;
  Daemon daemon_;
};

TEST_F(EnrolmentTest, ATokenIsGoodOnce) {
  const std::string token = NewToken(Socket(), "10m");
  const Outcome first = Join(token, "first", "stranger");
  ASSERT_EQ(first.exit_code, 0) << first.err;

  const Outcome second = Join(token, "second", "stranger-2");

  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.Text(),
              AllOf(HasSubstr("token"), HasSubstr("used"), HasSubstr("drover token create")));
  EXPECT_THAT(second.Text(), Not(HasSubstr(token)));
  ExpectNotEnrolled("second", hosts_ + 1);
}

TEST_F(EnrolmentTest, ATokenOfAnotherControllerIsNamedAsSuch) {
  const OtherController other(Folder());
  const std::string token = NewToken(other.socket(), "10m");

  const Outcome outcome = Join(token, "stranger", "stranger");

  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.Text(), AllOf(HasSubstr("token is of another controller"),
                                    HasSubstr(kController), HasSubstr("drover token create")));
  ExpectNotEnrolled("stranger", hosts_);
}

TEST_F(EnrolmentTest, SomethingThatIsNoTokenIsRefused) {
  const Outcome outcome = Join("DROVER-1-nonsense", "stranger", "stranger");

  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.Text(), AllOf(HasSubstr("token"), HasSubstr("drover token create")));
  ExpectNotEnrolled("stranger", hosts_);
}

// The agent of another fleet: its certificate has the form of ours, and its own authority does not
// trust our controller.
TEST_F(EnrolmentTest, AnAgentOfAnotherAuthorityStaysOutside) {
  {
    const OtherController other(Folder());
    const Outcome joined =
        Join(NewToken(other.socket(), "10m"), "stranger", "stranger", kOtherController);
    ASSERT_EQ(joined.exit_code, 0) << joined.err;
  }
  const std::string path = Folder() + "/stranger/identity.json";
  json identity = json::parse(ReadText(path));
  identity["controller"] = kController;
  WriteText(path, identity.dump());

  const Daemon agent({Program("drover-agent"), "--state-dir", Folder() + "/stranger", "run"},
                     Folder() + "/agent.log");

  agent.AwaitLog("authority");
  EXPECT_THAT(agent.Log(), HasSubstr(kController));
  EXPECT_EQ(Drover({"host", "ls", "-o", "json"}).Json()["hosts"].size(), hosts_);
}

// Our controller's certificate, with a client's of another authority.
TEST_F(EnrolmentTest, AnOperatorOfAnotherAuthorityIsRefused) {
  const std::string key = Folder() + "/operator.key";
  const std::string certificate = Folder() + "/operator.pem";
  ASSERT_EQ(Execute({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=stranger",
                     "-keyout", key, "-out", certificate})
                .exit_code,
            0);

  const Outcome outcome = Execute({Program("drover"), "--address", kController, "--ca",
                                   LabHome() + "/drover/controller/ca.pem", "--certificate",
                                   certificate, "--key", key, "host", "ls"});

  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.Text(), AllOf(HasSubstr(kController), HasSubstr("certificate")));
  EXPECT_EQ(outcome.out, "");
}

// The shortest life of a token is a minute, which has to pass.
TEST_F(EnrolmentTest, AnExpiredTokenIsRefused) {
  const std::string token = NewToken(Socket(), "1m");
  const auto end = std::chrono::steady_clock::now() + Millis(61'000);
  WaitUntil(
      "the token's end", [&] { return std::chrono::steady_clock::now() > end; }, Millis(65'000));

  const Outcome outcome = Join(token, "stranger", "stranger");

  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.Text(),
              AllOf(HasSubstr("token"), HasSubstr("expired"), HasSubstr("drover token create")));
  ExpectNotEnrolled("stranger", hosts_);
}

}  // namespace
}  // namespace drover::lab
