#include "controller/cli/interrupts.h"

#include <utility>

namespace drover::cli {

bool Interrupts::Trigger() {
  const std::lock_guard lock(mutex_);
  if (!handler_) return false;
  // Called under the lock, so that no handler runs after its scope has ended.
  std::exchange(handler_, nullptr)();
  return true;
}

Interrupts::Scope::Scope(Interrupts& interrupts, std::function<void()> handler)
    : interrupts_(interrupts) {
  const std::lock_guard lock(interrupts_.mutex_);
  interrupts_.handler_ = std::move(handler);
}

Interrupts::Scope::~Scope() {
  const std::lock_guard lock(interrupts_.mutex_);
  interrupts_.handler_ = nullptr;
}

}  // namespace drover::cli
