// HostVerbs over Compose, the Engine and the host's policy.
#ifndef DROVER_AGENT_COMPOSE_COMPOSE_VERBS_H_
#define DROVER_AGENT_COMPOSE_COMPOSE_VERBS_H_

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>

#include "agent/compose/image_editor.h"
#include "agent/compose/kept_files.h"
#include "agent/compose/project_catalog.h"
#include "agent/compose/rehearsals.h"
#include "agent/compose/signal_relay.h"
#include "agent/compose/verbs.h"
#include "agent/process/terminate.h"
#include "agent/volumes/cold_copy.h"
#include "agent/volumes/kept_volumes.h"

namespace drover::agent {

// Thread safe. Files by theme: compose_verbs.cc (check, run), verb_pull.cc, verb_set_image.cc,
// verb_service.cc, verb_copy.cc, verb_volume.cc, leftovers.cc, examine.cc, report.cc, answer.cc,
// look.cc, watch.cc.
class ComposeVerbs final : public HostVerbs {
 public:
  // All outlive this.
  struct Parts {
    Engine* engine = nullptr;
    Compose* compose = nullptr;
    PolicyFile* policy = nullptr;
    Clock* clock = nullptr;
    std::string state_dir;
    Variables::Environment environment;
    // How long Examine waits for an Engine that is still starting.
    Millis engine_wait{30'000};
    // How a process in a container is ended.
    SignalRelay::Terminate terminate = Terminate;
  };

  explicit ComposeVerbs(const Parts& parts);

  v1::OperationError Check(const v1::StartOperation& order) override;
  v1::OperationEnd Run(const v1::StartOperation& order, const Progress& progress,
                       const StopRequest& stop) override;
  v1::OperationEnd Examine(const v1::StartOperation& order, Time started_at) override;
  v1::HostReport Report() override;
  void FillHello(v1::Hello* hello) override;
  v1::QueryResult Answer(const v1::Query& query) override;
  Status FollowLog(const v1::TailLog& request, const StopRequest& stop,
                   const std::function<bool(const std::string& bytes)>& sink) override;
  bool WaitForChange(Millis timeout) override;

 private:
  // An order that may run, and what it is about.
  struct Prepared {
    ProjectPlace place;
    ProjectFiles files;
    HostScan scan;
  };
  // A verb that runs.
  struct Job {
    const v1::StartOperation& order;
    const Progress& progress;
    const StopRequest& stop;
    SteadyTime deadline;
  };

  StatusOr<Prepared> Prepare(const v1::StartOperation& order);
  Status CheckArguments(const v1::StartOperation& order);
  Status CheckService(const Prepared& prepared, const std::string& service);
  SteadyTime DeadlineOf(const v1::StartOperation& order);
  RunOptions OptionsOf(const Job& job) const;
  // CommandFailure; ENGINE_DOWN whatever Compose said, where the Engine does not answer any more.
  Status FailureOf(const std::string& what, const StatusOr<CommandResult>& result);
  StatusOr<v1::OperationEnd> RunVerb(const Job& job, const Prepared& prepared);

  StatusOr<v1::OperationEnd> Pull(const Job& job);
  // For a rehearsal: a pull that no order asked for.
  Status PullFor(const std::string& image, const Progress& progress, const StopRequest& stop);
  Status PullByEngine(const Job& job, const std::string& image);
  Status PullByCli(const Job& job, const std::string& image);
  v1::PullImageResult PullResult(const std::string& image, const ImageDetail& detail) const;

  StatusOr<v1::OperationEnd> SetImage(const Job& job, const Prepared& prepared);
  Status VerifyImage(const ProjectPlace& place, const std::string& service,
                     const std::string& wanted, const RunOptions& options);
  StatusOr<v1::OperationEnd> RestoreFile(const Job& job, const Prepared& prepared);

