#include "tests/lab/fault_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace drover::lab {
namespace {

constexpr char kOldest[] = "2.17.1";

std::string Target(const std::string& from) { return from == kOldest ? "2.19.1" : "2.19.4"; }

std::vector<pid_t> AllPids() {
  std::vector<pid_t> pids;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (std::all_of(name.begin(), name.end(), ::isdigit)) pids.push_back(std::stoi(name));
  }
  return pids;
}

std::string ReadProc(pid_t pid, const std::string& file) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/" + file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The words of /proc/PID/stat from the state on; none for a process that is gone.
std::vector<std::string> StatOf(pid_t pid) {
  const std::string text = ReadProc(pid, "stat");
  const size_t end = text.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream words(text.substr(end + 1));
  std::vector<std::string> fields;
  for (std::string word; words >> word;) fields.push_back(word);
  return fields;
}

bool IsAlive(pid_t pid) {
  const std::vector<std::string> stat = StatOf(pid);
  return !stat.empty() && stat[0] != "Z" && stat[0] != "X";
}

// Processes of that program with `mark` as one of their arguments.
std::vector<pid_t> PidsOf(const std::string& program, const std::string& mark) {
  std::vector<pid_t> found;
  for (const pid_t pid : AllPids()) {
    std::istringstream arguments(ReadProc(pid, "cmdline"));
    std::string argument;
    std::getline(arguments, argument, '\0');
    if (std::filesystem::path(argument).filename() != program) continue;
    while (std::getline(arguments, argument, '\0')) {
      if (argument == mark) found.push_back(pid);
    }
  }
  return found;
}

uint64_t LastSequence() {
  const Outcome all = Drover({"events", "-o", "ndjson"});
  EXPECT_EQ(all.exit_code, 0) << all.err;
  uint64_t last = 0;
  std::istringstream lines(all.out);
  for (std::string line; std::getline(lines, line);) {
    // Of a long output the end alone is kept: its first line may lack its beginning.
    const json event = json::parse(line, nullptr, false);
    if (event.is_object()) last = event.value("sequence", last);
  }
  return last;
}

// The version that all three nodes of a green cluster have; empty where there is no such cluster.
std::string VersionOf(const std::string& cluster) {
  const Outcome status = Lab({"cluster", "status", cluster});
  if (status.exit_code != 0) return "";
  const json found = status.Json();
  if (found["health"]["status"] != "green" || found["nodes"].size() != 3) return "";
  std::set<std::string> versions;
  for (const json& node : found["nodes"]) versions.insert(node["version"]);
  return versions.size() == 1 ? *versions.begin() : "";
}

}  // namespace

Feed::Feed() : last_(LastSequence()) { Follow(); }

Feed::~Feed() { Unfollow(); }

void Feed::Reconnect() {
  Unfollow();
  Follow();
}

