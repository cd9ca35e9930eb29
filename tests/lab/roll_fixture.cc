#include "tests/lab/roll_fixture.h"

#include <iostream>

namespace drover::lab {

void RollTest::TearDown() {
  if (IsSkipped() || name_.empty()) return;
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
  Arguments up = {"cluster", "up",       name,           "--version", version,
                  "--hosts", "h1,h2,h3", "--repository", repository};
  up.insert(up.end(), options.begin(), options.end());
  MustLab(up);
  MustLab({"cluster", "seed", name, "--docs", "4000"});
  const Outcome apply = Drover({"cluster", "apply", LabHome() + "/clusters/" + name + ".yaml"});
  ASSERT_EQ(apply.exit_code, 0) << apply.out << apply.err;
  ASSERT_FALSE(HasFailure()) << "the cluster is not up";
}

json RollTest::Roll(const std::string& to, const Arguments& options) {
  Arguments command = {"upgrade", name_, "--to", to, "--yes"};
  command.insert(command.end(), options.begin(), options.end());
  return RollBy(command, to);
}

json RollTest::RollBy(const Arguments& command, const std::string& to) {
  MustLab({"load", "start", name_});
  MustLab({"evidence", "save", name_});
  const auto began = std::chrono::steady_clock::now();
  const Outcome upgrade = Drover(command);
  seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  EXPECT_EQ(upgrade.exit_code, 0) << upgrade.command << "\n" << upgrade.out << upgrade.err;
  const json load = MustLab({"load", "stop", name_}).Json();
  json found = MustLab({"evidence", "compare", name_}).Json();
  const json& after = found["versions"]["after"];
  EXPECT_EQ(after.size(), found["versions"]["before"].size());
  for (const auto& [node, version] : after.items()) EXPECT_EQ(version, to) << node;
  EXPECT_EQ(found["health"], "green");
  EXPECT_TRUE(found["settings"]["equal"]) << found["settings"];
  EXPECT_TRUE(found["documents"]["equal"]) << found["documents"];
  ExpectNothingLost(load);
  ExpectFilesKeptButTags(found["files"]);
  ExpectSnapshotFirst(found["snapshot"]);
  ExpectStops(found, 1);
  std::cout << "seen: " << found["versions"]["before"].dump() << " to " << to << ", "
            << load["acknowledged"] << " documents written during it, " << load["lost"]
            << " lost, settings as before, " << seconds_ << " s\n";
  return found;
}

void RollTest::ExpectNothingLost(const json& load) {
  EXPECT_GT(load["acknowledged"], 0);
  EXPECT_EQ(load["verified"], load["acknowledged"]);
  EXPECT_EQ(load["lost"], 0);
  EXPECT_EQ(load["failed_after_retries"], 0) << load;
}

void RollTest::ExpectFilesKeptButTags(const json& files) {
  std::set<std::string> hosts;
  for (const json& file : files) {
    EXPECT_TRUE(file["equal_but_tag"]) << file;
    hosts.insert(file["host"].get<std::string>());
  }
  EXPECT_EQ(hosts, (std::set<std::string>{"h1", "h2", "h3"}));
}

// From the Engines' own events.
void RollTest::ExpectStops(const json& found, int stops) {
  for (const auto& [member, container] : found["containers"].items()) {
    EXPECT_EQ(container["stops"], stops) << member << ": " << container;
    EXPECT_EQ(container["starts"], stops) << member << ": " << container;
    EXPECT_EQ(container["replaced"], stops > 0) << member;
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

}  // namespace drover::lab
