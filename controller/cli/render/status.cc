#include "controller/cli/render/status.h"

#include <algorithm>
#include <vector>

#include "controller/cli/render/format.h"
#include "controller/cli/render/listings.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

Line Controller(const StatusData& data, const View& view) {
  const v1::GetControllerResponse& controller = data.controller;
  Line line("controller ", Tone::kBold);
  line.Add(Sanitize(controller.version()));
  line.Add(" at " + data.address);
  if (controller.has_started_at())
    line.Add(" · up since " + Moment(controller.started_at(), view.now));
  if (!controller.agent_address().empty()) {
    line.Add(" · agents dial " + Sanitize(controller.agent_address()));
  }
  if (!controller.fleet().empty()) line.Add(" · fleet " + Sanitize(controller.fleet()));
  return line.Add(" · epoch " + std::to_string(controller.epoch()));
}

Line HostsHead(const v1::ListHostsResponse& hosts) {
  size_t enrolled = 0;
  size_t connected = 0;
  for (const v1::Host& host : hosts.hosts()) {
    if (host.revoked()) continue;
    ++enrolled;
    if (host.connected()) ++connected;
  }
  Line line("hosts ", Tone::kBold);
  line.Add(std::to_string(connected) + " of " + std::to_string(enrolled) + " connected",
           connected == enrolled ? Tone::kGood : Tone::kBad);
  return line;
}

void AppendRollouts(Lines& out, const v1::ListRolloutsResponse& rollouts, const View& view) {
  google::protobuf::RepeatedPtrField<v1::Rollout> running;
  google::protobuf::RepeatedPtrField<v1::Rollout> last;
  for (const v1::Rollout& rollout : rollouts.rollouts()) {
    if (!HasEnded(rollout.state())) {
      *running.Add() = rollout;
    } else if (last.empty()) {
      *last.Add() = rollout;
    }
  }
  out.emplace_back();
  if (!running.empty()) {
    out.emplace_back("running now", Tone::kBold);
    Append(out, RenderRollouts(running, view));
    for (const v1::Rollout& rollout : running) {
      out.emplace_back("look: drover rollout watch " + Sanitize(rollout.id()));
    }
    return;
  }
  out.emplace_back(last.empty() ? "no rollout yet" : "nothing runs now; the last rollout was",
                   Tone::kBold);
  if (!last.empty()) Append(out, RenderRollouts(last, view));
}

}  // namespace

Lines RenderStatus(const StatusData& data, const View& view) {
  Lines out{Controller(data, view), Line(), HostsHead(data.hosts)};
  Append(out, RenderHosts(data.hosts.hosts(), view));
  out.emplace_back();
  out.emplace_back("clusters", Tone::kBold);
  Append(out, RenderClusters(data.clusters.clusters(), view));
  AppendRollouts(out, data.rollouts, view);
  return out;
}

}  // namespace drover::cli