void Feed::Follow() {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  std::vector<std::string> words = {
      Program("drover"), "--address",          "unix://" + LabHome() + "/drover/control.sock",
      "events",          "--follow",           "-o",
      "ndjson",          "--timeout",          "1h",
      "--since",         std::to_string(last_)};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  const int error =
      ::posix_spawn(&follower_, argv.front(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  ASSERT_EQ(error, 0) << std::strerror(error);
  reader_ = std::thread([this, fd = ends[0]] { Read(fd); });
}

void Feed::Unfollow() {
  if (follower_ <= 0) return;
  ::kill(follower_, SIGKILL);
  ::waitpid(follower_, nullptr, 0);
  follower_ = -1;
  reader_.join();
}

void Feed::Read(int fd) {
  std::string text;
  std::array<char, 8192> buffer;
  for (ssize_t n = 0; (n = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<size_t>(n));
    for (size_t end = 0; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
      json event = json::parse(text.substr(0, end), nullptr, false);
      if (event.is_discarded()) continue;
      const std::lock_guard lock(mutex_);
      last_ = event["sequence"];
      events_.push_back(std::move(event));
      came_.notify_all();
    }
  }
  ::close(fd);
}

json Feed::Await(const std::string& what, const Match& match, Millis limit) {
  std::unique_lock lock(mutex_);
  const auto until = std::chrono::steady_clock::now() + limit;
  while (true) {
    while (seen_ < events_.size()) {
      const json event = events_[seen_++];
      if (match(event)) return event;
    }
    if (came_.wait_until(lock, until) == std::cv_status::timeout) break;
  }
  ADD_FAILURE() << "no event `" << what << "` within " << FormatDuration(limit)
                << "; the last: " << (events_.empty() ? json() : events_.back());
  return {};
}

std::vector<json> Feed::Events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

bool Feed::Has(const Match& match) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(events_.begin(), events_.end(), match);
}

Match Step(const std::string& step) {
  return [step](const json& e) { return e["kind"] == "member.step" && e["fields"]["to"] == step; };
}

Match State(const std::string& state) {
  return
      [state](const json& e) { return e["kind"] == "rollout.state" && e["fields"]["to"] == state; };
}

Match Kind(const std::string& kind) {
  return [kind](const json& e) { return e["kind"] == kind; };
}

std::vector<pid_t> ControllerPids() {
  return PidsOf("drover-controller", LabHome() + "/drover/controller");
}

std::vector<pid_t> AgentPids(const std::string& host) {
  return PidsOf("drover-agent", LabHome() + "/hosts/" + host + "/agent");
}

std::vector<pid_t> WithDescendants(pid_t pid) {
  std::vector<pid_t> family = {pid};
  const std::vector<pid_t> all = AllPids();
  for (size_t i = 0; i < family.size(); ++i) {
    for (const pid_t other : all) {
      const std::vector<std::string> stat = StatOf(other);
      if (stat.size() > 1 && stat[1] == std::to_string(family[i])) family.push_back(other);
    }
  }
  return family;
}

void KillNow(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) ::kill(pid, SIGKILL);
  WaitUntil("the killed processes to be gone",
            [&] { return std::none_of(pids.begin(), pids.end(), IsAlive); });
}

Time StartOf(pid_t pid) {
  const std::vector<std::string> stat = StatOf(pid);
  if (stat.size() < 20) return {};
  double uptime = 0;
  std::ifstream("/proc/uptime") >> uptime;
  const double began = std::stod(stat[19]) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto ago = Millis(static_cast<int64_t>((uptime - began) * 1000));
  return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()) - ago;
}

Time TimeOf(const json& event) {
  const std::string text = event["time"];  // 2026-11-23T02:14:40.123Z
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return {};
  const int64_t millis = *rest == '.' ? std::stoi(std::string(rest + 1, 3)) : 0;
  return Time(Millis(int64_t{::timegm(&parts)} * 1000 + millis));
}

void FaultTest::SetUp() {
  LabTest::SetUp();
  if (IsSkipped() || HasFatalFailure()) return;
  Lab({"load", "stop", kName});  // of a case that was cut off
  from_ = VersionOf(kName);
  if (from_.empty() || from_ == "2.19.4") {
    from_ = kOldest;
    EnsureCluster(kName, from_, {"--style", "mixed"});
  }
  to_ = Target(from_);
  MustLab({"images", "2.19.1", "2.19.4"});
  // Shards still move for a while after an upgrade, and preflight refuses that.
  MustLab({"cluster", "call", kName, "GET",
           "/_cluster/health?wait_for_no_relocating_shards=true&wait_for_status=green&"
           "wait_for_events=languid&timeout=60s"});
  ASSERT_FALSE(HasFailure()) << "the cluster is not up";
}

// What a failed case left is of no use to the next, hosts and Engines neither; its logs are kept
// for whoever looks.
void FaultTest::TearDown() {
  if (IsSkipped()) return;
  if (HasFailure() && feed_) {
    for (const json& event : feed_->Events()) {
      std::cerr << event["time"].get<std::string>() << " " << event["host"].get<std::string>()
                << " " << event["kind"].get<std::string>() << ": "
                << event["text"].get<std::string>() << "\n";
    }
  }
  feed_.reset();
  if (!HasFailure()) return;
  const std::string kept =
      "/var/tmp/drover-lab-failed/" +
      std::string(::testing::UnitTest::GetInstance()->current_test_info()->name());
  std::error_code ignored;
  std::filesystem::remove_all(kept, ignored);
  std::filesystem::create_directories(kept, ignored);
  std::filesystem::copy(
      LabHome() + "/drover", kept,
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing,
      ignored);
  std::cerr << "logs: " << kept << "\n";
  Lab({"down"});
}

