#include "tests/unit/fleet/fleet_fixture.h"

#include "common/crypto/crypto.h"
#include "common/crypto/join_token.h"

namespace drover::fleet {

namespace pb = drover::agent::v1;

namespace {

void SetDeadline(grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
}

}  // namespace

FakeAgent::FakeAgent(const std::string& address, const rpc::Identity& identity)
    : stub_(pb::AgentGateway::NewStub(rpc::MakeTlsChannel(address, identity))) {
  SetDeadline(&context_);
  stream_ = stub_->Connect(&context_);
}

FakeAgent::~FakeAgent() {
  if (finished_) return;
  context_.TryCancel();
  stream_->Finish();
}

bool FakeAgent::SendHello(uint64_t highest_epoch) {
  pb::AgentMessage message;
  pb::Hello* hello = message.mutable_hello();
  hello->set_agent_version("0.1.0");
  hello->set_engine_version("27.0");
  hello->set_highest_epoch(highest_epoch);
  auto* compose = hello->add_compose_versions();
  compose->set_spelling("docker compose");
  compose->set_version("2.26.1");
  hello->add_policy_summary("projects: /srv");
  hello->mutable_report()->add_projects()->set_name("search");
  return Send(message);
}

bool FakeAgent::SendEvent(const std::string& operation, uint64_t sequence) {
  pb::AgentMessage message;
  message.mutable_operation_event()->set_operation_id(operation);
  message.mutable_operation_event()->set_sequence(sequence);
  message.mutable_operation_event()->set_state(pb::OPERATION_STATE_RUNNING);
  return Send(message);
}

pb::ControllerMessage FakeAgent::Read() {
  pb::ControllerMessage message;
  if (!stream_->Read(&message)) message.Clear();
  return message;
}

grpc::Status FakeAgent::Close() {
  stream_->WritesDone();
  return WaitForEnd();
}

grpc::Status FakeAgent::WaitForEnd() {
  pb::ControllerMessage message;
  while (stream_->Read(&message)) {
  }
  finished_ = true;
  return stream_->Finish();
}

FleetTest::FleetTest(const GatewayOptions& options) {
  authority_ = *Authority::Open({folder_.path(), "test", {}, {}}, clock_);
  gateway_ = *Gateway::Make(options, *authority_, store_, clock_);
  gateway_->SetListener(&listener_);
  grpc::ServerBuilder builder;
  rpc::SetServerLimits(builder);
  builder.AddListeningPort(
      "127.0.0.1:0", rpc::MakeServerCredentials(authority_->server_files(), Millis(1000)), &port_);
  builder.RegisterService(gateway_->service());
  server_ = builder.BuildAndStart();
}

void FleetTest::Stop() {
  if (gateway_ == nullptr) return;
  gateway_->Shutdown();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
  gateway_.reset();
}

std::string FleetTest::NewSecret(Millis ttl) {
  const auto token = gateway_->CreateToken(ttl);
  EXPECT_TRUE(token.ok()) << token.status();
  return crypto::ParseJoinToken(token->token)->secret;
}

StatusOr<pb::EnrollResponse> FleetTest::Enroll(const pb::EnrollRequest& request) {
  grpc::ClientContext context;
  SetDeadline(&context);
  pb::EnrollResponse response;
  const auto stub = pb::AgentGateway::NewStub(rpc::MakeTlsChannel(Address(), Nobody()));
  const grpc::Status status = stub->Enroll(&context, request, &response);
  if (!status.ok()) return rpc::FromGrpc(status);
  return response;
}

rpc::Identity FleetTest::EnrollHost(const std::string& name) {
  std::string key;
  const auto response = Enroll(MakeEnrollRequest(NewSecret(), name, &key));
  EXPECT_TRUE(response.ok()) << response.status();
  return {response->ca_certificate(), key, response->certificate_chain()};
}

std::unique_ptr<FakeAgent> FleetTest::ConnectHost(const std::string& name) {
  return Reconnect(EnrollHost(name));
}

std::unique_ptr<FakeAgent> FleetTest::Reconnect(const rpc::Identity& identity) {
  auto agent = std::make_unique<FakeAgent>(Address(), identity);
  EXPECT_TRUE(agent->SendHello());
  EXPECT_TRUE(agent->Read().has_welcome());
  return agent;
}

pb::EnrollRequest MakeEnrollRequest(const std::string& secret, const std::string& name,
                                    std::string* key) {
  const std::string made = *crypto::GenerateKey();
  if (key != nullptr) *key = made;
  pb::EnrollRequest request;
  request.set_token_secret(secret);
  request.set_host_name(name);
  request.set_certificate_signing_request(*crypto::MakeSigningRequest(made, "anything"));
  return request;
}

}  // namespace drover::fleet
