// An agent session against a FakeController, with its state in a folder of its own.
#ifndef DROVER_TESTS_UNIT_AGENT_SESSION_SESSION_FIXTURE_H_
#define DROVER_TESTS_UNIT_AGENT_SESSION_SESSION_FIXTURE_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "agent/session/session.h"
#include "common/crypto/crypto.h"
#include "tests/unit/agent/session/fake_controller.h"
#include "tests/unit/agent/session/fake_verbs.h"

namespace drover::agent {

// Moves only when the test says so.
class TestClock final : public Clock {
 public:
  Time Now() override { return FromUnixMillis(now_); }
  void Set(Time now) { now_ = ToUnixMillis(now); }

 private:
  std::atomic<int64_t> now_{1'800'000'000'000};
};

inline std::string MakeAuthorityPem(Time now) {
  return *crypto::MakeAuthority(*crypto::GenerateKey(), "test", now,
                                now + Millis(365LL * 24 * 3600 * 1000));
}

// A certificate for a new key of a new authority; life: a day before to 89 days after `now`.
inline std::string MakeCertificate(const std::string& key, Time now) {
  constexpr Millis kDay{24 * 3600 * 1000};
  const std::string ca_key = *crypto::GenerateKey();
  const std::string ca = *crypto::MakeAuthority(ca_key, "test", now - kDay, now + 100 * kDay);
  crypto::CertificateFields fields;
  fields.common_name = "h1";
  fields.not_before = now - kDay;
  fields.not_after = now + 89 * kDay;
  return *crypto::SignRequest(*crypto::MakeSigningRequest(key, "h1"), fields, ca_key, ca);
}

class SessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/drover-session-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    folder_ = folder;
    file_ = std::make_unique<IdentityFile>(folder_ + "/identity.json");
    const std::string key = *crypto::GenerateKey();
    ASSERT_TRUE(
        file_->Save({"id-1", "h1", "fake:7441", key, MakeCertificate(key, clock_.Now()), "ca"})
            .ok());
    OpenJournal();
  }

  void TearDown() override {
    session_.reset();
    journal_.reset();
    std::filesystem::remove_all(folder_);
  }

  void OpenJournal() {
    journal_.reset();
    JournalOptions options;
    options.path = folder_ + "/journal.db";
    auto opened = Journal::Open(options, clock_.Now());
    ASSERT_TRUE(opened.ok()) << opened.status();
    journal_ = std::move(*opened);
  }

  void StartSession() {
    SessionOptions options;
    options.agent_version = "0.1";
    options.boot_id = "boot-1";
    options.operations.kill_grace = kPatience;
    options.operations.progress_interval = Millis(0);
    options.change_slice = Millis(20);
    options.random = [] { return 0.0; };
    session_ = std::make_unique<Session>(
        SessionParts{journal_.get(), &verbs_, &clock_, file_.get(),
                     [this](const HostIdentity&) { return controller_.NewChannel(); }},
        std::move(options));
    ASSERT_TRUE(session_->Start().ok());
  }

  v1::StartOperation Order(const std::string& id, const std::string& project = "search",
                           uint64_t epoch = 1) {
    v1::StartOperation order;
    order.set_operation_id(id);
    order.set_epoch(epoch);
    order.set_project(project);
    order.mutable_verb()->mutable_stop_service()->set_service("opensearch");
    return order;
  }

  std::string folder_;
  TestClock clock_;
  FakeVerbs verbs_;
  FakeController controller_;
  std::unique_ptr<IdentityFile> file_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Session> session_;
};

}  // namespace drover::agent

#endif  // DROVER_TESTS_UNIT_AGENT_SESSION_SESSION_FIXTURE_H_