void FaultTest::Apply() {
  std::string text = ReadText(LabHome() + "/clusters/" + kName + ".yaml");
  if (!rules_.empty()) text += "rules: {" + rules_ + "}\n";
  const std::string path = LabHome() + "/" + kName + "-applied.yaml";
  WriteText(path, text);
  const Outcome apply = Drover({"cluster", "apply", path});
  ASSERT_EQ(apply.exit_code, 0) << apply.out << apply.err;
}

void FaultTest::Begin(const Arguments& options) {
  ASSERT_NO_FATAL_FAILURE(Apply());
  MustLab({"load", "start", kName});
  MustLab({"evidence", "save", kName});
  feed_ = std::make_unique<Feed>();
  Arguments command = {"upgrade", kName, "--to", to_, "--yes", "--detach", "-o", "json"};
  command.insert(command.end(), options.begin(), options.end());
  const Outcome begun = Drover(command);
  ASSERT_EQ(begun.exit_code, 0) << begun.out << begun.err;
  id_ = begun.Json()["id"];
}

void FaultTest::KillController() { KillNow(ControllerPids()); }

void FaultTest::StartController() {
  MustLab({"drover", "controller", "start"});
  feed().Reconnect();
}

void FaultTest::ForgetImage(const std::string& host) {
  Lab({"host", "exec", host, "--", "docker", "rmi", "-f", "registry.lab:5000/opensearch:" + to_});
  // Images that were made from it have its layers.
  Lab({"host", "exec", host, "--", "docker", "image", "prune", "--all", "--force"});
}

int FaultTest::AwaitEnd(Millis limit) {
  const Outcome watch =
      Drover({"rollout", "watch", id_, "--timeout", std::to_string(limit.count()) + "ms"});
  if (watch.exit_code == 9) ADD_FAILURE() << "not ended in time:\n" << watch.out << watch.err;
  return watch.exit_code;
}

json FaultTest::Show() { return Drover({"rollout", "show", id_, "-o", "json"}).Json(); }

json FaultTest::ExpectKept(const std::map<std::string, int>& stops, bool stop_load) {
  if (stop_load) {
    const json load = MustLab({"load", "stop", kName}).Json();
    EXPECT_GT(load["acknowledged"], 0);
    EXPECT_EQ(load["verified"], load["acknowledged"]) << load;
    EXPECT_EQ(load["lost"], 0) << load;
  }
  Arguments compare = {"evidence", "compare", kName};
  if (!tag_.empty()) compare.insert(compare.end(), {"--tag", tag_});
  json found = MustLab(compare).Json();
  EXPECT_TRUE(found["settings"]["equal"]) << found["settings"];
  EXPECT_TRUE(found["documents"]["equal"]) << found["documents"];
  for (const json& file : found["files"]) EXPECT_TRUE(file["equal_but_tag"]) << file;
  for (const auto& [member, container] : found["containers"].items()) {
    const int expected = stops.contains(member) ? stops.at(member) : 1;
    if (expected < 0) continue;
    EXPECT_EQ(container["stops"], expected) << member << ": " << container;
    EXPECT_EQ(container["starts"], expected) << member << ": " << container;
  }
  return found;
}

void FaultTest::ExpectUpgraded(const std::map<std::string, int>& stops) {
  const json found = ExpectKept(stops);
  EXPECT_EQ(found["health"], "green");
  EXPECT_EQ(found["versions"]["after"].size(), 3u);
  for (const auto& [node, version] : found["versions"]["after"].items()) {
    EXPECT_EQ(version, to_) << node;
  }
  EXPECT_EQ(found["snapshot"]["state"], "SUCCESS") << found["snapshot"];
  EXPECT_TRUE(found["snapshot"]["by_events"]) << found["snapshot"];
}

}  // namespace drover::lab
