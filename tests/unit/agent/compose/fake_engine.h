// An Engine in memory.
#ifndef DROVER_TESTS_UNIT_AGENT_COMPOSE_FAKE_ENGINE_H_
#define DROVER_TESTS_UNIT_AGENT_COMPOSE_FAKE_ENGINE_H_

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/compose/discovery.h"
#include "agent/docker/engine.h"
#include "agent/docker/image_reference.h"

namespace drover::agent {

class FakeEngine final : public Engine {
 public:
  // Set by tests, read by the code under test; one thread at a time.
  std::vector<ContainerDetail> containers;
  std::map<std::string, ImageDetail> images;    // by canonical reference
  std::map<std::string, ImageDetail> registry;  // what a pull brings
  std::vector<EngineEvent> past_events;
  std::vector<EngineEvent> coming_events;
  std::map<std::string, std::vector<ContainerProcess>> processes;  // by container id
  std::string log;
  Status down;         // not OK: the Engine does not answer
  Status pull_result;  // not OK: how pulls end
  int streams_opened = 0;
  std::map<std::string, std::vector<std::string>> folders;  // "image folder" → names
  int folders_read = 0;
  std::vector<NewContainer> made;
  Status start_result;  // not OK: how starts end

  StatusOr<EngineInfo> Info() override {
    if (!down.ok()) return down;
    return EngineInfo{"20.10.24", "1.41", "/"};
  }

  StatusOr<std::vector<ContainerSummary>> ListContainers(
      const std::vector<std::string>& labels) override {
    if (!down.ok()) return down;
    std::vector<ContainerSummary> result;
    for (const ContainerDetail& c : containers) {
      bool all = true;
      for (const std::string& label : labels) all = all && HasLabel(c, label);
      if (all) result.push_back({c.id, c.name, c.image, c.image_id, c.state, c.labels});
    }
    return result;
  }

  StatusOr<ContainerDetail> InspectContainer(const std::string& id) override {
    if (!down.ok()) return down;
    for (const ContainerDetail& c : containers) {
      if (c.id == id) return c;
    }
    return NotFound("No such container: " + id);
  }

  StatusOr<ImageDetail> InspectImage(const std::string& reference) override {
    if (!down.ok()) return down;
    const auto it = images.find(ParseImageReference(reference)->Canonical());
    if (it == images.end()) return NotFound("No such image: " + reference);
    return it->second;
  }

  StatusOr<std::vector<std::string>> ListImageFolder(const std::string& reference,
                                                     const std::string& folder,
                                                     const CallLimits&) override {
    ++folders_read;
    const auto it = folders.find(reference + " " + folder);
    if (it == folders.end()) return NotFound("Could not find the file " + folder);
    return it->second;
  }

  StatusOr<std::string> CreateContainer(const NewContainer& container) override {
    if (!down.ok()) return down;
    made.push_back(container);
    ContainerDetail detail;
    detail.id = "made-" + std::to_string(made.size());
    detail.name = container.name;
    detail.image = container.image;
    detail.state = "created";
    detail.labels = container.labels;
    containers.push_back(detail);
    return detail.id;
  }

  Status StartContainer(const std::string& id) override {
    if (!start_result.ok()) return start_result;
    for (ContainerDetail& c : containers) {
      if (c.id != id) continue;
      c.state = "running";
      c.networks = {{"lab_default", "10.0.0.7"}};
    }
    return OkStatus();
  }

  Status RemoveContainer(const std::string& id) override {
    if (!down.ok()) return down;
    std::erase_if(containers, [&id](const ContainerDetail& c) { return c.id == id; });
    return OkStatus();
  }

  StatusOr<std::vector<EngineEvent>> PastEvents(const std::string& id, Time since,
                                                Time until) override {
    std::vector<EngineEvent> result;
    for (const EngineEvent& event : past_events) {
      if (event.id == id && event.time >= since && event.time <= until) result.push_back(event);
    }
    return result;
  }

  StatusOr<std::vector<ContainerProcess>> ListProcesses(const std::string& id) override {
    if (!down.ok()) return down;
    const auto it = processes.find(id);
    if (it == processes.end()) return Internal("Container " + id + " is not running");
    return it->second;
  }

  StatusOr<std::unique_ptr<EventStream>> WatchSignals(const std::string&) override {
    if (!down.ok()) return down;
    return std::unique_ptr<EventStream>(std::make_unique<Signals>(this));
  }
  // What a stop does to the Engine's streams of signals. Thread safe.
  void Signal(const EngineEvent& event) {
    const std::lock_guard<std::mutex> lock(signals_mutex_);
    signals_.push_back(event);
    signalled_.notify_all();
  }

  StatusOr<std::unique_ptr<EventStream>> WatchContainers(const std::string&) override {
    if (!down.ok()) return down;
    ++streams_opened;
    return std::unique_ptr<EventStream>(std::make_unique<Stream>(this));
  }

  Status ReadLog(const ContainerDetail&, uint32_t lines, bool, Time, const CallLimits&,
                 const std::function<bool(const std::string&)>& sink) override {
    size_t begin = log.size();
    for (uint32_t i = 0; i < lines && begin > 0; ++i) {
      const size_t at = log.rfind('\n', begin - 2);
      begin = at == std::string::npos || begin < 2 ? 0 : at + 1;
    }
    sink(log.substr(begin));
    return OkStatus();
  }

  Status PullImage(const std::string& reference, const CallLimits&,
                   const std::function<void(const PullStatus&)>& progress) override {
    if (!pull_result.ok()) return pull_result;
    progress({"l1", "Downloading", 1, 2});
    progress({"l1", "Pull complete", 0, 0});
    const std::string name = ParseImageReference(reference)->Canonical();
    if (registry.count(name) == 0) return Internal("manifest unknown: manifest unknown");
    images[name] = registry[name];
    return OkStatus();
  }

 private:
  class Stream final : public EventStream {
   public:
    explicit Stream(FakeEngine* engine) : engine_(engine) {}
    StatusOr<EngineEvent> Next(Millis) override {
      if (!engine_->down.ok()) return engine_->down;
      if (engine_->coming_events.empty()) return DeadlineExceeded("nothing happened");
      const EngineEvent event = engine_->coming_events.front();
      engine_->coming_events.erase(engine_->coming_events.begin());
      return event;
    }

   private:
    FakeEngine* const engine_;
  };

  class Signals final : public EventStream {
   public:
    explicit Signals(FakeEngine* engine) : engine_(engine) {}
    StatusOr<EngineEvent> Next(Millis timeout) override {
      std::unique_lock<std::mutex> lock(engine_->signals_mutex_);
      if (!engine_->signalled_.wait_for(lock, timeout,
                                        [this] { return !engine_->signals_.empty(); })) {
        return DeadlineExceeded("nothing happened");
      }
      const EngineEvent event = engine_->signals_.front();
      engine_->signals_.pop_front();
      return event;
    }

   private:
    FakeEngine* const engine_;
  };

  std::mutex signals_mutex_;
  std::condition_variable signalled_;
  std::deque<EngineEvent> signals_;

  static bool HasLabel(const ContainerDetail& c, const std::string& label) {
    const size_t equals = label.find('=');
    const auto it = c.labels.find(label.substr(0, equals));
    if (it == c.labels.end()) return false;
    return equals == std::string::npos || it->second == label.substr(equals + 1);
  }
};

}  // namespace drover::agent

#endif  // DROVER_TESTS_UNIT_AGENT_COMPOSE_FAKE_ENGINE_H_
