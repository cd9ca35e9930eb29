#include "tests/simulation/sim_companion.h"

#include <variant>

namespace drover::simulation {
namespace {

using rollout::OperationEnd;
using rollout::OperationState;

struct ServiceOf {
  std::string operator()(const rollout::PullImage& verb) const { return verb.service; }
  std::string operator()(const rollout::SetImage& verb) const { return verb.service; }
  std::string operator()(const rollout::StopService& verb) const { return verb.service; }
  std::string operator()(const rollout::UpService& verb) const { return verb.service; }
  std::string operator()(const rollout::CopyVolume& verb) const { return verb.service; }
  std::string operator()(const rollout::RestoreVolume& verb) const { return verb.service; }
  std::string operator()(const rollout::SetAsideVolume& verb) const { return verb.service; }
  std::string operator()(const rollout::RestoreFile&) const { return ""; }
  std::string operator()(const rollout::DownProject&) const { return ""; }
};

OperationEnd Failed(rollout::OperationErrorCode error, const std::string& message) {
  OperationEnd end;
  end.state = OperationState::kFailed;
  end.error = error;
  end.message = message;
  return end;
}

}  // namespace

bool IsOfCompanion(const rollout::Verb& verb) {
  return std::visit(ServiceOf{}, verb) == kCompanionService;
}

SimCompanion::SimCompanion(Schedule& schedule, Random& random, Promises& promises,
                           const std::string& version)
    : schedule_(schedule),
      random_(random),
      promises_(promises),
      file_image_(std::string(kCompanionRepository) + ":" + version),
      image_(file_image_),
      pulled_(file_image_) {}

struct SimCompanion::Verbs {
  SimCompanion& c;

  OperationEnd operator()(const rollout::PullImage& pull) {
    c.pulled_ = pull.image;
    OperationEnd end;
    end.digest = "sha256:" + pull.image;
    return end;
  }
  OperationEnd operator()(const rollout::SetImage& set) {
    if (c.file_image_ == set.image) return {};
    if (c.file_image_ != set.expect) {
      return Failed(rollout::OperationErrorCode::kFileChanged, "the image is " + c.file_image_);
    }
    c.file_image_ = set.image;
    return {};
  }
  OperationEnd operator()(const rollout::StopService&) {
    c.promises_.OnCompanionStops();
    c.running_ = false;
    c.stopped_by_verb_ = true;
    return {};
  }
  OperationEnd operator()(const rollout::UpService&) {
    if (c.file_image_ != c.image_ && c.file_image_ != c.pulled_) {
      return Failed(rollout::OperationErrorCode::kImageNotFound, "no such image");
    }
    if (!c.running_ || c.image_ != c.file_image_) {
      ++c.life_;
      c.healthy_at_ = c.schedule_.now() + c.random_.Between(500, 6'000);
    }
    c.image_ = c.file_image_;
    c.running_ = true;
    c.stopped_by_verb_ = false;
    OperationEnd end;
    end.container_id = "d" + std::to_string(c.life_);
    return end;
  }
  OperationEnd operator()(const rollout::CopyVolume&) { return {}; }
  OperationEnd operator()(const rollout::RestoreVolume&) { return {}; }
  OperationEnd operator()(const rollout::SetAsideVolume&) { return {}; }
  OperationEnd operator()(const rollout::RestoreFile&) { return {}; }
  OperationEnd operator()(const rollout::DownProject&) { return {}; }
};

OperationEnd SimCompanion::Act(const rollout::Verb& verb) { return std::visit(Verbs{*this}, verb); }

OperationEnd SimCompanion::Examine(const rollout::Verb& verb) const {
  bool done = false;
  if (const auto* pull = std::get_if<rollout::PullImage>(&verb)) done = pulled_ == pull->image;
  if (const auto* set = std::get_if<rollout::SetImage>(&verb)) done = file_image_ == set->image;
  if (std::holds_alternative<rollout::StopService>(verb)) done = !running_;
  if (std::holds_alternative<rollout::UpService>(verb)) done = running_ && image_ == file_image_;
  OperationEnd end;
  if (!done) {
    end.state = OperationState::kInterrupted;
    end.message = "the agent was restarted in the middle";
    return end;
  }
  if (const auto* pull = std::get_if<rollout::PullImage>(&verb)) {
    end.digest = "sha256:" + pull->image;
  }
  end.container_id = "d" + std::to_string(life_);
  return end;
}

rollout::ContainerView SimCompanion::Container() const {
  rollout::ContainerView view;
  view.id = "d" + std::to_string(life_);
  view.name = kCompanionService;
  view.image = image_;
  view.state = running_ ? "running" : "exited";
  view.health = !running_ ? "" : schedule_.now() >= healthy_at_ ? "healthy" : "starting";
  view.started_at = FromUnixMillis(1'700'000'000'000);
  return view;
}

rollout::ProjectView SimCompanion::Project() const {
  rollout::ServiceView service;
  service.name = kCompanionService;
  service.image = file_image_;
  service.container = Container();
  rollout::ProjectView project;
  project.name = kCompanionService;
  project.services = {std::move(service)};
  return project;
}

// The Engine's restart policy brings it back at once: only its health starts anew.
void SimCompanion::Lose() {
  if (running_) healthy_at_ = schedule_.now() + random_.Between(500, 20'000);
}

bool SimCompanion::Runs(const std::string& version) const {
  const std::string wanted = std::string(kCompanionRepository) + ":" + version;
  return running_ && image_ == wanted && file_image_ == wanted;
}

}  // namespace drover::simulation
