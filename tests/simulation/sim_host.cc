#include "tests/simulation/sim_host.h"

#include <algorithm>

#include "controller/rollout/version.h"

namespace drover::simulation {
namespace {

using rollout::OperationEnd;
using rollout::OperationErrorCode;
using rollout::OperationState;

OperationEnd Failed(OperationErrorCode error, const std::string& message) {
  OperationEnd end;
  end.state = OperationState::kFailed;
  end.error = error;
  end.message = message;
  return end;
}

OperationEnd Interrupted() {
  OperationEnd end;
  end.state = OperationState::kInterrupted;
  end.message = "the agent was restarted in the middle";
  return end;
}

}  // namespace

SimHost::SimHost(Schedule& schedule, Random& random, SimCluster& cluster, Promises& promises,
                 int index)
    : schedule_(schedule),
      random_(random),
      cluster_(cluster),
      promises_(promises),
      index_(index),
      name_("h" + std::to_string(index + 1)),
      node_("os-" + std::to_string(index + 1)),
      file_image_(std::string(kRepository) + ":" + kOldVersion),
      image_(file_image_),
      content_(kOldVersion),
      started_at_(schedule.now() - Millis(3'600'000)) {
  images_[file_image_] = kOldVersion;
}

bool SimHost::NewContainer() const {
  return made_again_ || image_ != std::string(kRepository) + ":" + kOldVersion;
}

std::string SimHost::ContentOf(const std::string& image) const {
  return moved_tag_ ? kOtherVersion : rollout::ParseImage(image).tag;
}

void SimHost::StartContainer() {
  running_ = true;
  hung_ = false;
  stopped_by_verb_ = false;
  started_at_ = schedule_.now();
  const uint64_t life = ++life_;
  promises_.OnVolumeOpened(node_, opened_by_, content_, !copies_.empty());
  if (rollout::ParseVersion(opened_by_) < rollout::ParseVersion(content_)) opened_by_ = content_;
  if (next_start_ && NewContainer()) return BootBroken(*next_start_, life);
  Boot(life);
}

void SimHost::Boot(uint64_t life) {
  const Millis boot = random_.Between(3'000, 7'000) * slowness();
  schedule_.After(boot, [this, life] {
    if (life == life_ && running_ && !hung_) cluster_.Join(index_, content_);
  });
}

void SimHost::BootBroken(FaultKind how, uint64_t life) {
  switch (how) {
    case FaultKind::kNodeNeverJoins:
      hung_ = true;
      return;
    case FaultKind::kNodeBootsSlowly:
      schedule_.After(random_.Between(20'000, 50'000), [this, life] {
        if (life == life_ && running_) cluster_.Join(index_, content_);
      });
      return;
    case FaultKind::kNodeEndsAtBoot:
      restarts_ = false;
      schedule_.After(random_.Between(500, 3'000), [this, life] {
        if (life == life_ && running_) EndContainer(1, false);
      });
      return;
    case FaultKind::kNodeCrashLoops:
      schedule_.After(random_.Between(500, 3'000), [this, life] {
        if (life != life_ || !running_) return;
        ++restart_count_;
        EndContainer(1, false);
      });
      return;
    default:  // joins, and leaves again
      schedule_.After(random_.Between(3'000, 6'000), [this, life] {
        if (life != life_ || !running_) return;
        cluster_.Join(index_, content_);
        schedule_.After(random_.Between(500, 8'000), [this, life] {
          if (life != life_ || !running_) return;
          ++restart_count_;
          EndContainer(1, false);
        });
      });
  }
}

void SimHost::EndContainer(int exit_code, bool by_verb) {
  if (!running_) return;
  running_ = false;
  hung_ = false;
  exit_code_ = exit_code;
  stopped_by_verb_ = by_verb;
  const uint64_t life = ++life_;
  if (!by_verb) promises_.OnDisturbance();
  cluster_.Leave(index_);
  if (by_verb || !restarts_) return;
  // The Engine's restart policy.
  schedule_.After(random_.Between(300, 3'000), [this, life] {
    if (life == life_ && up_ && engine_up_) StartContainer();
  });
}

void SimHost::StopByVerb(const OperationId& id) {
  ++changes_.stops;
  promises_.BeforeStop();
  EndContainer(143, true);
  promises_.AfterStop(id);
}

struct SimHost::Verbs {
  SimHost& h;
  const OperationId& id;

