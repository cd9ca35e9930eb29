#include <vector>

#include "controller/cli/commands/commands.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

struct LogArgs {
  std::string service;
  uint32_t tail = 100;
  bool follow = false;
};

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

Exit RunLogs(Session& session, const LogArgs& args) {
  const std::vector<std::string> parts = Split(args.service);
  if (parts.size() != 3 || parts[0].empty() || parts[1].empty() || parts[2].empty()) {
    return session.Fail("`" + args.service +
                        "`: expected HOST/PROJECT/SERVICE, for example h1/search/opensearch; "
                        "drover host show HOST lists them");
  }
  v1::TailLogRequest request;
  request.set_host(parts[0]);
  request.set_project(parts[1]);
  request.set_service(parts[2]);
  request.set_lines(args.tail);
  request.set_follow(args.follow);
  grpc::ClientContext context;
  const Millis limit = args.follow ? Millis(std::chrono::hours(24 * 365)) : kCallTimeout;
  context.set_deadline(std::chrono::system_clock::now() +
                       session.options().timeout.value_or(limit));
  const auto reader = session.connection().fleet().TailLog(&context, request);
  const bool terminal = session.env().out_is_terminal;
  v1::TailLogResponse response;
  while (reader->Read(&response)) {
    if (response.gap()) session.Say("(lines were left out here)", Tone::kWarn);
    for (const std::string& line : response.lines()) {
      // A pipe gets the bytes as they are; a terminal must not be driven by a container.
      *session.env().out << (terminal ? Sanitize(line) : line) << "\n";
    }
    session.env().out->flush();
  }
  const grpc::Status status = reader->Finish();
  if (args.follow && session.options().timeout &&
      status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return Exit::kWatchEnded;
  }
  return status.ok() ? Exit::kOk : session.Fail(status);
}

}  // namespace

void AddLogs(CLI::App& app, Command& selected) {
  auto args = std::make_shared<LogArgs>();
  CLI::App* sub = app.add_subcommand("logs", "The log of a service's container");
  AddName(sub, "service", args->service, "SERVICE", "HOST/PROJECT/SERVICE");
  sub->add_option("-n,--tail", args->tail, "Begin with so many last lines (default 100)")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  sub->add_flag("-f,--follow", args->follow, "Go on as lines are written");
  OnRun(sub, selected, args, &RunLogs);
}

}  // namespace drover::cli
