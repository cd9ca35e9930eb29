#include "tests/unit/cli/fake_control.h"

#include <cstdlib>
#include <filesystem>

namespace drover::cli {

grpc::Status WithDetail(grpc::StatusCode code, const std::string& message,
                        const v1::ErrorDetail& detail) {
  return grpc::Status(code, message, detail.SerializeAsString());
}

CliTest::CliTest() {
  std::string name = testing::TempDir() + "drover-cli-XXXXXX";
  folder_ = mkdtemp(name.data());
  variables_["DROVER_ADDRESS"] = "unix://" + Path("control.sock");
  env_.in = &in_;
  env_.size = [] { return TerminalSize{100, 30}; };
  env_.variable = [this](const std::string& key) {
    const auto found = variables_.find(key);
    return found == variables_.end() ? std::string() : found->second;
  };
  env_.clock = &clock_;
  env_.interrupts = &interrupts_;
  env_.retry_first = Millis(20);
  env_.version = "0.1.0";
  StartServer();
}

CliTest::~CliTest() {
  StopServer();
  std::filesystem::remove_all(folder_);
}

void CliTest::StartServer() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + Path("control.sock"), grpc::InsecureServerCredentials());
  for (grpc::Service* service : std::initializer_list<grpc::Service*>{
           &rollouts_, &fleet_, &clusters_, &indexes_, &snapshots_, &rehearsals_, &events_}) {
    builder.RegisterService(service);
  }
  server_ = builder.BuildAndStart();
}

void CliTest::StopServer() {
  if (!server_) return;
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
  server_.reset();
}

Result CliTest::Run(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  env_.out = &out;
  env_.err = &err;
  const Exit exit = cli::Run(arguments, env_);
  return {exit, out.str(), err.str()};
}

}  // namespace drover::cli
