#include <algorithm>

#include "agent/compose/compose_verbs.h"
#include "agent/compose/outcome.h"
#include "agent/compose/wire_time.h"

namespace drover::agent {
namespace {

bool Runs(const std::string& state) {
  return state == "running" || state == "paused" || state == "restarting";
}

// Rounded up: a process is never given less time than asked for.
int64_t Seconds(bool given, const google::protobuf::Duration& duration) {
  return given ? (SpanOnWire(duration).count() + 999) / 1000 : -1;
}

std::function<void(OutputStream, const std::string&)> Telling(const HostVerbs::Progress& progress) {
  return [&progress](OutputStream, const std::string& line) {
    if (!progress) return;
    v1::OperationProgress update;
    update.set_text(ShowableLine(line.substr(0, 200)));
    if (!update.text().empty()) progress(update);
  };
}

}  // namespace

v1::StopServiceResult ComposeVerbs::StopResult(const ContainerDetail& stopped, Time since) {
  v1::StopServiceResult result;
  result.set_container_id(stopped.id);
  result.set_exit_code(stopped.exit_code);
  Time signalled = since;
  bool saw_kill = false;
  bool killed = false;
  // From a second before: the Engine's clock and this one are the same, but not their rounding.
  const auto events =
      parts_.engine->PastEvents(stopped.id, since - Millis(1000), parts_.clock->Now());
  if (events.ok()) {
    for (const EngineEvent& event : *events) {
      if (event.action != "kill") continue;
      if (!saw_kill) signalled = event.time;
      saw_kill = true;
      const std::string signal = Label(event.attributes, "signal");
      killed = killed || signal == "9" || signal == "KILL" || signal == "SIGKILL";
    }
  }
  if (!saw_kill) killed = stopped.exit_code == 137 && !stopped.oom_killed;
  result.set_killed(killed);
  const Millis took = std::max(stopped.finished_at - signalled, Millis(0));
  *result.mutable_took() = WireSpan(took);
  return result;
}

StatusOr<v1::OperationEnd> ComposeVerbs::Stop(const Job& job, const Prepared& prepared) {
  const v1::StopService& verb = job.order.verb().stop_service();
  v1::OperationEnd end = Succeeded();
  const ContainerSummary* found = prepared.scan.ContainerOf(job.order.project(), verb.service());
  if (found == nullptr) {
    end.mutable_stop_service()->set_was_stopped(true);
    return end;
  }
  if (!Runs(found->state)) {
    DROVER_ASSIGN_OR_RETURN(const ContainerDetail stopped,
                            parts_.engine->InspectContainer(found->id));
    end.mutable_stop_service()->set_container_id(stopped.id);
    end.mutable_stop_service()->set_exit_code(stopped.exit_code);
    end.mutable_stop_service()->set_was_stopped(true);
    return end;
  }
  const Time since = parts_.clock->Now();
  RunOptions options = OptionsOf(job);
  options.on_line = Telling(job.progress);
  SignalRelay relay(parts_.engine, found->id, verb.process(), parts_.terminate);
  const StatusOr<CommandResult> result = parts_.compose->Stop(
      prepared.place, verb.service(), Seconds(verb.has_timeout(), verb.timeout()), options);
  const std::string passed_on = relay.Finish();
  DROVER_RETURN_IF_ERROR(FailureOf("Compose's stop of " + verb.service(), result));
  DROVER_ASSIGN_OR_RETURN(const ContainerDetail stopped,
                          parts_.engine->InspectContainer(found->id));
  if (Runs(stopped.state)) {
    return VerbError(v1::OPERATION_ERROR_CODE_COMPOSE_FAILED,
                     "Compose's stop of " + verb.service() + " was done, but the container " +
                         stopped.name + " is " + stopped.state + "; does something else start it?",
                     LastLines(*result));
  }
  *end.mutable_stop_service() = StopResult(stopped, since);
  end.mutable_stop_service()->set_passed_on(passed_on);
  return end;
}

StatusOr<v1::OperationEnd> ComposeVerbs::Up(const Job& job, const Prepared& prepared) {
  const v1::UpService& verb = job.order.verb().up_service();
  const ContainerSummary* before = prepared.scan.ContainerOf(job.order.project(), verb.service());
  RunOptions options = OptionsOf(job);
  options.on_line = Telling(job.progress);
  const StatusOr<CommandResult> result =
      parts_.compose->Up(prepared.place, verb.service(), verb.recreate(), options);
  DROVER_RETURN_IF_ERROR(FailureOf("Compose's up of " + verb.service(), result));
  DROVER_ASSIGN_OR_RETURN(const ContainerDetail now,
                          FindContainer(job.order.project(), verb.service()));
  if (now.state != "running") {
    std::string why = "exit code " + std::to_string(now.exit_code);
    if (!now.error.empty()) why = ShowableLine(now.error);
    if (now.oom_killed) why += ", out of memory";
    return VerbError(v1::OPERATION_ERROR_CODE_COMPOSE_FAILED,
                     "The container " + now.name + " of " + verb.service() +
                         " was started but is " + now.state + " (" + why + "); read its log",
                     LastLines(*result));
  }
  v1::OperationEnd end = Succeeded();
  end.mutable_up_service()->set_container_id(now.id);
  end.mutable_up_service()->set_image_id(now.image_id);
  end.mutable_up_service()->set_recreated(before == nullptr || before->id != now.id);
  return end;
}

StatusOr<v1::OperationEnd> ComposeVerbs::Down(const Job& job, const Prepared& prepared) {
  const v1::DownProject& verb = job.order.verb().down_project();
  const auto count = [&job](const HostScan& scan) {
    return std::count_if(scan.containers.begin(), scan.containers.end(),
                         [&job](const ContainerSummary& container) {
                           return Label(container.labels, kProjectLabel) == job.order.project();
                         });
  };
  RunOptions options = OptionsOf(job);
  options.on_line = Telling(job.progress);
  const StatusOr<CommandResult> result =
      parts_.compose->Down(prepared.place, Seconds(verb.has_timeout(), verb.timeout()), options);
  DROVER_RETURN_IF_ERROR(FailureOf("Compose's down of " + job.order.project(), result));
  const HostScan after = catalog_.Scan();
  DROVER_RETURN_IF_ERROR(after.engine);
  v1::OperationEnd end = Succeeded();
  end.mutable_down_project()->set_removed_containers(
      static_cast<int32_t>(count(prepared.scan) - count(after)));
  return end;
}

}  // namespace drover::agent
