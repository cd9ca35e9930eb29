#include "controller/driver/world_observer.h"

#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "common/base/files.h"
#include "common/crypto/crypto.h"
#include "controller/opensearch/upgrade_snapshots.h"
#include "controller/rollout/match.h"
#include "controller/rollout/version.h"

namespace drover::driver {
namespace {

constexpr Millis kInspectTimeout{15'000};
// Looking into an image reads all of one of its folders.
constexpr Millis kImagesTimeout{75'000};

using ProjectKey = std::pair<std::string, std::string>;

// Collects the answers of several hosts.
class ProjectAnswers {
 public:
  explicit ProjectAnswers(size_t expected) : missing_(expected) {}

  void Add(const ProjectKey& key, StatusOr<rollout::ProjectView> answer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    rollout::ProjectView view;
    if (answer.ok()) {
      view = std::move(*answer);
    } else {
      view.name = key.second;
      view.error = Message(answer.status());
    }
    views_[key] = std::move(view);
    if (--missing_ == 0) done_.notify_all();
  }

  std::map<ProjectKey, rollout::ProjectView> Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return missing_ == 0; });
    return std::move(views_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  size_t missing_;
  std::map<ProjectKey, rollout::ProjectView> views_;
};

// The image that a member would run, by what its host last reported; empty where nothing is to be
// done.
std::string TargetImage(const rollout::PlanRequest& request, const rollout::HostView& host,
                        const rollout::MemberSpec& member) {
  if (!request.image.empty()) return request.image;
  const rollout::ProjectView* project = host.Project(member.project);
  const rollout::ServiceView* service =
      project == nullptr ? nullptr : project->Service(member.service);
  if (service == nullptr || service->image.empty()) return "";
  if (request.kind == rollout::Kind::kRestart) return service->image;
  if (request.to_version.empty()) return "";
  return rollout::WithTag(service->image, request.to_version);
}

// The verbs that the rollout would order for the member.
std::vector<std::string> VerbsFor(const rollout::PlanRequest& request,
                                  const rollout::HostView& host,
                                  const rollout::MemberSpec& member) {
  if (request.kind == rollout::Kind::kRestart) return {"StopService", "UpService"};
  std::vector<std::string> verbs = {"PullImage", "SetImage", "StopService", "UpService"};
  if (request.kind == rollout::Kind::kRollback) {
    verbs.push_back(request.tier == 2 ? "RestoreVolume" : "SetAsideVolume");
    return verbs;
  }
  if (request.strategy == rollout::Strategy::kFull) {
    verbs.push_back("CopyVolume");
    return verbs;
  }
  const rollout::ProjectView* project = host.Project(member.project);
  const rollout::ServiceView* service =
      project == nullptr ? nullptr : project->Service(member.service);
  if (service == nullptr) return verbs;
  const auto from = rollout::ParseVersion(rollout::ParseImage(service->image).tag);
  const auto to = rollout::ParseVersion(request.to_version);
  if (from && to && from->major < to->major) verbs.push_back("CopyVolume");
  return verbs;
}

std::optional<Time> EndOfCertificate(const std::string& path) {
  if (path.empty()) return std::nullopt;
  const StatusOr<std::string> pem = ReadFile(path);
  if (!pem.ok()) return std::nullopt;
  const auto certificate = crypto::ReadCertificate(*pem);
  if (!certificate.ok()) return std::nullopt;
  return certificate->not_after;
}

}  // namespace

WorldObserver::WorldObserver(Clusters& clusters, fleet::Agents& agents, fleet::Leftovers& leftovers,
                             Clock& clock)
    : clusters_(clusters), agents_(agents), leftovers_(leftovers), clock_(clock) {}

void WorldObserver::ObserveCopies(const rollout::ClusterSpec& spec, rollout::World* world) {
  using Answer = std::pair<std::string, StatusOr<std::vector<fleet::Leftover>>>;
  std::set<std::string> hosts;
  for (const rollout::MemberSpec& member : spec.members) hosts.insert(member.host);
  auto answers = std::make_shared<std::promise<std::vector<Answer>>>();
  struct Collected {
    std::mutex mutex;
    std::vector<Answer> answers;
  };
  auto collected = std::make_shared<Collected>();
  for (const std::string& host : hosts) {
    leftovers_.ListLeftovers(
        host, kInspectTimeout,
        [=, count = hosts.size()](StatusOr<std::vector<fleet::Leftover>> answer) {
          const std::lock_guard<std::mutex> lock(collected->mutex);
          collected->answers.emplace_back(host, std::move(answer));
          if (collected->answers.size() == count) answers->set_value(collected->answers);
        });
  }
  if (hosts.empty()) return;
  for (const auto& [host, answer] : answers->get_future().get()) {
    if (!answer.ok()) continue;
    world->hosts_with_copies_told.insert(host);
    for (const fleet::Leftover& one : *answer) {
      if (one.kind != fleet::LeftoverKind::kColdCopy) continue;
      world->cold_copies.insert(host + "/" + one.project + "/" + one.service + " " + one.name);
    }
  }
}

void WorldObserver::ObserveRepository(const rollout::ClusterSpec& spec, opensearch::ClusterApi& api,
                                      bool may_register, rollout::World* world) {
  const std::string& name = spec.snapshot.repository;
  world->repository.name = name;
  if (name.empty()) return;
  StatusOr<rollout::RepositoryView> found = api.GetRepository(name);
  if (!found.ok()) {
    world->repository.verify_error = Message(found.status());
    world->repository.exists = true;
    return;
  }
  world->repository = std::move(*found);
  const bool registers = !world->repository.exists && may_register && !spec.snapshot.type.empty();
  if (registers) {
    if (const Status status = api.RegisterRepository(spec.snapshot); !status.ok()) {
      world->repository.exists = true;
      world->repository.type = spec.snapshot.type;
      world->repository.verify_error = Message(status);
      // A registration whose verification fails stays registered otherwise.
      api.DeleteRepository(name).IgnoreError();
      return;
    }
  } else if (!world->repository.exists) {
    return;
  }
  StatusOr<rollout::RepositoryView> verified = api.VerifyRepository(name);
  if (verified.ok()) {
    world->repository = std::move(*verified);
  } else {
    world->repository.verify_error = Message(verified.status());
  }
  world->repository.exists = true;
  if (registers && !world->repository.verify_error.empty()) {
    // Refused: the cluster is left as it was found.
    api.DeleteRepository(name).IgnoreError();
  }
}

// The newest one decides: an older upgrade than the last one has ended. So one that cannot be read
// leaves it open.
void WorldObserver::FindAdoptable(const rollout::ClusterSpec& spec, opensearch::ClusterApi& api,
                                  rollout::World* world) {
  const auto all = opensearch::ListAllSnapshots(api, spec.snapshot.repository);
  if (!all.ok()) {
    world->adoptable_error = Message(all.status());
    return;
  }
  if (!all->unreadable.empty()) {
    world->adoptable_error = all->unreadable.front();
    return;
  }
  std::optional<rollout::SnapshotView>& newest = world->adoptable;
  for (const rollout::SnapshotView& snapshot : all->snapshots) {
    if (snapshot.state != "SUCCESS" || !snapshot.origin) continue;
    if (snapshot.origin->cluster_uuid != world->cluster.cluster_uuid) continue;
    if (!newest || snapshot.ended_at > newest->ended_at) newest = snapshot;
  }
}

rollout::World WorldObserver::Observe(const rollout::ClusterSpec& spec,
                                      const ObserveOptions& options) {
  rollout::World world;
  world.at = clock_.Now();
  world.client_certificate_ends = EndOfCertificate(spec.tls.client_certificate);
  std::shared_ptr<ProjectAnswers> answers;
  if (options.hosts) {
    world.hosts = agents_.Hosts();
    std::map<ProjectKey, fleet::ProjectQuestion> wanted;
    for (const rollout::MemberSpec& member : spec.members) {
      const rollout::HostView* host = world.Host(member.host);
      if (host == nullptr || !host->connected) continue;
      fleet::ProjectQuestion& question = wanted[{member.host, member.project}];
      question.environment_keys = rollout::WantedEnvironment();
      question.verbs = VerbsFor(options.request, *host, member);
      if (std::string image = TargetImage(options.request, *host, member); !image.empty()) {
        question.images.push_back(std::move(image));
      }
      if (options.images) {
        question.image_folder = rollout::PluginFolder();
        question.processes = true;
      }
    }
    if (options.request.kind == rollout::Kind::kUpgrade && !options.request.to_version.empty()) {
      for (const rollout::CompanionSpec& companion : spec.companions) {
        const rollout::HostView* host = world.Host(companion.host);
        if (host == nullptr || !host->connected) continue;
        wanted[{companion.host, companion.project}].images.push_back(
            rollout::CompanionImage(companion, options.request.to_version));
      }
    }
    if (options.request.kind == rollout::Kind::kRollback) {
      for (const rollout::CompanionSpec& companion : spec.companions) {
        const rollout::HostView* host = world.Host(companion.host);
        if (host != nullptr && host->connected) wanted[{companion.host, companion.project}];
      }
    }
    answers = std::make_shared<ProjectAnswers>(wanted.size() + 1);
    for (const auto& [key, question] : wanted) {
      agents_.InspectProject(key.first, key.second, question,
                             options.images ? kImagesTimeout : kInspectTimeout,
                             [answers, key = key](StatusOr<rollout::ProjectView> answer) {
                               answers->Add(key, std::move(answer));
                             });
    }
  }
  if (options.hosts && options.request.tier == 2) ObserveCopies(spec, &world);
  StatusOr<std::shared_ptr<opensearch::ClusterApi>> api = clusters_.Get(spec);
  StatusOr<rollout::ClusterObservation> cluster =
      api.ok() ? (*api)->Observe() : StatusOr<rollout::ClusterObservation>(api.status());
  if (cluster.ok()) {
    world.cluster = std::move(*cluster);
    if (options.inspection) world.inspection = (*api)->Inspect(world.cluster);
    if (options.explanation) {
      const StatusOr<std::string> why = (*api)->ExplainAllocation();
      if (why.ok()) world.cluster.explanation = *why;
      const StatusOr<std::string> security = (*api)->CheckSecurityUpgrade();
      world.cluster.security_upgrade = security.ok() ? *security : Message(security.status());
    }
    if (options.operations) (*api)->AddOperations(&world.cluster);
    if (options.request.adopt) {
      FindAdoptable(spec, **api, &world);
    }
    if (options.repository) {
      ObserveRepository(spec, **api, options.register_repository, &world);
    }
  } else {
    world.cluster_error = Message(cluster.status());
  }
  if (answers) {
    answers->Add({"", ""}, rollout::ProjectView{});
    world.projects = answers->Wait();
    world.projects.erase({"", ""});
  }
  return world;
}

}  // namespace drover::driver
