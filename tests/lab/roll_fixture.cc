#include "tests/lab/roll_fixture.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <sstream>

namespace drover::lab {
namespace {

std::string Joined(const Arguments& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

// What the case left of controller and agents is kept for whoever looks, and is of no use to the
// next: a rollout that has not ended would be in its way.
void KeepLogs() {
  namespace fs = std::filesystem;
  const std::string kept =
      "/var/tmp/drover-lab-failed/" +
      std::string(::testing::UnitTest::GetInstance()->current_test_info()->name());
  std::error_code ignored;
  fs::remove_all(kept, ignored);
  fs::create_directories(kept, ignored);
  for (const auto& entry : fs::directory_iterator(LabHome() + "/drover", ignored)) {
    if (entry.is_socket(ignored)) continue;
    fs::copy(entry.path(), fs::path(kept) / entry.path().filename(), fs::copy_options::recursive,
             ignored);
  }
  std::cerr << "logs: " << kept << "\n";
}

}  // namespace

void RollTest::TearDown() {
  if (IsSkipped() || name_.empty()) return;
  if (HasFailure()) {
    KeepLogs();
    Lab({"drover", "down"});
  }
  Lab({"down", "--cluster", name_});
}

void RollTest::Bring(const std::string& name, const std::string& version, const Arguments& targets,
                     const Arguments& options, const std::string& repository) {
  name_ = name;
  Lab({"down", "--cluster", name});
  Arguments images = {"images"};
  if (repository == "opensearch-security") images.emplace_back("--security");
  images.push_back(version);
  images.insert(images.end(), targets.begin(), targets.end());
  MustLab(images);
  Arguments up = {"cluster", "up",           name,           "--version", version,
                  "--hosts", Joined(hosts_), "--repository", repository};
  up.insert(up.end(), options.begin(), options.end());
  MustLab(up);
  Arguments seed = {"cluster", "seed", name};
  seed.insert(seed.end(), seed_.begin(), seed_.end());
  MustLab(seed);
  const Outcome apply = Drover({"cluster", "apply", LabHome() + "/clusters/" + name + ".yaml"});
  ASSERT_EQ(apply.exit_code, 0) << apply.out << apply.err;
  ASSERT_FALSE(HasFailure()) << "the cluster is not up";
}

json RollTest::Roll(const std::string& to, const Arguments& options) {
  Arguments command = {"upgrade", name_, "--to", to, "--yes"};
  command.insert(command.end(), options.begin(), options.end());
  return RollBy(command, {.version = to});
}

json RollTest::RollBy(const Arguments& command, const Expected& expected) {
  Watch();
  const auto began = std::chrono::steady_clock::now();
  const Outcome upgrade = Drover(command);
  seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  EXPECT_EQ(upgrade.exit_code, 0) << upgrade.command << "\n" << upgrade.out << upgrade.err;
  return ExpectKept(expected);
}

void RollTest::Watch() {
  MustLab({"load", "start", name_});
  MustLab({"evidence", "save", name_});
}

json RollTest::ExpectKept(const Expected& expected) {
  const json load = MustLab({"load", "stop", name_}).Json();
  json found = MustLab({"evidence", "compare", name_}).Json();
  const json& after = found["versions"]["after"];
  EXPECT_EQ(after.size(), found["versions"]["before"].size());
  for (const auto& [node, version] : after.items()) EXPECT_EQ(version, expected.version) << node;
  EXPECT_EQ(found["health"], expected.health);
  EXPECT_TRUE(found["settings"]["equal"]) << found["settings"];
  EXPECT_TRUE(found["documents"]["equal"]) << found["documents"];
  ExpectNothingLost(load, expected.serves_always);
  ExpectFilesKeptButTags(found["files"]);
  if (expected.is_one_rollout) ExpectSnapshotFirst(found["snapshot"]);
  ExpectStops(found, expected.stops);
  std::cout << "seen: " << found["versions"]["before"].dump() << " to " << expected.version << ", "
            << load["acknowledged"] << " documents written during it, " << load["lost"] << " lost, "
            << load["failed_after_retries"] << " requests failed, settings as before, " << seconds_
            << " s\n";
  return found;
}

Outcome RollTest::ExpectUntouchedBy(const Arguments& command, int exit_code) {
  Watch();
  Outcome outcome = Drover(command);
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.command << "\n" << outcome.out << outcome.err;
  ExpectNothingLost(MustLab({"load", "stop", name_}).Json(), true);
  const json found = MustLab({"evidence", "compare", name_}).Json();
  EXPECT_TRUE(found["untouched"]) << found;
  return outcome;
}

void RollTest::ExpectNothingLost(const json& load, bool serves_always) {
  EXPECT_GT(load["acknowledged"], 0);
  EXPECT_EQ(load["verified"], load["acknowledged"]);
  EXPECT_EQ(load["lost"], 0);
  if (serves_always) {
    EXPECT_EQ(load["failed_after_retries"], 0) << load;
  }
}

void RollTest::ExpectFilesKeptButTags(const json& files) {
  std::set<std::string> hosts;
  for (const json& file : files) {
    EXPECT_TRUE(file["equal_but_tag"]) << file;
    hosts.insert(file["host"].get<std::string>());
  }
  EXPECT_EQ(hosts, std::set<std::string>(hosts_.begin(), hosts_.end()));
}

void RollTest::ExpectStops(const json& found, const std::map<std::string, int>& stops) {
  for (const auto& [member, container] : found["containers"].items()) {
    const int expected = stops.contains(member) ? stops.at(member) : 1;
    if (expected < 0) continue;
    EXPECT_EQ(container["stops"], expected) << member << ": " << container;
    EXPECT_EQ(container["starts"], expected) << member << ": " << container;
    EXPECT_EQ(container["replaced"], expected > 0) << member;
    for (const json& code : container["exit_codes"]) {
      EXPECT_NE(code, "137") << member << " was killed";
    }
  }
}

void RollTest::ExpectSnapshotFirst(const json& snapshot) {
  EXPECT_EQ(snapshot["state"], "SUCCESS") << snapshot;
  ASSERT_TRUE(snapshot["seconds_before_first_stop"].is_number()) << snapshot;
  EXPECT_GT(snapshot["seconds_before_first_stop"], 0) << snapshot;
  EXPECT_TRUE(snapshot["by_events"]) << snapshot;
}

std::string RollTest::NodeId(const std::string& node) {
  const Outcome nodes = Lab({"cluster", "call", name_, "GET", "/_nodes/_all/http"});
  if (nodes.exit_code != 0) return "";
  const json found = nodes.Json();
  for (const auto& [id, view] : found["nodes"].items()) {
    if (view["name"] == node) return id;
  }
  return "";
}

json RollTest::Call(const std::string& method, const std::string& path, const std::string& body) {
  Arguments arguments = {"cluster", "call", name_, method, path};
  if (!body.empty()) arguments.push_back(body);
  return MustLab(arguments).Json();
}

json RollTest::Rollouts() {
  json listed = Drover({"rollout", "ls", "--cluster", name_, "-o", "json"}).Json()["rollouts"];
  if (!listed.empty()) return listed;
  ADD_FAILURE() << "no rollout of " << name_;
  return json::array({json::object()});
}

std::vector<json> RollTest::EventsOf(const std::string& kind) {
  const std::string id = Rollouts()[0].value("id", "");
  std::istringstream lines(Drover({"events", "--rollout", id, "-o", "ndjson"}).out);
  std::vector<json> found;
  for (std::string line; std::getline(lines, line);) {
    json event = json::parse(line);
    if (event["kind"] == kind) found.push_back(std::move(event));
  }
  return found;
}

}  // namespace drover::lab
