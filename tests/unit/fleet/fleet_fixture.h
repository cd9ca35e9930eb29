// A gateway behind real TLS on loopback, agents that speak the protocol by hand, and a listener
// that remembers.
#ifndef DROVER_TESTS_UNIT_FLEET_FLEET_FIXTURE_H_
#define DROVER_TESTS_UNIT_FLEET_FLEET_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/rpc/channel.h"
#include "controller/fleet/authority.h"
#include "controller/fleet/gateway.h"
#include "drover/agent/v1/gateway.grpc.pb.h"
#include "tests/support/memory_store.h"
#include "tests/support/temp_folder.h"

namespace drover::fleet {

// The machine's time, moved by what a test wants: certificates are checked by the real one.
class MovableClock final : public Clock {
 public:
  Time Now() override { return system_.Now() + Millis(moved_.load()); }
  void Move(Millis by) { moved_ += by.count(); }

 private:
  SystemClock system_;
  std::atomic<int64_t> moved_{0};
};

// Values that other threads bring, waited for without sleeping.
template <typename T>
class Box {
 public:
  void Put(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    came_.notify_all();
  }
  // The `index`th value; fails the test where it does not come.
  T Get(size_t index = 0) {
    std::unique_lock lock(mutex_);
    const bool came =
        came_.wait_for(lock, std::chrono::seconds(10), [&] { return values_.size() > index; });
    EXPECT_TRUE(came) << "only " << values_.size() << " came";
    return came ? values_[index] : T{};
  }
  std::vector<T> All() {
    const std::lock_guard lock(mutex_);
    return values_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<T> values_;
};

// "connected h1", "lost h1", "event h1 op/3".
class RecordingListener final : public AgentListener {
 public:
  void OnAgentConnected(const std::string& host) override { log.Put("connected " + host); }
  void OnAgentLost(const std::string& host, const std::string& reason) override {
    log.Put("lost " + host);
    reasons.Put(reason);
  }
  void OnOperationEvent(const std::string& host, const OperationEvent& event) override {
    log.Put("event " + host + " " + event.operation_id.str() + "/" +
            std::to_string(event.sequence));
    events.Put(event);
  }
  void OnFenced(const Fenced& fenced) override { fences.Put(fenced); }

  Box<Fenced> fences;
  Box<std::string> log, reasons;
  Box<OperationEvent> events;
};

// One control stream, driven by hand. Every wait ends after ten seconds.
class FakeAgent {
 public:
  FakeAgent(const std::string& address, const rpc::Identity& identity);
  ~FakeAgent();

  // Sends Hello; the answer, if any, is the next Read.
  bool SendHello(uint64_t highest_epoch = 0);
  bool Send(const agent::v1::AgentMessage& message) { return stream_->Write(message); }
  bool SendEvent(const std::string& operation, uint64_t sequence);
  // Empty where the stream ended.
  agent::v1::ControllerMessage Read();
  // Ends the stream from this side and says how it ended.
  grpc::Status Close();
  // Reads until the controller ended the stream.
  grpc::Status WaitForEnd();

  agent::v1::AgentGateway::Stub& stub() { return *stub_; }

 private:
  std::unique_ptr<agent::v1::AgentGateway::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<agent::v1::AgentMessage, agent::v1::ControllerMessage>>
      stream_;
  bool finished_ = false;
};

class FleetTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kEpoch = 7;

  FleetTest() : FleetTest(GatewayOptions{kEpoch}) {}
  explicit FleetTest(const GatewayOptions& options);
  // Before the tests' own members end: callbacks may use them until then.
  void TearDown() override { Stop(); }

  // Ends gateway and server, as main does.
  void Stop();

  std::string Address() const { return "127.0.0.1:" + std::to_string(port_); }
  rpc::Identity Nobody() const { return {authority_->certificate(), "", ""}; }
  // The secret of a new token.
  std::string NewSecret(Millis ttl = Millis(0));
  StatusOr<agent::v1::EnrollResponse> Enroll(const agent::v1::EnrollRequest& request);
  // Enrols with a new token; the host's identity.
  rpc::Identity EnrollHost(const std::string& name);
  // Enrols, says Hello, reads Welcome.
  std::unique_ptr<FakeAgent> ConnectHost(const std::string& name);
  std::unique_ptr<FakeAgent> Reconnect(const rpc::Identity& identity);

  drover::testing::TempFolder folder_;
  MovableClock clock_;
  drover::testing::MemoryStore store_;
  std::unique_ptr<Authority> authority_;
  RecordingListener listener_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

// A request with a fresh key, which goes to `key` where that is not null.
agent::v1::EnrollRequest MakeEnrollRequest(const std::string& secret, const std::string& name,
                                           std::string* key = nullptr);

}  // namespace drover::fleet

#endif  // DROVER_TESTS_UNIT_FLEET_FLEET_FIXTURE_H_