  StatusOr<v1::OperationEnd> Stop(const Job& job, const Prepared& prepared);
  StatusOr<v1::OperationEnd> Up(const Job& job, const Prepared& prepared);
  StatusOr<v1::OperationEnd> Down(const Job& job, const Prepared& prepared);
  StatusOr<v1::OperationEnd> Copy(const Job& job);
  v1::StopServiceResult StopResult(const ContainerDetail& stopped, Time since);

  StatusOr<v1::OperationEnd> ExamineVerb(const v1::StartOperation& order, Time started_at);
  StatusOr<v1::OperationEnd> ExaminePull(const v1::PullImage& verb, Time started_at);
  StatusOr<v1::OperationEnd> ExamineSetImage(const v1::StartOperation& order,
                                             const Prepared& prepared);
  StatusOr<v1::OperationEnd> ExamineRestore(const v1::RestoreFile& verb);
  StatusOr<v1::OperationEnd> ExamineStop(const v1::StopService& verb, const Prepared& prepared,
                                         Time started_at);
  StatusOr<v1::OperationEnd> ExamineCopy(const v1::StartOperation& order) const;
  StatusOr<v1::OperationEnd> RestoreVolume(const Job& job);
  StatusOr<v1::OperationEnd> SetAsideVolume(const Job& job);
  StatusOr<v1::OperationEnd> ExamineVolume(const v1::StartOperation& order) const;
  // Where on the host the service's container, which must be stopped, has the folder `path`.
  // Below a mount of it, links resolved; below one that it may write to where it is `to_change`.
  StatusOr<std::string> StoppedFolder(const std::string& project, const std::string& service,
                                      const std::string& path, bool to_change);
  CopyOptions CopyOptionsOf(const Job& job) const;
  StatusOr<v1::OperationEnd> ExamineUp(const v1::UpService& verb, const Prepared& prepared,
                                       Time started_at);
  void WaitForEngine();

  v1::Project ReportProject(const HostScan& scan, const ProjectPlace& place);
  void AddDisks(const HostScan& scan, v1::HostReport* report);
  static void AddKernelSettings(v1::HostReport* report);
  static void AddMemory(v1::HostReport* report);
  void AddImages(const v1::InspectProject& query, v1::Project* project);
  // Why a tag that the query asks about could not be set, of each service that has that image.
  void AddEditDenials(const v1::InspectProject& query, const ProjectPlace& place,
                      const ProjectFiles& files, v1::Project* project) const;
  void AddContainerFacts(const v1::InspectProject& query, v1::Container* container);
  // Cached by the image's id: an image does not change.
  StatusOr<std::vector<std::string>> NamesInImage(const ImageDetail& image,
                                                  const std::string& reference,
                                                  const std::string& folder);
  StatusOr<v1::Project> InspectProject(const v1::InspectProject& query);
  StatusOr<v1::LogTail> ReadLogTail(const v1::TailLog& query);
  v1::Leftovers ListLeftovers() const;
  StatusOr<v1::RemovedLeftover> RemoveLeftover(const v1::RemoveLeftover& query);
  StatusOr<ContainerDetail> FindContainer(const std::string& project, const std::string& service);
  bool IsOurs(const EngineEvent& event);

  const Parts parts_;
  ProjectCatalog catalog_;
  KeptFiles kept_;
  ColdCopies copies_;
  KeptVolumes kept_volumes_;
  // Held by verbs that use copies and kept volumes together, by a removal alone.
  std::shared_mutex leftovers_mutex_;
  Rehearsals rehearsals_;

  std::mutex hello_mutex_;
  std::optional<SteadyTime> asked_spellings_at_;

  std::mutex folders_mutex_;
  // "image id folder" → its names.
  std::map<std::string, std::vector<std::string>> folders_;

  std::mutex watch_mutex_;
  std::unique_ptr<EventStream> events_;
  bool watched_before_ = false;
  bool engine_lost_ = false;
};

// Fills `to` with what the Engine says of a container.
void FillContainer(const ContainerDetail& detail, v1::Container* to);

// A successful end with neither result nor times yet.
v1::OperationEnd Succeeded();

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_COMPOSE_VERBS_H_
