#include "agent/compose/signal_relay.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace drover::agent {
namespace {

constexpr Millis kLook{200};

using Processes = std::vector<ContainerProcess>;

// The one whose parent is outside of the container.
bool IsMain(const Processes& all, const ContainerProcess& process) {
  return std::none_of(all.begin(), all.end(), [&process](const ContainerProcess& other) {
    return other.pid == process.parent;
  });
}

bool Contains(const StatusOr<Processes>& all, const ContainerProcess& process) {
  return all.ok() &&
         std::any_of(all->begin(), all->end(), [&process](const ContainerProcess& other) {
           return other.pid == process.pid && other.name == process.name;
         });
}

}  // namespace

SignalRelay::SignalRelay(Engine* engine, std::string container, std::string process,
                         Terminate terminate)
    : engine_(engine),
      container_(std::move(container)),
      process_(std::move(process)),
      terminate_(std::move(terminate)) {
  if (process_.empty()) return;
  // Opened here, so that a signal sent after the constructor is seen.
  StatusOr<std::unique_ptr<EventStream>> events = engine_->WatchSignals(container_);
  if (!events.ok()) {
    said_ = "the Engine's signals cannot be watched: " + std::string(events.status().message());
    return;
  }
  events_ = std::move(*events);
  thread_ = std::thread([this] { Watch(); });
}

SignalRelay::~SignalRelay() { Finish(); }

std::string SignalRelay::Finish() {
  done_ = true;
  if (thread_.joinable()) thread_.join();
  return said_;
}

void SignalRelay::Watch() {
  while (!done_) {
    const StatusOr<EngineEvent> event = events_->Next(kLook);
    if (!event.ok() && event.status().code() != StatusCode::kDeadlineExceeded) return;
    if (!event.ok()) continue;
    if (event->action != "kill") return;
    return PassOn();
  }
}

void SignalRelay::PassOn() {
  const StatusOr<Processes> all = engine_->ListProcesses(container_);
  if (!all.ok()) return;  // it ended by itself already
  for (const ContainerProcess& process : *all) {
    if (process.name != process_ || IsMain(*all, process)) continue;
    const Status sent = terminate_(process.pid, [this, &process] {
      return Contains(engine_->ListProcesses(container_), process);
    });
    const std::string what = process.name + " (process " + std::to_string(process.pid) + ")";
    if (sent.code() == StatusCode::kNotFound) continue;
    if (!said_.empty()) said_ += "; ";
    said_ += sent.ok()
                 ? "SIGTERM passed on to " + what
                 : "SIGTERM could not be passed on to " + what + ": " + std::string(sent.message());
  }
}

}  // namespace drover::agent