  OperationEnd operator()(const rollout::PullImage& pull) {
    if (!h.images_.contains(pull.image)) {
      if (!h.image_exists_) return Failed(OperationErrorCode::kImageNotFound, "manifest unknown");
      if (!h.registry_up_) {
        return Failed(OperationErrorCode::kRegistryUnreachable, "connection refused");
      }
      if (h.disk_full_) return Failed(OperationErrorCode::kDiskFull, "no space left on device");
      h.images_[pull.image] = h.ContentOf(pull.image);
    }
    OperationEnd end;
    end.digest = "sha256:" + pull.image;
    return end;
  }
  OperationEnd operator()(const rollout::SetImage& set) {
    if (h.file_image_ == set.image) return {};
    if (h.file_image_ != set.expect) {
      return Failed(OperationErrorCode::kFileChanged, "the image is " + h.file_image_);
    }
    h.kept_[id] = h.file_image_;
    h.file_image_ = set.image;
    ++h.changes_.edits;
    return {};
  }
  OperationEnd operator()(const rollout::RestoreFile& restore) {
    const auto it = h.kept_.find(restore.operation_id);
    if (it == h.kept_.end()) return Failed(OperationErrorCode::kFileChanged, "nothing was kept");
    h.file_image_ = it->second;
    ++h.changes_.edits;
    return {};
  }
  OperationEnd operator()(const rollout::StopService&) {
    OperationEnd end;
    end.container_id = "c" + std::to_string(h.life_);
    end.exit_code = 143;
    if (!h.running_) {
      h.stopped_by_verb_ = true;  // the restart policy leaves it alone from now on
      ++h.life_;
      return end;
    }
    h.StopByVerb(id);
    return end;
  }
  OperationEnd operator()(const rollout::UpService& up) {
    h.promises_.OnUp(id, h.file_image_);
    const auto image = h.images_.find(h.file_image_);
    if (image == h.images_.end()) {
      return Failed(OperationErrorCode::kImageNotFound, "no such image: " + h.file_image_);
    }
    const bool same = h.image_ == h.file_image_ && h.content_ == image->second;
    if (!(same && h.running_) || up.recreate) {
      if (h.running_) h.StopByVerb(id);
      h.made_again_ = h.made_again_ || up.recreate;
      h.image_ = h.file_image_;
      h.content_ = image->second;
      h.restart_count_ = 0;
      h.restarts_ = true;
      if (h.next_start_ == FaultKind::kStartFails && h.NewContainer()) {
        h.started_at_ = Time{};
        h.exit_code_ = 128;
        return Failed(OperationErrorCode::kComposeFailed, "port is already allocated");
      }
      ++h.changes_.starts;
      h.StartContainer();
    }
    OperationEnd end;
    end.container_id = "c" + std::to_string(h.life_);
    end.image_id = "sha256:" + h.content_;
    return end;
  }
  OperationEnd operator()(const rollout::CopyVolume& copy) {
    if (h.running_) return Failed(OperationErrorCode::kComposeFailed, "the container is running");
    if (h.disk_full_) return Failed(OperationErrorCode::kDiskFull, "no room for a copy");
    h.copies_.insert(copy.name);
    OperationEnd end;
    end.copy = "/copies/" + copy.name;
    return end;
  }
  OperationEnd operator()(const rollout::RestoreVolume& restore) {
    if (h.running_) return Failed(OperationErrorCode::kComposeFailed, "the container is running");
    OperationEnd end;
    end.copy = "/copies/" + restore.name;
    end.aside = "/kept/" + restore.aside;
    return end;
  }
  OperationEnd operator()(const rollout::SetAsideVolume& aside) {
    if (h.running_) return Failed(OperationErrorCode::kComposeFailed, "the container is running");
    OperationEnd end;
    end.aside = "/kept/" + aside.name;
    return end;
  }
  OperationEnd operator()(const rollout::DownProject&) {
    return Failed(OperationErrorCode::kUnsupportedVerb, "the simulated policy forbids it");
  }
};

OperationEnd SimHost::Act(const OperationId& id, const rollout::Verb& verb) {
  if (!engine_up_) return Failed(OperationErrorCode::kEngineDown, "cannot connect to the Engine");
  promises_.OnVerb(id, verb);
  const bool of_companion = companion_ && IsOfCompanion(verb);
  OperationEnd end = of_companion ? companion_->Act(verb) : std::visit(Verbs{*this, id}, verb);
  end.started_at = end.ended_at = schedule_.now();
  return end;
}

OperationEnd SimHost::Examine(const OperationId& id, const rollout::Verb& verb, Time began) const {
  if (companion_ && IsOfCompanion(verb) && engine_up_) return companion_->Examine(verb);
  OperationEnd done;
  done.started_at = began;
  done.ended_at = schedule_.now();
  if (const auto* set = std::get_if<rollout::SetImage>(&verb)) {
    return kept_.contains(id) && file_image_ == set->image ? done : Interrupted();
  }
  if (const auto* restore = std::get_if<rollout::RestoreFile>(&verb)) {
    const auto it = kept_.find(restore->operation_id);
    return it != kept_.end() && it->second == file_image_ ? done : Interrupted();
  }
  if (const auto* copy = std::get_if<rollout::CopyVolume>(&verb)) {
    if (!copies_.contains(copy->name)) return Interrupted();
    done.copy = "/copies/" + copy->name;
    return done;
  }
  if (!engine_up_) {
    OperationEnd end = Interrupted();
    end.error = OperationErrorCode::kEngineDown;
    return end;
  }
  if (const auto* pull = std::get_if<rollout::PullImage>(&verb)) {
    if (!images_.contains(pull->image)) return Interrupted();
    done.digest = "sha256:" + pull->image;
    return done;
  }
  if (std::holds_alternative<rollout::StopService>(verb)) return running_ ? Interrupted() : done;
  const bool made_since = started_at_ >= began || !std::get<rollout::UpService>(verb).recreate;
  const bool up = running_ && image_ == file_image_ && made_since;
  return up ? done : Interrupted();
}

void SimHost::AddCompanion() { companion_.emplace(schedule_, random_, promises_, kOldVersion); }

rollout::ContainerView SimHost::Container() const {
  rollout::ContainerView view;
  view.id = "c" + std::to_string(life_);
  view.name = "opensearch-" + name_;
  view.image = image_;
  view.image_id = "sha256:" + content_;
  view.state = running_ ? "running" : started_at_ == Time{} ? "created" : "exited";
  view.exit_code = exit_code_;
  view.restart_count = restart_count_;
  view.started_at = started_at_;
  view.mounts = {{"volume", "search_data", "/var/lib/docker/volumes/search_data",
                  "/usr/share/opensearch/data", false},
                 {"bind", "", "/srv/snap", "/snap", false}};
  return view;
}

rollout::ProjectView SimHost::Project() const {
  rollout::ServiceView service;
  service.name = "opensearch";
  service.image = file_image_;
  service.container = Container();
  service.environment = {{"node.name", node_}};
  rollout::ProjectView project;
  project.name = "search";
  project.working_dir = "/srv/search";
  project.file_sha256 = {{"/srv/search/docker-compose.yml", "hash of " + file_image_}};
  project.services = {std::move(service)};
  if (!engine_up_) project.error = "cannot connect to the Engine";
  return project;
}

void SimHost::Break(FaultKind kind) {
  switch (kind) {
    case FaultKind::kHostSlow:
      slow_ = true;
      return;
    case FaultKind::kEngineDown:
      engine_up_ = false;
      if (running_) {
        EndContainer(137, false);
      }
      return;
    case FaultKind::kDiskFull:
      disk_full_ = true;
      return;
    case FaultKind::kRegistryDown:
      registry_up_ = false;
      return;
    case FaultKind::kImageMissing:
      image_exists_ = false;
      return;
    case FaultKind::kWrongVersion:
      moved_tag_ = true;
      return;
    default:
      next_start_ = kind;
      return;
  }
}

void SimHost::Mend(FaultKind kind) {
  if (kind == FaultKind::kHostSlow) slow_ = false;
  if (kind == FaultKind::kDiskFull) disk_full_ = false;
  if (kind == FaultKind::kRegistryDown) registry_up_ = true;
  if (kind == FaultKind::kImageMissing) image_exists_ = true;
  if (kind == FaultKind::kEngineDown && !engine_up_) {
    engine_up_ = true;
    if (up_ && !running_ && !stopped_by_verb_ && restarts_) StartContainer();
  }
}

void SimHost::Reboot(Millis away) {
  if (!up_) return;
  up_ = false;
  if (companion_) companion_->Lose();
  if (running_) EndContainer(137, false);
  schedule_.After(away, [this] {
    up_ = true;
    if (engine_up_ && !running_ && !stopped_by_verb_ && restarts_) StartContainer();
  });
}

void SimHost::KillNode() {
  if (!running_) return;
  restarts_ = random_.Chance(50);
  EndContainer(137, false);
}

// The operator's hand: whatever was wrong is mended; where a container had ended by itself, half of
// them start it and half leave that to Drover.
void SimHost::Heal() {
  for (FaultKind kind : {FaultKind::kHostSlow, FaultKind::kDiskFull, FaultKind::kRegistryDown,
                         FaultKind::kImageMissing, FaultKind::kEngineDown}) {
    Mend(kind);
  }
  if (moved_tag_) {
    moved_tag_ = false;
    for (auto& [reference, content] : images_) content = ContentOf(reference);
  }
  const std::optional<FaultKind> was = std::exchange(next_start_, std::nullopt);
  if (hung_) {
    hung_ = false;
    Boot(life_);
  }
  // Drover brings up the only node that may be elected. Where another one holds the vote, nobody
  // but an operator can.
  const bool may_leave = cluster_.HasManager() || cluster_.Eligible() == 1;
  const bool leave_it =
      was == FaultKind::kNodeEndsAtBoot && NewContainer() && may_leave && random_.Chance(50);
  if (up_ && !running_ && !stopped_by_verb_ && !leave_it && started_at_ != Time{}) {
    restarts_ = true;
    StartContainer();
  }
}

void SimHost::StartByHand() {
  if (!up_ || !engine_up_ || running_ || started_at_ == Time{}) return;
  stopped_by_verb_ = false;
  restarts_ = true;
  StartContainer();
}

}  // namespace drover::simulation
