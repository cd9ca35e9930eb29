#include "controller/fleet/convert.h"

#include <gtest/gtest.h>

namespace drover::fleet {
namespace {

namespace pb = drover::agent::v1;
using rollout::OperationErrorCode;
using rollout::OperationState;

const Time kNow = FromUnixMillis(1'795'400'034'123);

rollout::OperationOrder OrderOf(rollout::Verb verb) {
  return {OperationId("r/m/stop/1"), "h1", "search", std::move(verb), kNow};
}

TEST(ConvertTest, TimesKeepTheirMilliseconds) {
  EXPECT_EQ(FromProto(ToProto(kNow)), kNow);
  EXPECT_EQ(FromProto(ToProto(Millis(-1'250))), Millis(-1'250));
}

TEST(ConvertTest, OrderCarriesEpochDeadlineAndVerb) {
  const pb::StartOperation out =
      ToProto(OrderOf(rollout::SetImage{"os", "reg/os:2", "reg/os:1"}), 7);
  EXPECT_EQ(out.operation_id(), "r/m/stop/1");
  EXPECT_EQ(out.epoch(), 7u);
  EXPECT_EQ(out.project(), "search");
  EXPECT_EQ(FromProto(out.deadline()), kNow);
  EXPECT_FALSE(out.has_begin_by());
  EXPECT_EQ(out.verb().set_image().service(), "os");
  EXPECT_EQ(out.verb().set_image().image(), "reg/os:2");
  EXPECT_EQ(out.verb().set_image().expect(), "reg/os:1");
}

TEST(ConvertTest, OrderCarriesWhenItMustHaveBegun) {
  rollout::OperationOrder order = OrderOf(rollout::StopService{"os", Millis(1'000)});
  order.begin_by = kNow + Millis(15'000);
  EXPECT_EQ(FromProto(ToProto(order, 7).begin_by()), kNow + Millis(15'000));
}

TEST(ConvertTest, EveryVerbHasItsMessage) {
  EXPECT_EQ(ToProto(OrderOf(rollout::PullImage{"os", "i"}), 1).verb().pull_image().image(), "i");
  EXPECT_EQ(ToProto(OrderOf(rollout::RestoreFile{OperationId("x")}), 1)
                .verb()
                .restore_file()
                .operation_id(),
            "x");
  EXPECT_EQ(FromProto(ToProto(OrderOf(rollout::StopService{"os", Millis(1500)}), 1)
                          .verb()
                          .stop_service()
                          .timeout()),
            Millis(1500));
  EXPECT_TRUE(ToProto(OrderOf(rollout::UpService{"os", true}), 1).verb().up_service().recreate());
  EXPECT_EQ(
      FromProto(
          ToProto(OrderOf(rollout::DownProject{Millis(9)}), 1).verb().down_project().timeout()),
      Millis(9));
}

TEST(ConvertTest, EventIsStateOrProgressOrEnd) {
  pb::OperationEvent event;
  event.set_operation_id("a");
  event.set_sequence(3);
  event.set_state(pb::OPERATION_STATE_ACCEPTED);
  EXPECT_EQ(FromProto(event).state, OperationState::kAccepted);
  EXPECT_EQ(FromProto(event).sequence, 3u);
  event.mutable_progress()->set_text("50 %");
  EXPECT_TRUE(FromProto(event).is_progress);
  EXPECT_EQ(FromProto(event).progress.text, "50 %");
  event.mutable_end()->set_state(pb::OPERATION_STATE_REFUSED);
  EXPECT_TRUE(FromProto(event).is_end);
  EXPECT_FALSE(FromProto(event).is_progress);
  EXPECT_EQ(FromProto(event).state, OperationState::kRefused);
}

TEST(ConvertTest, EndHasErrorAndOutput) {
  pb::OperationEnd end;
  end.set_state(pb::OPERATION_STATE_FAILED);
  end.mutable_error()->set_code(pb::OPERATION_ERROR_CODE_DISK_FULL);
  end.mutable_error()->set_message("full");
  end.mutable_error()->add_output("line");
  *end.mutable_ended_at() = ToProto(kNow);
  const rollout::OperationEnd out = FromProto(end);
  EXPECT_EQ(out.state, OperationState::kFailed);
  EXPECT_EQ(out.error, OperationErrorCode::kDiskFull);
  EXPECT_EQ(out.message, "full");
  EXPECT_EQ(out.output, std::vector<std::string>{"line"});
  EXPECT_EQ(out.ended_at, kNow);
}

TEST(ConvertTest, ResultsOfEachVerb) {
  pb::OperationEnd end;
  end.mutable_pull_image()->set_digest("sha256:1");
  EXPECT_EQ(FromProto(end).digest, "sha256:1");
  end.mutable_set_image()->set_old_sha256("old");
  EXPECT_EQ(FromProto(end).old_sha256, "old");
  end.mutable_stop_service()->set_killed(true);
  end.mutable_stop_service()->set_exit_code(137);
  *end.mutable_stop_service()->mutable_took() = ToProto(Millis(600));
  EXPECT_TRUE(FromProto(end).killed);
  EXPECT_EQ(FromProto(end).exit_code, 137);
  EXPECT_EQ(FromProto(end).took, Millis(600));
  end.mutable_up_service()->set_container_id("c");
  EXPECT_EQ(FromProto(end).container_id, "c");
}

// An agent newer than this controller: nothing it says may look like a success.
TEST(ConvertTest, UnknownValuesAreFailures) {
  pb::OperationEnd end;
  end.set_state(static_cast<pb::OperationState>(99));
  end.mutable_error()->set_code(static_cast<pb::OperationErrorCode>(99));
  EXPECT_EQ(FromProto(end).state, OperationState::kFailed);
  EXPECT_EQ(FromProto(end).error, OperationErrorCode::kInternal);
  EXPECT_EQ(FromProto(pb::OperationEnd()).state, OperationState::kFailed);
}

TEST(ConvertTest, ReportReplacesTheOldOneAndMeasuresTheClock) {
  pb::HostReport report;
  pb::Project* project = report.add_projects();
  project->set_name("search");
  project->add_files()->set_path("/srv/compose.yml");
  project->mutable_files(0)->set_sha256("abc");
  pb::Service* service = project->add_services();
  service->set_name("os");
  (*service->mutable_environment())["node.name"] = "os-1";
  pb::Container* container = service->mutable_container();
  container->set_state("running");
  *container->mutable_started_at() = ToProto(kNow + Millis(1'000));
  container->add_mounts()->set_destination("/data");
  container->add_ports()->set_host_port(9200);
  report.add_disks()->set_free_bytes(5);
  report.mutable_disks(0)->set_holds_copies(true);
  *report.mutable_host_time() = ToProto(kNow + Millis(2'000));
  rollout::HostView view;
  view.projects.resize(3);
  ApplyReport(report, kNow, &view);
  ASSERT_EQ(view.projects.size(), 1u);
  EXPECT_EQ(view.projects[0].file_sha256.at("/srv/compose.yml"), "abc");
  const rollout::ServiceView& os = view.projects[0].services.at(0);
  EXPECT_EQ(os.environment.at("node.name"), "os-1");
  ASSERT_TRUE(os.container.has_value());
  EXPECT_EQ(os.container->mounts.at(0).destination, "/data");
  EXPECT_EQ(os.container->ports.at(0).host_port, 9200);
  // The host's clock is two seconds ahead.
  EXPECT_EQ(os.container->started_at, kNow - Millis(1'000));
  EXPECT_EQ(os.container->finished_at, Time{});
  EXPECT_EQ(view.disks.at(0).free_bytes, 5u);
  EXPECT_TRUE(view.disks.at(0).holds_copies);
  EXPECT_EQ(view.clock_offset, Millis(2'000));
  EXPECT_EQ(view.last_seen, kNow);
}

TEST(ConvertTest, ServiceWithoutContainerHasNone) {
  pb::Project project;
  project.add_services()->set_name("os");
  EXPECT_FALSE(FromProto(project, Millis(0)).services.at(0).container.has_value());
}

TEST(ConvertTest, FactsOfContainersImagesAndTheKernel) {
  pb::Project project;
  pb::Container* container = project.add_services()->mutable_container();
  container->set_restart_policy("always");
  container->set_image_bytes(7);
  pb::Process* process = container->add_processes();
  process->set_pid(20);
  process->set_parent(10);
  process->set_program("java");
  project.add_images()->set_reference("not-here");
  pb::Image* broken = project.add_images();
  broken->set_present(true);
  broken->set_error("took too long");
  pb::Image* image = project.add_images();
  image->set_present(true);
  image->set_bytes(9);
  image->add_entries("repository-s3");
  const rollout::ProjectView view = FromProto(project, Millis(0));
  const rollout::ContainerView& seen = *view.services.at(0).container;
  EXPECT_EQ(seen.restart_policy, "always");
  EXPECT_EQ(seen.image_bytes, 7U);
  ASSERT_EQ(seen.processes.size(), 1U);
  EXPECT_EQ(seen.processes[0].parent, 10);
  EXPECT_EQ(seen.processes[0].program, "java");
  ASSERT_EQ(view.images.size(), 3U);
  EXPECT_FALSE(view.images[0].present);
  EXPECT_FALSE(view.images[1].entries.has_value());
  EXPECT_EQ(view.images[2].entries->front(), "repository-s3");
  pb::HostReport report;
  (*report.mutable_kernel_settings())["vm.max_map_count"] = "65530";
  rollout::HostView host;
  host.kernel_settings = {{"old", "1"}};
  ApplyReport(report, FromUnixMillis(1), &host);
  EXPECT_EQ(host.kernel_settings.size(), 1U);
  EXPECT_EQ(host.kernel_settings.at("vm.max_map_count"), "65530");
}

TEST(ConvertTest, QueryErrorsNameTheHost) {
  pb::OperationError error;
  error.set_code(pb::OPERATION_ERROR_CODE_UNKNOWN_SERVICE);
  error.set_message("no service os in project search");
  const Status status = ErrorOf(error, "h1");
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(Message(status), "host h1: no service os in project search");
  error.set_code(static_cast<pb::OperationErrorCode>(99));
  EXPECT_EQ(ErrorOf(error, "h1").code(), StatusCode::kInternal);
}

}  // namespace
}  // namespace drover::fleet
