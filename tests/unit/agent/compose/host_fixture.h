// A host in a folder: one project, an Engine in memory, and a Compose that acts on both.
#ifndef DROVER_TESTS_UNIT_AGENT_COMPOSE_HOST_FIXTURE_H_
#define DROVER_TESTS_UNIT_AGENT_COMPOSE_HOST_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "agent/compose/compose_cli.h"
#include "agent/compose/compose_verbs.h"
#include "agent/compose/wire_time.h"
#include "tests/unit/agent/compose/fake_command_runner.h"
#include "tests/unit/agent/compose/fake_engine.h"
#include "tests/unit/agent/compose/temp_folder.h"

namespace drover::agent {

class FixedClock final : public Clock {
 public:
  Time Now() override { return now; }
  Time now = FromUnixMillis(1'800'000'000'000);
};

class HostTest : public testing::Test {
 protected:
  HostTest() {
    folder_.Write("policy.yaml", "project_roots: [" + folder_.path() +
                                     "/srv]\nimages: ['r:5000/*']\nverbs: all\n"
                                     "max_stop_time: 60s\n");
    folder_.Write("srv/lab/compose.yaml", kCompose);
    std::filesystem::create_directories(folder_.At("state"));
    unsetenv("DOCKER_CONFIG");
    setenv("DOCKER_CONFIG", folder_.At("no-docker-config").c_str(), 1);
    AddContainer("c1", "os1", "r:5000/os:2.17.1", "running");
    engine_.images["r:5000/os:2.17.1"] = {"sha256:old", {}, {"r:5000/os@" + Digest('a')}, Time{}};
    engine_.registry["r:5000/os:2.19.1"] = {
        "sha256:new", {}, {"other/os@" + Digest('c'), "r:5000/os@" + Digest('b')}, clock_.now};
    verbs_ = std::make_unique<ComposeVerbs>(
        ComposeVerbs::Parts{&engine_, &compose_, &policy_, &clock_, folder_.At("state"),
                            Variables::Environment(), Millis(1)});
  }

  static std::string Digest(char c) { return "sha256:" + std::string(64, c); }

