// Ctrl-C for the commands that have something to say when it comes.
#ifndef DROVER_CONTROLLER_CLI_INTERRUPTS_H_
#define DROVER_CONTROLLER_CLI_INTERRUPTS_H_

#include <functional>
#include <mutex>

namespace drover::cli {

// Thread safe. At most one handler at a time.
class Interrupts {
 public:
  // Calls the handler, from the caller's thread. False where there is none, or where it was called
  // before: then the program should end.
  bool Trigger();

  // While it lives, `handler` is called by Trigger(). The handler must not block.
  class Scope {
   public:
    Scope(Interrupts& interrupts, std::function<void()> handler);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Interrupts& interrupts_;
  };

 private:
  std::mutex mutex_;
  std::function<void()> handler_;
};

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_INTERRUPTS_H_
