// One run of one command: its environment, options and connection, and how it speaks.
#ifndef DROVER_CONTROLLER_CLI_SESSION_H_
#define DROVER_CONTROLLER_CLI_SESSION_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <string>

#include "common/base/status.h"
#include "controller/cli/connection.h"
#include "controller/cli/environment.h"
#include "controller/cli/exit_code.h"
#include "controller/cli/options.h"
#include "controller/cli/output.h"
#include "controller/cli/render/line.h"

namespace drover::cli {

// Observing a cluster asks every node; a plan verifies the repository besides.
inline constexpr Millis kCallTimeout{30'000};
inline constexpr Millis kObserveTimeout{120'000};

class Session {
 public:
  // Borrows all three; `connection` may be null for a command that needs no controller.
  Session(Environment& env, const GlobalOptions& options, Connection* connection)
      : env_(env), options_(options), connection_(connection) {}

  Environment& env() { return env_; }
  const GlobalOptions& options() const { return options_; }
  Connection& connection() { return *connection_; }

  // For text on stdout and on stderr.
  View OutView() const;
  View ErrView() const;
  bool is_table() const { return options_.format == Format::kTable; }

  // A call with a deadline: --timeout, else `timeout`.
  template <typename Stub, typename Request, typename Response>
  grpc::Status Call(Stub& stub,
                    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response& response, Millis timeout = kCallTimeout) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + options_.timeout.value_or(timeout));
    return (stub.*method)(&context, request, &response);
  }

  // --timeout, where it was given, for a stream.
  void SetDeadline(grpc::ClientContext& context) const;

  // Data: `lines` as a table, else `message` in the format asked for.
  Exit Show(const google::protobuf::Message& message, const Lines& lines);
  // The same for several messages under names of their own, in this order; not for tables.
  Exit ShowAll(const Named& messages);
  // Lines on stdout where tables are asked for, else on stderr: data there is another format.
  void Explain(const Lines& lines);
  // A sentence on stderr.
  void Say(const std::string& text, Tone tone = Tone::kPlain);
  void SayLines(const Lines& lines);

  // Says what went wrong, with all the controller told about it, and returns its exit code.
  Exit Fail(const grpc::Status& status);
  Exit Fail(const Status& status);
  Exit Fail(const std::string& message);

  // Asks `question` on the terminal; true for yes, and without asking where `yes`.
  bool Confirm(const std::string& question, bool yes);
  // An error where Confirm could not ask. To be called before anything else of a command.
  Status CanConfirm(bool yes) const;

 private:
  View MakeView(bool is_terminal) const;
  void FailUnreachable(const grpc::Status& status);

  Environment& env_;
  const GlobalOptions& options_;
  Connection* const connection_;
};

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_SESSION_H_