  void AddContainer(const std::string& id, const std::string& service, const std::string& image,
                    const std::string& state) {
    ContainerDetail c;
    c.id = id;
    c.name = "lab-" + service + "-1";
    c.image = image;
    c.image_id = image == "r:5000/os:2.19.1" ? "sha256:new" : "sha256:old";
    c.state = state;
    c.created_at = c.started_at = clock_.now - Millis(60'000);
    c.environment = {"FROM_IMAGE=yes"};
    c.labels = {{kProjectLabel, "lab"},
                {kServiceLabel, service},
                {kWorkingDirLabel, folder_.At("srv/lab")},
                {kConfigFilesLabel, folder_.At("srv/lab/compose.yaml")},
                {kVersionLabel, "2.26.1"},
                {kNumberLabel, "1"},
                {kOneOffLabel, "False"}};
    engine_.containers.push_back(c);
  }

  v1::StartOperation Order(const std::string& id = "r/m/s/1") {
    v1::StartOperation order;
    order.set_operation_id(id);
    order.set_project("lab");
    *order.mutable_deadline() = WireTime(clock_.now + Millis(60'000));
    return order;
  }
  v1::StartOperation SetImageOrder(const std::string& image = "r:5000/os:2.19.1",
                                   const std::string& expect = "r:5000/os:2.17.1") {
    v1::StartOperation order = Order("r/m/set/1");
    order.mutable_verb()->mutable_set_image()->set_service("os1");
    order.mutable_verb()->mutable_set_image()->set_image(image);
    order.mutable_verb()->mutable_set_image()->set_expect(expect);
    return order;
  }
  v1::StartOperation RestoreOrder() {
    v1::StartOperation order = Order("r/m/restore/1");
    order.mutable_verb()->mutable_restore_file()->set_operation_id("r/m/set/1");
    return order;
  }
  v1::StartOperation PullOrder(const std::string& image = "r:5000/os:2.19.1") {
    v1::StartOperation order = Order();
    order.mutable_verb()->mutable_pull_image()->set_service("os1");
    order.mutable_verb()->mutable_pull_image()->set_image(image);
    return order;
  }
  v1::StartOperation StopOrder() {
    v1::StartOperation order = Order();
    order.mutable_verb()->mutable_stop_service()->set_service("os1");
    *order.mutable_verb()->mutable_stop_service()->mutable_timeout() = WireSpan(Millis(30'000));
    return order;
  }
  v1::StartOperation UpOrder(bool recreate = false) {
    v1::StartOperation order = Order();
    order.mutable_verb()->mutable_up_service()->set_service("os1");
    order.mutable_verb()->mutable_up_service()->set_recreate(recreate);
    return order;
  }
  v1::StartOperation DownOrder() {
    v1::StartOperation order = Order();
    order.mutable_verb()->mutable_down_project();
    return order;
  }

  v1::StartOperation CopyOrder() {
    v1::StartOperation order = Order("r/m/copy/1");
    order.mutable_verb()->mutable_copy_volume()->set_service("os1");
    order.mutable_verb()->mutable_copy_volume()->set_path("/data");
    order.mutable_verb()->mutable_copy_volume()->set_name("drover-1");
    return order;
  }

  v1::OperationEnd Run(const v1::StartOperation& order) {
    const v1::OperationError refused = verbs_->Check(order);
    EXPECT_EQ(refused.code(), v1::OPERATION_ERROR_CODE_UNSPECIFIED) << refused.message();
    return verbs_->Run(
        order, [this](const v1::OperationProgress& p) { progress_.push_back(p); }, stop_);
  }
  v1::OperationErrorCode Refused(const v1::StartOperation& order) {
    const v1::OperationError error = verbs_->Check(order);
    said_ = error.message();
    return error.code();
  }

  // How often Compose was called with `verb`.
  size_t Called(const std::string& verb) const {
    size_t count = 0;
    for (const std::string& line : runner_.lines()) {
      if (line.find(" -p lab ") != std::string::npos &&
          line.find("yaml " + verb) != std::string::npos) {
        ++count;
      }
    }
    return count;
  }

  static constexpr char kCompose[] =
      "# the lab\nservices:\n  os1:\n    image: r:5000/os:2.17.1  # keep\n"
      "    hostname: node1\n    environment: {node.name: n1, PASSWORD: x}\n";

  TempFolder folder_;
  FixedClock clock_;
  FakeEngine engine_;
  FakeCommandRunner runner_{[this](const std::string& line) { return Act(line); }};
  ComposeCli compose_{&runner_, "/run/x.sock"};
  PolicyFile policy_{folder_.At("policy.yaml"), geteuid()};
  std::unique_ptr<ComposeVerbs> verbs_;
  StopRequest stop_;
  std::vector<v1::OperationProgress> progress_;
  std::string said_;
  // What the next stop or up does beside its normal effect.
  std::function<StatusOr<CommandResult>(const std::string& line)> instead_;
  std::string config_image_;  // what config says instead of the truth
  std::string up_leaves_ = "running";

 private:
  StatusOr<CommandResult> Act(const std::string& line) {
    if (line == "docker compose version --short") return Printed("2.26.1\n");
    if (line == "docker-compose version --short") return NotFound("no docker-compose");
    if (instead_ && line.find(" -p lab ") != std::string::npos) return instead_(line);
    if (line.find("yaml config") != std::string::npos) return Config();
    if (line.find("yaml stop") != std::string::npos) {
      for (ContainerDetail& c : engine_.containers) {
        c.state = "exited";
        c.exit_code = 143;
        c.finished_at = clock_.now + Millis(700);
      }
      engine_.past_events = {{"container", "kill", "c1", {{"signal", "15"}}, clock_.now},
                             {"container", "die", "c1", {}, clock_.now + Millis(700)}};
      clock_.now += Millis(900);
    }
    if (line.find("yaml up") != std::string::npos) {
      engine_.containers.clear();
      AddContainer("c2", "os1", ImageInFile(), up_leaves_);
      engine_.containers[0].created_at = clock_.now + Millis(10);
      engine_.containers[0].exit_code = 3;
    }
    if (line.find("yaml down") != std::string::npos) engine_.containers.clear();
    return CommandResult();
  }

  std::string ImageInFile() const {
    ProjectPlace place;
    place.working_dir = folder_.At("srv/lab");
    place.files = {folder_.At("srv/lab/compose.yaml")};
    const auto files = LoadProjectFiles(place, {});
    return files.ok() ? ResolveImage(*files, "os1").value_or("") : "";
  }

  StatusOr<CommandResult> Config() const {
    const std::string image = config_image_.empty() ? ImageInFile() : config_image_;
    if (image.empty()) return Printed("", 15, "yaml: line 3: did not find what was expected\n");
    const nlohmann::json service = {{"image", image},
                                    {"hostname", "node1"},
                                    {"environment", {{"node.name", "n1"}, {"PASSWORD", "x"}}}};
    return Printed(nlohmann::json{{"services", {{"os1", service}}}}.dump());
  }
};

}  // namespace drover::agent

#endif  // DROVER_TESTS_UNIT_AGENT_COMPOSE_HOST_FIXTURE_H_
