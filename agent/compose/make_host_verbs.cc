#include "agent/compose/make_host_verbs.h"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>

#include "agent/compose/compose_cli.h"
#include "agent/compose/compose_verbs.h"

namespace drover::agent {
namespace {

// The verbs with everything they stand on.
class OwningVerbs final : public HostVerbs {
 public:
  OwningVerbs(const HostVerbsOptions& options, const std::string& socket)
      : policy_(options.policy_path),
        engine_(MakeEngineClient(socket)),
        compose_(&runner_, socket),
        verbs_({engine_.get(), &compose_, &policy_, &clock_, options.state_dir,
                ProcessEnvironment()}) {}

  v1::OperationError Check(const v1::StartOperation& order) override { return verbs_.Check(order); }
  v1::OperationEnd Run(const v1::StartOperation& order, const Progress& progress,
                       const StopRequest& stop) override {
    return verbs_.Run(order, progress, stop);
  }
  v1::OperationEnd Examine(const v1::StartOperation& order, Time started_at) override {
    return verbs_.Examine(order, started_at);
  }
  v1::HostReport Report() override { return verbs_.Report(); }
  void FillHello(v1::Hello* hello) override { verbs_.FillHello(hello); }
  v1::QueryResult Answer(const v1::Query& query) override { return verbs_.Answer(query); }
  Status FollowLog(const v1::TailLog& request, const StopRequest& stop,
                   const std::function<bool(const std::string& bytes)>& sink) override {
    return verbs_.FollowLog(request, stop, sink);
  }
  bool WaitForChange(Millis timeout) override { return verbs_.WaitForChange(timeout); }

 private:
  SystemClock clock_;
  PosixCommandRunner runner_;
  PolicyFile policy_;
  std::unique_ptr<Engine> engine_;
  ComposeCli compose_;
  ComposeVerbs verbs_;
};

Status MakeFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error || chmod(folder.c_str(), 0700) != 0) {
    return InvalidArgument("The state folder " + folder + " cannot be made or is not the agent's");
  }
  return OkStatus();
}

}  // namespace

StatusOr<std::unique_ptr<HostVerbs>> MakeHostVerbs(const HostVerbsOptions& options) {
  std::string socket = options.engine_socket;
  if (socket.empty()) {
    DROVER_ASSIGN_OR_RETURN(socket, EngineSocketPath());
  }
  DROVER_RETURN_IF_ERROR(MakeFolder(options.state_dir));
  return std::unique_ptr<HostVerbs>(std::make_unique<OwningVerbs>(options, socket));
}

}  // namespace drover::agent
