#include "controller/cli/watch.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>

#include "controller/cli/follower.h"
#include "controller/cli/render/event.h"
#include "controller/cli/render/format.h"
#include "controller/cli/render/rollout.h"
#include "controller/cli/screen.h"

namespace drover::cli {
namespace {

using RolloutFollower = Follower<v1::WatchRolloutResponse>;
using Steady = std::chrono::steady_clock;

constexpr Millis kRedraw{200};
// Running clocks on the screen.
constexpr Millis kTick{1000};

class RolloutWatch {
 public:
  RolloutWatch(Session& session, const WatchOptions& options)
      : session_(session),
        options_(options),
        since_(options.since),
        follower_([this](grpc::ClientContext* context) { return Open(context); },
                  [this] { return session_.connection().IsUp(); }, Limits(session)) {
    const Environment& env = session.env();
    if (session.is_table() && env.out_is_terminal && env.variable("TERM") != "dumb") {
      screen_ = std::make_unique<Screen>(*env.out);
    }
    const std::optional<Millis> timeout = session.options().timeout;
    ends_ = timeout ? Steady::now() + *timeout : Steady::time_point::max();
  }

  Exit Run() {
    const Interrupts::Scope scope(*session_.env().interrupts, [this] { follower_.Interrupt(); });
    while (true) {
      v1::WatchRolloutResponse message;
      switch (follower_.Next(&message, NextWake())) {
        case RolloutFollower::What::kMessage:
          Take(message);
          if (IsOver()) return Finish();
          break;
        case RolloutFollower::What::kNotice:
          TellNotice();
          break;
        case RolloutFollower::What::kTimeout:
          if (Steady::now() >= ends_) return Leave("the time of this watch is over");
          break;
        case RolloutFollower::What::kInterrupted:
          return Leave("detached");
        case RolloutFollower::What::kEnded:
          follower_.Lost();
          TellNotice();
          break;
        case RolloutFollower::What::kFailed:
          return GiveUp();
      }
      DrawIfDue();
    }
  }

 private:
  static FollowerLimits Limits(Session& session) {
    FollowerLimits limits;
    limits.retry_first = session.env().retry_first;
    if (session.options().timeout) limits.tries = std::numeric_limits<int>::max();
    return limits;
  }

  std::unique_ptr<RolloutFollower::Reader> Open(grpc::ClientContext* context) {
    v1::WatchRolloutRequest request;
    request.set_id(options_.id);
    request.set_since_sequence(since_);
    return session_.connection().rollouts().WatchRollout(context, request);
  }

  Steady::time_point NextWake() const {
    if (!screen_ || rollout_.id().empty()) {
      return std::min(ends_, Steady::now() + std::chrono::hours(1));
    }
    const Millis pause = dirty_ ? kRedraw : kTick;
    return std::min(ends_, drawn_at_ + pause);
  }

  void Take(v1::WatchRolloutResponse& message) {
    for (const v1::Event& event : message.events()) {
      // After a new connection the last ones may come again.
      if (event.sequence() <= since_) continue;
      since_ = event.sequence();
      if (!screen_) PrintEvent(event);
    }
    if (message.has_rollout()) {
      rollout_.Swap(message.mutable_rollout());
      as_of_ = session_.env().clock->Now();
    }
    dirty_ = true;
  }

  void PrintEvent(const v1::Event& event) {
    std::ostream& out = *session_.env().out;
    if (session_.options().format == Format::kNdjson) {
      out << EventJson(event) << "\n" << std::flush;
    } else if (session_.is_table()) {
      View view = session_.OutView();
      view.width = 0;
      out << Print({RenderEvent(event, false)}, view) << std::flush;
    }
  }

  bool IsOver() const {
    if (HasEnded(rollout_.state())) return true;
    if (rollout_.state() != v1::ROLLOUT_STATE_PAUSED || options_.through_pauses) return false;
    return !options_.resumed_at || rollout_.sequence() > *options_.resumed_at;
  }

  void TellNotice() {
    dirty_ = true;
    if (screen_) return;
    session_.Say(follower_.notice().empty() ? "connected again" : follower_.notice(), Tone::kWarn);
  }

  void Draw(bool whole) {
    View view = session_.OutView();
    view.as_of = as_of_;
    view.notice = follower_.notice();
    // Erasing behind a line that fills the last column would erase its last character.
    view.width = std::max(20, view.width - 1);
    // The last row is the cursor's.
    if (!whole) view.height = std::max(4, session_.env().size().rows - 1);
    screen_->Draw(Print(RenderRollout(rollout_, view), view));
    drawn_at_ = Steady::now();
    dirty_ = false;
  }

  void DrawIfDue() {
    if (!screen_ || rollout_.id().empty()) return;
    if (Steady::now() - drawn_at_ >= (dirty_ ? kRedraw : kTick)) Draw(false);
  }

  Exit Finish() {
    if (screen_) {
      Draw(true);
      screen_.reset();
    } else {
      if (session_.options().format == Format::kJson ||
          session_.options().format == Format::kYaml) {
        session_.Show(rollout_, {});
      }
      Line head = StateBadge(rollout_.state());
      head.Add(" " + KindWord(rollout_.kind()) + " " + rollout_.id() + " · " + rollout_.cluster());
      session_.SayLines({head});
      session_.SayLines(RenderEnding(rollout_, session_.ErrView()));
    }
    return ExitOf(rollout_);
  }

  void SayHowToLookAgain() {
    session_.Say("the rollout goes on; look again with: drover rollout watch " + options_.id +
                 (screen_ ? "" : " --since " + std::to_string(since_)));
  }

  Exit Leave(const std::string& why) {
    if (screen_ && !rollout_.id().empty()) Draw(true);
    session_.Say(why + ": nothing stops");
    SayHowToLookAgain();
    return Exit::kWatchEnded;
  }

  Exit GiveUp() {
    if (screen_ && !rollout_.id().empty()) Draw(true);
    const Exit exit = session_.Fail(follower_.status());
    if (!rollout_.id().empty()) SayHowToLookAgain();
    return exit;
  }

  Session& session_;
  const WatchOptions options_;
  uint64_t since_;
  v1::Rollout rollout_;
  Time as_of_{};
  std::unique_ptr<Screen> screen_;
  Steady::time_point ends_;
  Steady::time_point drawn_at_{};
  bool dirty_ = false;
  // Last: it calls Open() from its own thread as soon as it is there.
  RolloutFollower follower_;
};

}  // namespace

Exit Watch(Session& session, const WatchOptions& options) {
  return RolloutWatch(session, options).Run();
}

}  // namespace drover::cli
