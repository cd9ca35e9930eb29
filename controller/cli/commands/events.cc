#include <limits>

#include "controller/cli/commands/commands.h"
#include "controller/cli/follower.h"
#include "controller/cli/render/event.h"

namespace drover::cli {
namespace {

using EventFollower = Follower<v1::WatchEventsResponse>;
using Steady = std::chrono::steady_clock;

constexpr uint32_t kPage = 1000;

struct EventArgs {
  std::string rollout;
  uint64_t since = 0;
  bool follow = false;
};

class EventPrinter {
 public:
  EventPrinter(Session& session, const EventArgs& args) : session_(session), args_(args) {}

  Exit Run() {
    const Format format = session_.options().format;
    const bool lines = format == Format::kTable || format == Format::kNdjson;
    if (args_.follow && !lines) {
      return session_.Fail("--follow has no end: use -o ndjson, or leave -o out");
    }
    v1::ListEventsResponse all;
    cursor_ = args_.since;
    while (true) {
      v1::ListEventsRequest request;
      request.set_rollout_id(args_.rollout);
      request.set_since_sequence(cursor_);
      request.set_page_size(kPage);
      v1::ListEventsResponse page;
      const grpc::Status status = session_.Call(session_.connection().events(),
                                                &v1::EventService::Stub::ListEvents, request, page);
      if (!status.ok()) return session_.Fail(status);
      if (lines) {
        for (const v1::Event& event : page.events()) Print(event);
      } else {
        all.mutable_events()->MergeFrom(page.events());
      }
      const uint64_t next = std::max(cursor_, page.next_sequence());
      // A server that says there is more but does not go on would be asked for ever.
      const bool more = page.more() && next > cursor_;
      cursor_ = next;
      if (!more) break;
    }
    if (args_.follow) return Follow();
    all.set_next_sequence(cursor_);
    return lines ? Exit::kOk : session_.Show(all, {});
  }

 private:
  void Print(const v1::Event& event) {
    std::ostream& out = *session_.env().out;
    if (session_.options().format == Format::kNdjson) {
      out << EventJson(event) << "\n" << std::flush;
      return;
    }
    View view = session_.OutView();
    view.width = 0;
    out << cli::Print({RenderEvent(event, args_.rollout.empty())}, view) << std::flush;
  }

  Exit Follow() {
    FollowerLimits limits;
    limits.retry_first = session_.env().retry_first;
    const std::optional<Millis> timeout = session_.options().timeout;
    if (timeout) limits.tries = std::numeric_limits<int>::max();
    const Steady::time_point begin = Steady::now();
    EventFollower follower(
        [this](grpc::ClientContext* context) {
          v1::WatchEventsRequest request;
          request.set_rollout_id(args_.rollout);
          request.set_since_sequence(cursor_);
          return session_.connection().events().WatchEvents(context, request);
        },
        [this] { return session_.connection().IsUp(); }, limits);
    const Interrupts::Scope scope(*session_.env().interrupts, [&] { follower.Interrupt(); });
    while (true) {
      v1::WatchEventsResponse message;
      const Steady::time_point until =
          timeout ? begin + *timeout : Steady::now() + std::chrono::hours(1);
      switch (follower.Next(&message, until)) {
        case EventFollower::What::kMessage:
          // After a new connection the last ones may come again.
          if (message.event().sequence() <= cursor_) break;
          cursor_ = message.event().sequence();
          Print(message.event());
          break;
        case EventFollower::What::kNotice:
          session_.Say(follower.notice().empty() ? "connected again" : follower.notice());
          break;
        case EventFollower::What::kTimeout:
          if (timeout && Steady::now() >= until) return Leave();
          break;
        case EventFollower::What::kInterrupted:
          return Leave();
        case EventFollower::What::kEnded:
          follower.Lost();
          session_.Say(follower.notice());
          break;
        case EventFollower::What::kFailed: {
          const Exit exit = session_.Fail(follower.status());
          Leave();
          return exit;
        }
      }
    }
  }

  Exit Leave() {
    session_.Say("go on without a gap with: drover events --follow --since " +
                 std::to_string(cursor_) +
                 (args_.rollout.empty() ? "" : " --rollout " + args_.rollout));
    return Exit::kWatchEnded;
  }

  Session& session_;
  const EventArgs& args_;
  uint64_t cursor_ = 0;
};

Exit RunEvents(Session& session, const EventArgs& args) {
  return EventPrinter(session, args).Run();
}

}  // namespace

void AddEvents(CLI::App& app, Command& selected) {
  auto args = std::make_shared<EventArgs>();
  CLI::App* sub = app.add_subcommand("events", "What happened, oldest first");
  sub->add_option("--rollout", args->rollout, "Only those of this rollout")->type_name("ROLLOUT");
  sub->add_option("--since", args->since, "Only those after this sequence number")->type_name("N");
  sub->add_flag("-f,--follow", args->follow, "Go on as they happen");
  OnRun(sub, selected, args, &RunEvents);
}

}  // namespace drover::cli
