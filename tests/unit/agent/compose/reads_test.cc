#include "tests/unit/agent/compose/host_fixture.h"

namespace drover::agent {
namespace {

using testing::HasSubstr;

using Reads = HostTest;

TEST_F(Reads, ReportsProjectsServicesAndContainers) {
  engine_.containers[0].health = "healthy";
  engine_.containers[0].mounts = {{"volume", "data", "/v", "/d"},
                                  {"volume", std::string(64, 'a'), "/w", "/e"}};
  engine_.containers[0].ports = {{"0.0.0.0", 9201, 9200}};
  const v1::HostReport report = verbs_->Report();
  EXPECT_EQ(report.engine_error(), "");
  ASSERT_EQ(report.projects_size(), 1);
  const v1::Project& project = report.projects(0);
  EXPECT_EQ(project.name(), "lab");
  EXPECT_EQ(project.error(), "");
  EXPECT_EQ(project.working_dir(), folder_.At("srv/lab"));
  ASSERT_EQ(project.files_size(), 1);
  EXPECT_EQ(project.files(0).sha256().size(), 64u);
  ASSERT_EQ(project.services_size(), 1);
  const v1::Service& service = project.services(0);
  EXPECT_EQ(service.image(), "r:5000/os:2.17.1");
  EXPECT_EQ(service.hostname(), "node1");
  EXPECT_TRUE(service.environment().empty());
  EXPECT_EQ(service.container().health(), "healthy");
  EXPECT_FALSE(service.container().mounts(0).anonymous());
  EXPECT_TRUE(service.container().mounts(1).anonymous());
  EXPECT_EQ(service.container().ports(0).host_port(), 9201u);
  EXPECT_GE(report.disks_size(), 1);
  EXPECT_GT(report.disks(0).total_bytes(), report.disks(0).free_bytes());
  EXPECT_EQ(std::count_if(report.disks().begin(), report.disks().end(),
                          [](const v1::Disk& disk) { return disk.holds_copies(); }),
            1);
  EXPECT_EQ(TimeOnWire(report.host_time()), clock_.now);
}

TEST_F(Reads, AsksComposeOnlyWhenAFileChanged) {
  for (int i = 0; i < 5; ++i) verbs_->Report();
  EXPECT_EQ(Called("config"), 1u);
  folder_.Write("srv/lab/.env", "A=1\n");
  for (int i = 0; i < 5; ++i) verbs_->Report();
  EXPECT_EQ(Called("config"), 2u);
  folder_.Write("srv/lab/compose.yaml", "services:\n  os1:\n    image: r:5000/os:7\n");
  EXPECT_EQ(verbs_->Report().projects(0).services(0).image(), "r:5000/os:7");
  EXPECT_EQ(Called("config"), 3u);
}

TEST_F(Reads, ABrokenFileBreaksItsOwnProjectOnly) {
  folder_.Write("srv/broken/docker-compose.yml", "services:\n  a:\n   - [\n");
  folder_.Write("srv/outside/compose.yaml",
                "services: {a: {image: 'r:5000/a:1', env_file: /etc/hostname}}\n");
  const v1::HostReport report = verbs_->Report();
  ASSERT_EQ(report.projects_size(), 3);
  EXPECT_EQ(report.projects(0).name(), "broken");
  EXPECT_THAT(report.projects(0).error(), HasSubstr("broken/docker-compose.yml:4:1: "));
  EXPECT_EQ(report.projects(1).error(), "");
  EXPECT_THAT(report.projects(2).error(), HasSubstr("/etc/hostname"));
}

TEST_F(Reads, ReportsAnEngineThatDoesNotAnswer) {
  engine_.down = Unavailable("The Docker Engine cannot be reached");
  const v1::HostReport report = verbs_->Report();
  EXPECT_THAT(report.engine_error(), HasSubstr("cannot be reached"));
  ASSERT_EQ(report.projects_size(), 1);  // by its folder
  EXPECT_EQ(report.projects(0).services(0).image(), "r:5000/os:2.17.1");
  EXPECT_FALSE(report.projects(0).services(0).has_container());
}

TEST_F(Reads, ReportsWhatComposeRefuses) {
  instead_ = [](const std::string&) { return Printed("", 15, "services.os1 bad\n"); };
  const v1::Project project = verbs_->Report().projects(0);
  EXPECT_THAT(project.error(), HasSubstr("services.os1 bad"));
  ASSERT_EQ(project.services_size(), 1);  // by its container
  EXPECT_EQ(project.services(0).container().state(), "running");
  verbs_->Report();
  EXPECT_EQ(Called("config"), 1u);  // the refusal is remembered, too
}

TEST_F(Reads, LooksIntoAnImageOnceAndNamesProcessesAlone) {
  engine_.containers[0].restart_policy = "always";
  engine_.containers[0].state = "running";
  engine_.processes[engine_.containers[0].id] = {{100, 1, "bash"}, {120, 100, "java"}};
  ImageDetail image;
  image.id = "sha256:new";
  image.bytes = 5;
  engine_.images["r:5000/os:2.19.1"] = image;
  engine_.folders["r:5000/os:2.19.1 /plugins"] = {"a", "b"};
  v1::Query query;
  v1::InspectProject* inspect = query.mutable_inspect_project();
  inspect->set_project("lab");
  inspect->add_images("r:5000/os:2.19.1");
  inspect->add_images("r:5000/os:9.9.9");
  inspect->set_image_folder("/plugins");
  inspect->set_processes(true);
  for (int i = 0; i < 2; ++i) {
    const v1::QueryResult result = verbs_->Answer(query);
    ASSERT_TRUE(result.has_project()) << result.error().message();
    ASSERT_EQ(result.project().images_size(), 2);
    const v1::Image& seen = result.project().images(0);
    EXPECT_TRUE(seen.present());
    EXPECT_EQ(seen.bytes(), 5U);
    EXPECT_EQ(seen.entries_size(), 2) << seen.error();
    EXPECT_FALSE(result.project().images(1).present());
    const v1::Container& container = result.project().services(0).container();
    EXPECT_EQ(container.restart_policy(), "always");
    ASSERT_EQ(container.processes_size(), 2);
    EXPECT_EQ(container.processes(0).parent(), 0);  // its parent is outside
    EXPECT_EQ(container.processes(1).parent(), 100);
    EXPECT_EQ(container.processes(1).program(), "java");
  }
  EXPECT_EQ(engine_.folders_read, 1);
}

// Seen in the lab: found only once the member had been stopped.
TEST_F(Reads, ATagThatCannotBeSetIsDeniedBeforeAnythingIsTouched) {
  folder_.Write("srv/lab/.env", "TAG=2.17.1\n");
  folder_.Write("srv/lab/compose.yaml",
                "services:\n  os1: {image: 'r:5000/os:${TAG}'}\n"
                "  os2: {image: 'r:5000/os:${TAG}'}\n  dash: {image: 'r:5000/dash:1.0.0'}\n");
  v1::Query query;
  v1::InspectProject* inspect = query.mutable_inspect_project();
  inspect->set_project("lab");
  inspect->add_images("r:5000/os:2.19.1");
  const v1::QueryResult result = verbs_->Answer(query);
  ASSERT_TRUE(result.has_project()) << result.error().message();
  ASSERT_EQ(result.project().denials_size(), 2);
  EXPECT_THAT(result.project().denials(0), HasSubstr("is shared with other services"));
  EXPECT_THAT(result.project().denials(0), HasSubstr("os2; give each service a tag of its own"));
  // A restart edits no file.
  inspect->add_verbs("StopService");
  EXPECT_EQ(verbs_->Answer(query).project().denials_size(), 0);
}

TEST_F(Reads, SaysWhyItDidNotLookIntoAnImage) {
  engine_.images["r:5000/os:2.19.1"] = ImageDetail();
  engine_.images["elsewhere/os:1"] = ImageDetail();
  v1::Query query;
  v1::InspectProject* inspect = query.mutable_inspect_project();
  inspect->set_project("lab");
  inspect->add_images("r:5000/os:2.19.1");
  inspect->add_images("elsewhere/os:1");
  inspect->set_image_folder("/plugins");
  const v1::QueryResult result = verbs_->Answer(query);
  ASSERT_EQ(result.project().images_size(), 2);
  EXPECT_THAT(result.project().images(0).error(), HasSubstr("/plugins"));
  EXPECT_FALSE(result.project().images(1).present());
  EXPECT_THAT(result.project().images(1).error(), HasSubstr("elsewhere/os"));
  EXPECT_EQ(engine_.folders_read, 1);  // an image that the policy forbids is left alone
}

TEST_F(Reads, ReportsAKernelSetting) {
  const v1::HostReport report = verbs_->Report();
  const auto found = report.kernel_settings().find("vm.max_map_count");
  ASSERT_NE(found, report.kernel_settings().end());
  EXPECT_GT(std::stol(found->second), 0);
}

TEST_F(Reads, FillsHello) {
  v1::Hello hello;
  verbs_->FillHello(&hello);
  EXPECT_EQ(hello.engine_version(), "20.10.24");
  ASSERT_EQ(hello.compose_versions_size(), 1);
  EXPECT_EQ(hello.compose_versions(0).spelling(), "docker compose");
  EXPECT_THAT(hello.policy_summary(0), HasSubstr(folder_.At("srv")));
}

TEST_F(Reads, InspectsAfreshWithTheAskedVariablesOnly) {
  verbs_->Report();
  v1::Query query;
  query.set_query_id("q1");
  query.mutable_inspect_project()->set_project("lab");
  for (const char* key : {"node.name", "FROM_IMAGE", "NONE"}) {
    query.mutable_inspect_project()->add_environment_keys(key);
  }
  const v1::QueryResult result = verbs_->Answer(query);
  EXPECT_EQ(result.query_id(), "q1");
  ASSERT_TRUE(result.has_project()) << result.error().message();
  const auto& environment = result.project().services(0).environment();
  EXPECT_EQ(environment.size(), 2u);
  EXPECT_EQ(environment.at("node.name"), "n1");
  EXPECT_EQ(environment.at("FROM_IMAGE"), "yes");
  EXPECT_EQ(Called("config"), 2u);
  query.mutable_inspect_project()->set_project("none");
  EXPECT_EQ(verbs_->Answer(query).error().code(), v1::OPERATION_ERROR_CODE_UNKNOWN_PROJECT);
  EXPECT_EQ(verbs_->Answer(v1::Query()).error().code(), v1::OPERATION_ERROR_CODE_UNSUPPORTED_VERB);
}

TEST_F(Reads, TailsALog) {
  engine_.log = "one\ntwo\xff\r\nthree\n";
  v1::Query query;
  query.mutable_tail_log()->set_project("lab");
  query.mutable_tail_log()->set_service("os1");
  query.mutable_tail_log()->set_lines(2);
  v1::LogTail tail = verbs_->Answer(query).log_tail();
  EXPECT_THAT(tail.lines(), testing::ElementsAre("two?", "three"));
  EXPECT_TRUE(tail.truncated());
  query.mutable_tail_log()->set_lines(3);
  tail = verbs_->Answer(query).log_tail();
  EXPECT_EQ(tail.lines_size(), 3);
  EXPECT_FALSE(tail.truncated());
  query.mutable_tail_log()->set_service("os9");
  EXPECT_EQ(verbs_->Answer(query).error().code(), v1::OPERATION_ERROR_CODE_UNKNOWN_SERVICE);
}

TEST_F(Reads, FollowsUntilTheReaderHasEnough) {
  engine_.log = "one\n";
  v1::TailLog request;
  request.set_project("lab");
  request.set_service("os1");
  request.set_lines(5);
  std::string got;
  const Status status = verbs_->FollowLog(request, stop_, [&got](const std::string& bytes) {
    got += bytes;
    return false;
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(got, "one\n");
  request.set_service("os9");
  EXPECT_FALSE(verbs_->FollowLog(request, stop_, [](const std::string&) { return true; }).ok());
}

TEST_F(Reads, WaitsForChangesOfItsOwnProjects) {
  const auto event = [this](const std::string& folder) {
    return EngineEvent{
        "container", "die", "c", {{kWorkingDirLabel, folder_.At(folder)}}, clock_.now};
  };
  EXPECT_FALSE(verbs_->WaitForChange(Millis(10)));
  engine_.coming_events = {event("")};
  EXPECT_FALSE(verbs_->WaitForChange(Millis(10)));
  engine_.coming_events = {event(""), event("srv/lab"), event("srv/lab")};
  EXPECT_TRUE(verbs_->WaitForChange(Millis(10)));
  EXPECT_TRUE(engine_.coming_events.empty());  // a burst is one change
  EXPECT_EQ(engine_.streams_opened, 1);
  engine_.down = Unavailable("gone");
  EXPECT_TRUE(verbs_->WaitForChange(Millis(10)));  // that it is gone is news
  EXPECT_FALSE(verbs_->WaitForChange(Millis(10)));
  engine_.down = OkStatus();
  EXPECT_TRUE(verbs_->WaitForChange(Millis(10)));  // and that it is back
  EXPECT_FALSE(verbs_->WaitForChange(Millis(10)));
}

}  // namespace
}  // namespace drover::agent
