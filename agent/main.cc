// drover-agent: the program. Reads its settings, builds the real parts and lets them run.
#include <fcntl.h>
#include <grpc/support/log.h>
#include <malloc.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <random>
#include <string>

#include "agent/compose/make_host_verbs.h"
#include "agent/journal/journal.h"
#include "agent/session/identity.h"
#include "agent/session/join.h"
#include "agent/session/notify.h"
#include "agent/session/session.h"
#include "common/base/files.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/base/time.h"
#include "common/crypto/crypto.h"
#include "common/rpc/channel.h"

namespace drover::agent {
namespace {

constexpr char kRoom[] = "agent";
constexpr int kError = 1;
constexpr int kRefused = 2;

// Below systemd's TimeoutStopSec (deploy/): a `compose up` or a pull often ends within it; a stop
// of a service may not, then the next start examines it.
constexpr Millis kStopGrace{10'000};

struct Settings {
  std::string state_folder = "/var/lib/drover-agent";
  std::string policy_path = "/etc/drover/agent.yaml";
  std::string log_level = "info";

  std::string IdentityPath() const { return state_folder + "/identity.json"; }
  std::string JournalPath() const { return state_folder + "/journal.db"; }
};

int Fail(const Status& status, int code) {
  std::cerr << "drover-agent: " << Message(status) << "\n";
  return code;
}

void UseLogLevel(const std::string& name) {
  if (name == "debug") SetLogLevel(LogLevel::kDebug);
  if (name == "info") SetLogLevel(LogLevel::kInfo);
  if (name == "warning") SetLogLevel(LogLevel::kWarning);
  if (name == "error") SetLogLevel(LogLevel::kError);
}

// gRPC's own lines repeat what the session explains; they are for debugging.
void LogOfGrpc(gpr_log_func_args* entry) { LogDebug("grpc", entry->message); }

std::string HostName() {
  char name[256] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

std::string BootId() {
  auto id = ReadFile("/proc/sys/kernel/random/boot_id");
  if (!id.ok()) return "";
  while (!id->empty() && id->back() == '\n') id->pop_back();
  return *id;
}

// One agent a state folder: two would both begin operations. Held until the process ends.
Status LockStateFolder(const std::string& folder) {
  const std::string path = folder + "/lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return MakeStatus(
        StatusCode::kUnavailable,
        "cannot open " + path + ": " + std::strerror(errno) + "; the agent has to run as root");
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return OkStatus();
  return FailedPrecondition("another drover-agent uses " + folder +
                            ": stop it first, or give this one another --state-dir");
}

std::shared_ptr<grpc::Channel> DialController(const HostIdentity& identity) {
  return rpc::MakeTlsChannel(identity.controller,
                             {identity.ca, identity.key, identity.certificate_chain});
}

// In all threads, before the first one is made: signals go to the one that waits for them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return signals;
}

void Notify(const std::string& state) {
  const Status status = NotifyServiceManager(state);
  if (!status.ok()) LogWarning(kRoom, Message(status));
}

// Ready once the journal is in order and connecting has begun: a controller that is away for a
// while must not fail the start of the hosts' services. Whether it is connected is in STATUS=.
int ServeUntilSignal(Session& session, const sigset_t& signals) {
  Notify("READY=1");
  int signal = 0;
  sigwait(&signals, &signal);
  LogInfo(kRoom, std::string("stopping on ") + ::strsignal(signal));
  Notify("STOPPING=1");
  if (session.Stop(kStopGrace)) return 0;
  // A verb's thread does not end; the journal says that it runs, so the next start examines it.
  LogWarning(kRoom, "leaving while an operation still runs");
  std::_Exit(0);
}

int Run(const Settings& settings, const std::string& version) {
  const sigset_t signals = BlockSignals();
  const IdentityFile identity_file(settings.IdentityPath());
  const auto identity = identity_file.Load();
  if (identity.status().code() == StatusCode::kNotFound) return Fail(identity.status(), kRefused);
  if (!identity.ok()) return Fail(identity.status(), kError);
  const Status locked = LockStateFolder(settings.state_folder);
  if (!locked.ok()) return Fail(locked, kError);

  SystemClock clock;
  const auto journal = Journal::Open({.path = settings.JournalPath()}, clock.Now());
  if (!journal.ok()) return Fail(journal.status(), kError);
  HostVerbsOptions verbs_options;
  verbs_options.policy_path = settings.policy_path;
  verbs_options.state_dir = settings.state_folder + "/files";
  const auto verbs = MakeHostVerbs(verbs_options);
  if (!verbs.ok()) return Fail(verbs.status(), kError);

  std::mt19937 generator(std::random_device{}());
  SessionOptions options;
  options.agent_version = version;
  options.boot_id = BootId();
  options.random = [&generator] { return std::uniform_real_distribution<double>(0, 1)(generator); };
  options.on_status = [](const std::string& text) { Notify("STATUS=" + text); };
  LogInfo(kRoom, "drover-agent " + version + " for host " + identity->host_name + " (" +
                     identity->host_id + ")");
  Session session({.journal = journal->get(),
                   .verbs = verbs->get(),
                   .clock = &clock,
                   .identity = &identity_file,
                   .channels = DialController},
                  std::move(options));
  const Status started = session.Start();
  if (!started.ok()) return Fail(started, kError);
  return ServeUntilSignal(session, signals);
}

int RunJoin(JoinRequest request, const Settings& settings) {
  request.state_folder = settings.state_folder;
  if (request.name.empty()) request.name = HostName();
  const auto identity = Join(request, RealJoinNetwork());
  if (!identity.ok()) return Fail(identity.status(), JoinExitCode(identity.status()));
  std::cout << "enrolled as " << identity->host_name << " (" << identity->host_id
            << ") with the controller at " << identity->controller << "\n";
  std::cerr << "now start the agent: systemctl enable --now drover-agent\n";
  return 0;
}

int PrintJournal(const Settings& settings, Time now) {
  const auto journal = Journal::Open({.path = settings.JournalPath(), .read_only = true}, now);
  if (journal.status().code() == StatusCode::kNotFound) {
    std::cout << "journal      none yet\n";
    return 0;
  }
  if (!journal.ok()) return Fail(journal.status(), kError);
  const auto epoch = (*journal)->HighestEpoch();
  const auto open = (*journal)->OpenOperations();
  if (!epoch.ok()) return Fail(epoch.status(), kError);
  if (!open.ok()) return Fail(open.status(), kError);
  std::cout << "journal      epoch " << *epoch << ", " << open->size() << " open operations\n";
  for (const OpenOperation& operation : *open) {
    std::cout << "  " << operation.order.operation_id() << " in project "
              << operation.order.project() << ": "
              << (operation.started_at ? "running since " + FormatTime(*operation.started_at)
                                       : "waiting since " + FormatTime(operation.accepted_at))
              << "\n";
  }
  return 0;
}

int PrintStatus(const Settings& settings) {
  const auto identity = IdentityFile(settings.IdentityPath()).Load();
  if (!identity.ok()) return Fail(identity.status(), kError);
  const Time now = SystemClock().Now();
  const auto certificate = crypto::ReadCertificate(identity->certificate_chain);
  if (!certificate.ok()) return Fail(certificate.status(), kError);
  const Time end = certificate->not_after;
  std::cout << "host         " << identity->host_name << " (" << identity->host_id << ")\n"
            << "controller   " << identity->controller << "\n"
            << "certificate  "
            << (end > now ? "ends " + FormatTime(end)
                          : "ended " + FormatTime(end) +
                                ": make a token (drover token create) and run drover-agent join "
                                "--force")
            << "\n";
  return PrintJournal(settings, now);
}

int Main(int argc, char** argv) {
  Settings settings;
  JoinRequest join;
  CLI::App app("Drover's agent: runs Compose verbs on this Docker host for its controller.");
  app.set_version_flag("--version", std::string("drover-agent ") + DROVER_VERSION);
  app.fallthrough();
  app.add_option("--state-dir", settings.state_folder, "Folder of identity and journal")
      ->envname("DROVER_AGENT_STATE_DIR")
      ->capture_default_str();
  app.add_option("--policy", settings.policy_path, "What this host allows")
      ->envname("DROVER_AGENT_POLICY")
      ->capture_default_str();
  app.add_option("--log-level", settings.log_level, "debug, info, warning or error")
      ->envname("DROVER_LOG_LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  app.require_subcommand(0, 1);
  app.add_subcommand("run", "Serve the controller (what happens without a subcommand)");
  CLI::App* join_command = app.add_subcommand("join", "Enrol this host with a join token");
  join_command->add_option("--token", join.token, "DROVER-1-…, from drover token create")
      ->envname("DROVER_JOIN_TOKEN")
      ->required();
  join_command->add_option("address", join.address, "HOST:PORT of the controller")->required();
  join_command->add_option("--name", join.name, "Name of this host; default: its host name");
  join_command->add_flag("--force", join.force, "Replace an earlier enrolment");
  CLI::App* status_command =
      app.add_subcommand("status", "What this host is enrolled to, and its open operations");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kRefused;
  }
  UseLogLevel(settings.log_level);
  if (join_command->parsed()) return RunJoin(std::move(join), settings);
  if (status_command->parsed()) return PrintStatus(settings);
  return Run(settings, DROVER_VERSION);
}

}  // namespace
}  // namespace drover::agent

int main(int argc, char** argv) {
  // Few threads of an agent are busy at once; an arena for each would cost more than it saves.
  ::mallopt(M_ARENA_MAX, 2);
  gpr_set_log_function(drover::agent::LogOfGrpc);
  return drover::agent::Main(argc, argv);
}
