#include "agent/compose/compose_cli.h"

#include <cctype>
#include <cstdlib>

namespace drover::agent {
namespace {

constexpr Millis kAskTimeout{60'000};

// "2.26.1" in "v2.26.1\n" or "docker-compose version 1.29.2, build unknown".
std::string FirstVersion(const std::string& text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) continue;
    size_t end = i;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 ||
                                 text[end] == '.' || text[end] == '-' || text[end] == '+')) {
      ++end;
    }
    const std::string version = text.substr(i, end - i);
    if (version.find('.') != std::string::npos) return version;
    i = end;
  }
  return "";
}

std::string Joined(const std::vector<std::string>& words) {
  std::string result;
  for (const std::string& word : words) result += (result.empty() ? "" : " ") + word;
  return result;
}

}  // namespace

ComposeCli::ComposeCli(CommandRunner* runner, std::string engine_socket)
    : runner_(runner), engine_socket_(std::move(engine_socket)) {}

std::optional<ComposeSpelling> ComposeCli::Ask(const std::vector<std::string>& argv,
                                               bool* answered) {
  Command command;
  command.argv = argv;
  command.argv.insert(command.argv.end(), {"version", "--short"});
  command.environment.emplace_back("DOCKER_HOST", "unix://" + engine_socket_);
  RunOptions options;
  options.deadline = std::chrono::steady_clock::now() + kAskTimeout;
  const StatusOr<CommandResult> result = runner_->Run(command, options);
  // A program that is not there has answered as well; one that is too slow has not.
  *answered = !result.ok() || !result->timed_out;
  if (!result.ok() || !result->ok()) return std::nullopt;
  ComposeSpelling spelling;
  spelling.argv = argv;
  spelling.spelling = Joined(argv);
  spelling.version = FirstVersion(result->out);
  spelling.major = std::atoi(spelling.version.c_str());
  if (spelling.major < 1) return std::nullopt;
  return spelling;
}

std::vector<ComposeSpelling> ComposeCli::Spellings() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (spellings_) return *spellings_;
  std::vector<ComposeSpelling> found;
  bool all_answered = true;
  for (const std::vector<std::string>& argv : {std::vector<std::string>{"docker", "compose"},
                                               std::vector<std::string>{"docker-compose"}}) {
    bool answered = false;
    if (std::optional<ComposeSpelling> spelling = Ask(argv, &answered)) found.push_back(*spelling);
    all_answered = all_answered && answered;
  }
  // A host without Compose is asked again: it may be installed at any time.
  if (!found.empty() && all_answered) spellings_ = found;
  return found;
}

void ComposeCli::Forget() {
  const std::lock_guard<std::mutex> lock(mutex_);
  spellings_.reset();
}

StatusOr<ComposeSpelling> ComposeCli::Choose(const ProjectPlace& project) {
  const std::vector<ComposeSpelling> spellings = Spellings();
  if (spellings.empty()) {
    return FailedPrecondition(
        "This host has neither docker compose nor docker-compose; install one of them");
  }
  const bool made_by_v1 = project.made_by.rfind("1.", 0) == 0;
  for (const ComposeSpelling& spelling : spellings) {
    if (spelling.is_v1() == made_by_v1) return spelling;
  }
  return spellings[0];
}

StatusOr<CommandResult> ComposeCli::Run(const ProjectPlace& project,
                                        const ComposeSpelling& spelling,
                                        const std::vector<std::string>& verb,
                                        const RunOptions& options) {
  Command command;
  command.argv = spelling.argv;
  const auto add = [&command](const std::string& name, const std::string& value) {
    command.argv.push_back(name);
    command.argv.push_back(value);
  };
  add("--project-directory", project.working_dir);
  add("-p", project.name);
  for (const std::string& file : project.files) add("-f", file);
  for (const std::string& file : project.env_files) add("--env-file", file);
  command.argv.insert(command.argv.end(), verb.begin(), verb.end());
  command.working_dir = project.working_dir;
  command.environment.emplace_back("DOCKER_HOST", "unix://" + engine_socket_);
  StatusOr<CommandResult> result = runner_->Run(command, options);
  // Compose may have been replaced or removed since it was asked for its version.
  if (!result.ok() || result->exit_status == 127) Forget();
  return result;
}

StatusOr<CommandResult> ComposeCli::Config(const ProjectPlace& project,
                                           const std::vector<std::string>& profiles,
                                           const RunOptions& options) {
  DROVER_ASSIGN_OR_RETURN(const ComposeSpelling spelling, Choose(project));
  std::vector<std::string> verb = {"config"};
  if (!spelling.is_v1()) verb.insert(verb.end(), {"--format", "json"});
  std::vector<std::string> words;
  for (const std::string& profile : profiles) words.insert(words.end(), {"--profile", profile});
  words.insert(words.end(), verb.begin(), verb.end());
  return Run(project, spelling, words, options);
}

StatusOr<CommandResult> ComposeCli::Stop(const ProjectPlace& project, const std::string& service,
                                         int64_t timeout_seconds, const RunOptions& options) {
  DROVER_ASSIGN_OR_RETURN(const ComposeSpelling spelling, Choose(project));
  std::vector<std::string> verb = {"stop"};
  if (timeout_seconds >= 0) verb.insert(verb.end(), {"-t", std::to_string(timeout_seconds)});
  verb.push_back(service);
  return Run(project, spelling, verb, options);
}

StatusOr<CommandResult> ComposeCli::Up(const ProjectPlace& project, const std::string& service,
                                       bool recreate, const RunOptions& options) {
  DROVER_ASSIGN_OR_RETURN(const ComposeSpelling spelling, Choose(project));
  std::vector<std::string> verb = {"up", "-d", "--no-deps", "--no-build"};
  if (recreate) verb.push_back("--force-recreate");
  verb.push_back(service);
  return Run(project, spelling, verb, options);
}

StatusOr<CommandResult> ComposeCli::Down(const ProjectPlace& project, int64_t timeout_seconds,
                                         const RunOptions& options) {
  DROVER_ASSIGN_OR_RETURN(const ComposeSpelling spelling, Choose(project));
  std::vector<std::string> verb = {"down"};
  if (timeout_seconds >= 0) verb.insert(verb.end(), {"-t", std::to_string(timeout_seconds)});
  return Run(project, spelling, verb, options);
}

StatusOr<CommandResult> ComposeCli::Pull(const std::string& image, const RunOptions& options) {
  Command command;
  command.argv = {"docker", "pull", image};
  command.environment.emplace_back("DOCKER_HOST", "unix://" + engine_socket_);
  return runner_->Run(command, options);
}

}  // namespace drover::agent
