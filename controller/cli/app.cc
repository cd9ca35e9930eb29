#include "controller/cli/app.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>

#include "controller/cli/commands/commands.h"
#include "controller/cli/completion.h"
#include "controller/cli/session.h"
#include "controller/cli/suggest.h"

namespace drover::cli {
namespace {

const std::map<std::string, Format> kFormats = {{"table", Format::kTable},
                                                {"json", Format::kJson},
                                                {"yaml", Format::kYaml},
                                                {"ndjson", Format::kNdjson}};

struct LocalArgs {
  std::string shell;
};

void AddGlobals(CLI::App& app, GlobalOptions& options) {
  app.add_option("--context", options.context, "Controller by its name in contexts.yaml")
      ->type_name("CONTEXT");
  app.add_option("--address", options.address,
                 "Controller by its address: unix:///path or host:port")
      ->type_name("ADDRESS");
  app.add_option("--ca", options.ca, "CA certificate (PEM), for host:port")->type_name("FILE");
  app.add_option("--certificate", options.certificate, "Own certificate (PEM), for host:port")
      ->type_name("FILE");
  app.add_option("--key", options.key, "Own key (PEM), for host:port")->type_name("FILE");
  app.add_option_function<std::string>(
         "-o,--output",
         [&options](const std::string& name) {
           const auto found = kFormats.find(name);
           if (found == kFormats.end()) {
             throw CLI::ValidationError("--output", "`" + name +
                                                        "` is no format; there is table, json, "
                                                        "yaml and ndjson");
           }
           options.format = found->second;
         },
         "table (default), json, yaml; ndjson for events and watches")
      ->type_name("FORMAT");
  app.add_option_function<std::string>(
         "--timeout",
         [&options](const std::string& text) {
           options.timeout = ParseDuration(text);
           if (!options.timeout || options.timeout->count() == 0) {
             throw CLI::ValidationError(
                 "--timeout", "`" + text + "` is no duration; for example 30s, 15m, 1h30m");
           }
         },
         "How long a call or a watch may take")
      ->type_name("DURATION");
  app.add_flag("--no-color", options.no_color, "No colours");
  app.add_flag("-v,--verbose", options.verbose, "More: passed checks, gRPC's own words");
}

Exit PrintVersion(Session& session, const LocalArgs&) {
  *session.env().out << "drover " << session.env().version << "\n";
  return Exit::kOk;
}

Exit PrintCompletion(Session& session, const LocalArgs& args) {
  const StatusOr<std::string> script = CompletionScript(args.shell);
  if (!script.ok()) return session.Fail(script.status());
  *session.env().out << *script;
  return Exit::kOk;
}

template <typename Args>
void OnRunLocally(CLI::App* sub, Command& selected, std::shared_ptr<Args> args,
                  Exit (*run)(Session&, const Args&)) {
  OnRun(sub, selected, args, run);
  // Only one of a command's callbacks is kept, so the mark goes before the parsing callback.
  sub->preparse_callback([&selected](size_t) { selected.local = true; });
}

void AddCommands(CLI::App& app, Command& selected) {
  AddStatus(app, selected);
  AddHosts(app, selected);
  AddToken(app, selected);
  AddClusters(app, selected);
  AddPlans(app, selected);
  AddIndexes(app, selected);
  AddRollouts(app, selected);
  AddSnapshots(app, selected);
  AddLeftovers(app, selected);
  AddRehearsals(app, selected);
  AddEvents(app, selected);
  AddLogs(app, selected);
  auto args = std::make_shared<LocalArgs>();
  CLI::App* sub = app.add_subcommand("completion", "Print the completion script of a shell");
  AddName(sub, "shell", args->shell, "SHELL", "bash, zsh or fish");
  OnRunLocally(sub, selected, args, &PrintCompletion);
  OnRunLocally(app.add_subcommand("version", "Print the version"), selected, args, &PrintVersion);
}

// The deepest command that was named, to know which names could have been meant below it.
CLI::App* Deepest(CLI::App& app) {
  CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

std::string Suggestion(CLI::App& app) {
  const CLI::App* at = Deepest(app);
  std::vector<std::string> known;
  for (const CLI::App* sub : at->get_subcommands([](const CLI::App*) { return true; })) {
    known.push_back(sub->get_name());
  }
  if (known.empty()) return "";
  for (const std::string& word : app.remaining(true)) {
    if (word.empty() || word[0] == '-') continue;
    std::string text = "no command `" + word + "`";
    const std::string nearest = Nearest(word, known);
    if (!nearest.empty()) return text + "; did you mean `" + nearest + "`?";
    for (size_t i = 0; i < known.size(); ++i) text += (i == 0 ? "; there is " : ", ") + known[i];
    return text;
  }
  return "";
}

Exit ExplainParseError(CLI::App& app, const CLI::ParseError& error, Environment& env) {
  if (error.get_exit_code() == 0) {
    app.exit(error, *env.out, *env.err);
    return Exit::kOk;
  }
  std::string command = "drover";
  for (CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    command += " " + at->get_name();
  }
  const std::string suggestion = Suggestion(app);
  *env.err << "error: " << (suggestion.empty() ? error.what() : suggestion) << "\n"
           << "see: " << command << " --help\n";
  return Exit::kError;
}

std::unique_ptr<CLI::App> MakeApp(GlobalOptions& options, Command& selected,
                                  const std::string& version) {
  auto app = std::make_unique<CLI::App>(
      "Upgrades and restarts OpenSearch clusters that run as Docker Compose projects on many hosts",
      "drover");
  // Global options may stand anywhere on the line.
  app->fallthrough();
  app->require_subcommand(1);
  app->set_version_flag("--version", "drover " + version);
  AddGlobals(*app, options);
  AddCommands(*app, selected);
  return app;
}

// Quick, and silent whatever goes wrong: it runs while somebody types.
Exit CompleteWords(std::vector<std::string> words, Environment& env) {
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  GlobalOptions options;
  Command unused;
  const std::unique_ptr<CLI::App> app = MakeApp(options, unused, "");
  // The line being typed may choose the controller.
  for (size_t i = 0; i + 2 < words.size(); ++i) {
    if (words[i] == "--address") options.address = words[i + 1];
    if (words[i] == "--context") options.context = words[i + 1];
  }
  const NameSource names = [&](const std::string& type, const std::vector<std::string>& before) {
    std::vector<std::string> found;
    if (type == "CONTEXT") return found;
    const StatusOr<Target> target = ChooseTarget(options, env.variable);
    if (!target.ok()) return found;
    const StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(*target);
    return connection.ok() ? LiveNames(**connection, type, before) : found;
  };
  for (const std::string& word : Complete(*app, words, names)) *env.out << word << "\n";
  return Exit::kOk;
}

// `plan -o json` means a format to most people, but would write a file of that name.
Status CheckOutFile(const std::vector<std::string>& arguments) {
  for (size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (arguments[i] != "-o" || kFormats.count(arguments[i + 1]) == 0) continue;
    const auto before = [&](const char* word) {
      const auto end = arguments.begin() + static_cast<std::ptrdiff_t>(i);
      return std::find(arguments.begin(), end, word) != end;
    };
    if ((before("plan") && arguments.front() == "plan") || before("discover")) {
      return InvalidArgument("here -o names a file; for " + arguments[i + 1] +
                             " on stdout use --output " + arguments[i + 1]);
    }
  }
  return OkStatus();
}

}  // namespace

Exit Run(const std::vector<std::string>& arguments, Environment& env) {
  if (!arguments.empty() && arguments.front() == "__complete") {
    return CompleteWords({arguments.begin() + 1, arguments.end()}, env);
  }
  GlobalOptions options;
  Command selected;
  const std::unique_ptr<CLI::App> app = MakeApp(options, selected, env.version);
  try {
    // CLI11 takes them last first.
    app->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return ExplainParseError(*app, error, env);
  }
  Session offline(env, options, nullptr);
  const Status out_file = CheckOutFile(arguments);
  if (!out_file.ok()) return offline.Fail(out_file);
  if (selected.local) return selected.run(offline);
  const StatusOr<Target> target = ChooseTarget(options, env.variable);
  if (!target.ok()) return offline.Fail(target.status());
  const StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(*target);
  if (!connection.ok()) return offline.Fail(connection.status());
  Session session(env, options, connection->get());
  return selected.run(session);
}

}  // namespace drover::cli
