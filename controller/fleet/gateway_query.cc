// Reads from agents.
#include <algorithm>
#include <utility>

#include "common/rpc/limits.h"
#include "controller/fleet/convert.h"
#include "controller/fleet/gateway.h"

namespace drover::fleet {
namespace {

agent::v1::Query LogQuery(const std::string& project, const std::string& service, int lines,
                          bool follow) {
  agent::v1::Query query;
  query.mutable_tail_log()->set_project(project);
  query.mutable_tail_log()->set_service(service);
  query.mutable_tail_log()->set_lines(
      static_cast<uint32_t>(std::clamp(lines, 0, rpc::kMaxLogLines)));
  query.mutable_tail_log()->set_follow(follow);
  return query;
}

}  // namespace

void Gateway::Ask(const std::string& host, agent::v1::Query query, Millis timeout,
                  Queries::Done done) {
  const auto session = SessionOf(host);
  if (!session.ok()) {
    callbacks_.Run([done = std::move(done), status = session.status()] { done(status); });
    return;
  }
  const std::string id = queries_.Begin((*session)->host(), host, timeout, std::move(done));
  agent::v1::ControllerMessage message;
  query.set_query_id(id);
  *message.mutable_query() = std::move(query);
  // A session that ended since is not the host's any more: nobody else would end the query.
  if (!Send(*session, std::move(message)) || !hosts_.IsCurrent(**session)) {
    queries_.Fail(id, Unavailable("host " + host + ": its agent's connection ended just now"));
  }
}

void Gateway::InspectProject(const std::string& host, const std::string& project,
                             const ProjectQuestion& question, Millis timeout,
                             std::function<void(StatusOr<rollout::ProjectView>)> done) {
  agent::v1::Query query;
  query.mutable_inspect_project()->set_project(project);
  for (const std::string& key : question.environment_keys) {
    query.mutable_inspect_project()->add_environment_keys(key);
  }
  for (const std::string& image : question.images) {
    query.mutable_inspect_project()->add_images(image);
  }
  for (const std::string& verb : question.verbs) query.mutable_inspect_project()->add_verbs(verb);
  query.mutable_inspect_project()->set_image_folder(question.image_folder);
  query.mutable_inspect_project()->set_processes(question.processes);
  const auto status = hosts_.Get(host);
  const Millis clock_offset = status.ok() ? status->view.clock_offset : Millis(0);
  Ask(host, std::move(query), timeout,
      [host, clock_offset, done = std::move(done)](StatusOr<agent::v1::QueryResult> result) {
        if (!result.ok()) return done(result.status());
        if (!result->has_project()) {
          return done(Internal("host " + host + ": its agent answered without a project"));
        }
        done(FromProto(result->project(), clock_offset));
      });
}

void Gateway::TailLog(const std::string& host, const std::string& project,
                      const std::string& service, int lines, Millis timeout,
                      std::function<void(StatusOr<LogChunk>)> done) {
  Ask(host, LogQuery(project, service, lines, false), timeout,
      [host, done = std::move(done)](StatusOr<agent::v1::QueryResult> result) {
        if (!result.ok()) return done(result.status());
        if (!result->has_log_tail()) {
          return done(Internal("host " + host + ": its agent answered without a log"));
        }
        LogChunk chunk;
        chunk.lines.assign(result->log_tail().lines().begin(), result->log_tail().lines().end());
        chunk.gap = result->log_tail().truncated();
        done(std::move(chunk));
      });
}

void Gateway::FollowLog(const std::string& host, const std::string& project,
                        const std::string& service, int lines,
                        std::function<bool(const LogChunk&)> sink,
                        std::function<void(Status)> done) {
  const auto session = SessionOf(host);
  if (!session.ok()) {
    callbacks_.Run([done = std::move(done), status = session.status()] { done(status); });
    return;
  }
  agent::v1::ControllerMessage message;
  *message.mutable_query() = LogQuery(project, service, lines, true);
  const std::string id =
      queries_.BeginFollow((*session)->host(), host, std::move(sink), std::move(done));
  message.mutable_query()->set_query_id(id);
  if (!Send(*session, std::move(message)) || !hosts_.IsCurrent(**session)) {
    queries_.Fail(id, Unavailable("host " + host + ": its agent's connection ended just now"));
  }
}

}  // namespace drover::fleet
