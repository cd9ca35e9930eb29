#include "controller/api/log_tail.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/rpc/limits.h"
#include "controller/api/words.h"

namespace drover::api {
namespace {

constexpr int kLinesDefault = 100;
constexpr size_t kMaxWaitingBytes = 1024 * 1024;
constexpr size_t kMaxMessageBytes = 256 * 1024;

// Lines between the agent's thread and the reader, bounded.
class Waiting {
 public:
  // False where nobody reads any more.
  bool Add(const fleet::LogChunk& chunk) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    gap_ = gap_ || chunk.gap;
    for (const std::string& line : chunk.lines) {
      bytes_ += line.size();
      lines_.push_back(line);
    }
    while (bytes_ > kMaxWaitingBytes) {
      bytes_ -= lines_.front().size();
      lines_.pop_front();
      gap_ = true;
    }
    return true;
  }

  void End(const Status& status) {
    const std::lock_guard lock(mutex_);
    if (!end_) end_ = status;
  }

  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

  Found Take(pb::TailLogResponse* message) {
    const std::lock_guard lock(mutex_);
    if (lines_.empty() && !gap_) {
      return end_ ? Found::End(rpc::ToGrpc(*end_)) : Found::Nothing();
    }
    message->set_gap(std::exchange(gap_, false));
    size_t size = 0;
    while (!lines_.empty() && (size == 0 || size + lines_.front().size() <= kMaxMessageBytes)) {
      size += lines_.front().size() + 1;
      bytes_ -= lines_.front().size();
      message->add_lines(std::move(lines_.front()));
      lines_.pop_front();
    }
    return Found::Message();
  }

 private:
  std::mutex mutex_;
  std::deque<std::string> lines_;
  size_t bytes_ = 0;
  bool gap_ = false, closed_ = false;
  std::optional<Status> end_;
};

class LogTail final : public Source<pb::TailLogResponse> {
 public:
  explicit LogTail(std::shared_ptr<Waiting> waiting) : waiting_(std::move(waiting)) {}
  Found Find(pb::TailLogResponse* message) override { return waiting_->Take(message); }
  void Close() override { waiting_->Close(); }

 private:
  const std::shared_ptr<Waiting> waiting_;
};

template <typename Views>
std::vector<std::string> Names(const Views& views) {
  std::vector<std::string> names;
  for (const auto& view : views) names.push_back(view.name);
  return names;
}

template <typename Views>
bool Has(const Views& views, const std::string& name) {
  return std::any_of(views.begin(), views.end(),
                     [&](const auto& view) { return view.name == name; });
}

// The host's name (not its id), where the log can be read.
StatusOr<std::string> FindHost(fleet::FleetAdmin& fleet, const pb::TailLogRequest& request) {
  DROVER_ASSIGN_OR_RETURN(const fleet::HostStatus host, fleet.GetHost(request.host()));
  const rollout::HostView& view = host.view;
  if (host.revoked) return FailedPrecondition("host " + view.name + " is revoked");
  if (!view.connected) {
    return Unavailable("the agent of host " + view.name + " is not connected" +
                       (view.last_seen ? ", last seen " + FormatTime(*view.last_seen) : "") +
                       ": look at systemctl status drover-agent there");
  }
  if (!Has(view.projects, request.project())) {
    return NotFound("host " + view.name + " has no project '" + request.project() +
                    "': " + WhatExists(Names(view.projects)));
  }
  const auto project =
      std::find_if(view.projects.begin(), view.projects.end(),
                   [&](const auto& known) { return known.name == request.project(); });
  if (project->error.empty() && !Has(project->services, request.service())) {
    return NotFound("project " + project->name + " on " + view.name + " has no service '" +
                    request.service() + "': " + WhatExists(Names(project->services)));
  }
  return view.name;
}

}  // namespace

StatusOr<std::unique_ptr<Source<pb::TailLogResponse>>> MakeLogTail(
    fleet::FleetAdmin& fleet, fleet::Agents& agents, const pb::TailLogRequest& request,
    const std::shared_ptr<Stream<pb::TailLogResponse>>& stream) {
  DROVER_ASSIGN_OR_RETURN(const std::string host, FindHost(fleet, request));
  const int lines = request.lines() == 0
                        ? kLinesDefault
                        : static_cast<int>(std::min<uint32_t>(request.lines(), rpc::kMaxLogLines));
  auto waiting = std::make_shared<Waiting>();
  const auto ended = [waiting, stream](const Status& status) {
    waiting->End(status);
    stream->Poke();
  };
  if (request.follow()) {
    agents.FollowLog(
        host, request.project(), request.service(), lines,
        [waiting, stream](const fleet::LogChunk& chunk) {
          const bool wanted = waiting->Add(chunk);
          if (wanted) stream->Poke();
          return wanted;
        },
        ended);
  } else {
    agents.TailLog(host, request.project(), request.service(), lines, rpc::kUnaryTimeout,
                   [waiting, ended](const StatusOr<fleet::LogChunk>& chunk) {
                     if (chunk.ok()) waiting->Add(*chunk);
                     ended(chunk.status());
                   });
  }
  return std::make_unique<LogTail>(waiting);
}

}  // namespace drover::api
