#include "controller/cli/session.h"

#include <algorithm>

#include "controller/cli/render/checks.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

Exit ExitOf(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_REFUSED_BY_CHECK:
    case v1::ERROR_REASON_REFUSED_BY_POLICY:
    case v1::ERROR_REASON_CLUSTER_BUSY:
      return Exit::kRefused;
    case v1::ERROR_REASON_PLAN_STALE:
      return Exit::kStale;
    case v1::ERROR_REASON_HOSTS_UNREACHABLE:
      return Exit::kHostsUnreachable;
    default:
      return Exit::kError;
  }
}

Lines DetailLines(const v1::ErrorDetail& detail, const View& view) {
  Lines out;
  if (!detail.checks().empty()) Append(out, RenderChecks(detail.checks(), view));
  if (!detail.changes().empty()) out.emplace_back("what has changed since the plan was made:");
  for (const std::string& change : detail.changes()) {
    AppendWrapped(out, "- " + change, 2, Tone::kWarn, view);
  }
  if (!detail.hosts().empty()) {
    AppendWrapped(
        out,
        "hosts not reachable: " + Join({detail.hosts().begin(), detail.hosts().end()}, ", ") +
            "; look with: drover host ls",
        0, Tone::kPlain, view);
  }
  return out;
}

}  // namespace

View Session::MakeView(bool is_terminal) const {
  View view;
  view.now = env_.clock->Now();
  view.verbose = options_.verbose;
  if (!is_terminal) return view;
  view.width = std::max(20, env_.size().columns);
  view.color =
      !options_.no_color && env_.variable("NO_COLOR").empty() && env_.variable("TERM") != "dumb";
  return view;
}

View Session::OutView() const { return MakeView(env_.out_is_terminal); }
View Session::ErrView() const { return MakeView(env_.err_is_terminal); }

void Session::SetDeadline(grpc::ClientContext& context) const {
  if (options_.timeout) {
    context.set_deadline(std::chrono::system_clock::now() + *options_.timeout);
  }
}

Exit Session::Show(const google::protobuf::Message& message, const Lines& lines) {
  switch (options_.format) {
    case Format::kTable: {
      // Tables are copied from and piped on: the terminal may wrap them, nothing is cut off.
      View view = OutView();
      view.width = 0;
      *env_.out << Print(lines, view) << std::flush;
      return Exit::kOk;
    }
    case Format::kJson:
      *env_.out << ToJson(message) << std::flush;
      return Exit::kOk;
    case Format::kYaml:
      *env_.out << ToYaml(message) << std::flush;
      return Exit::kOk;
    case Format::kNdjson:
      break;
  }
  return Fail("-o ndjson is for events and for watching a rollout; here: -o table, json or yaml");
}

Exit Session::ShowAll(const Named& messages) {
  if (options_.format == Format::kNdjson) return Show(*messages.front().second, {});
  *env_.out << (options_.format == Format::kYaml ? ToYaml(messages) : ToJson(messages))
            << std::flush;
  return Exit::kOk;
}

void Session::Explain(const Lines& lines) {
  if (!is_table()) {
    SayLines(lines);
    return;
  }
  View view = OutView();
  view.width = 0;
  *env_.out << Print(lines, view) << std::flush;
}

void Session::Say(const std::string& text, Tone tone) {
  Lines lines;
  AppendWrapped(lines, text, 0, tone, ErrView());
  SayLines(lines);
}

void Session::SayLines(const Lines& lines) {
  View view = ErrView();
  view.width = 0;
  *env_.err << Print(lines, view) << std::flush;
}

void Session::FailUnreachable(const grpc::Status& status) {
  Say("error: the controller at " + connection_->target().address + " can't be reached.",
      Tone::kBad);
  Say(connection_->WhatToCheck());
  if (options_.verbose) Say("gRPC says: " + status.error_message());
}

Exit Session::Fail(const grpc::Status& status) {
  if (connection_ != nullptr && status.error_code() == grpc::StatusCode::UNAVAILABLE &&
      !connection_->IsUp()) {
    FailUnreachable(status);
    return Exit::kError;
  }
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    Say("error: the controller gave no answer in time (" + status.error_message() +
            "); --timeout gives it longer",
        Tone::kBad);
    return Exit::kError;
  }
  Say("error: " + (status.error_message().empty() ? "the controller gave no reason"
                                                  : status.error_message()),
      Tone::kBad);
  v1::ErrorDetail detail;
  if (!status.error_details().empty() && detail.ParseFromString(status.error_details())) {
    SayLines(DetailLines(detail, ErrView()));
    return ExitOf(detail.reason());
  }
  return Exit::kError;
}

Exit Session::Fail(const Status& status) { return Fail(Message(status)); }

Exit Session::Fail(const std::string& message) {
  Say("error: " + message, Tone::kBad);
  return Exit::kError;
}

Status Session::CanConfirm(bool yes) const {
  if (yes || env_.CanAsk()) return OkStatus();
  return FailedPrecondition(
      "this command asks before it acts, and there is no terminal to ask on: give --yes");
}

bool Session::Confirm(const std::string& question, bool yes) {
  if (yes) return true;
  *env_.err << Sanitize(question) << " [y/N] " << std::flush;
  std::string answer;
  std::getline(*env_.in, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace drover::cli
