#include "controller/cli/render/listings.h"

#include <string>
#include <utility>
#include <vector>

#include "controller/cli/render/format.h"
#include "controller/cli/render/table.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

// "key       value": one attribute of a thing shown alone.
void AppendField(Lines& out, const std::string& key, const std::string& value) {
  if (value.empty()) return;
  out.push_back(Line(PadRight(key, 12), Tone::kDim).Add(Sanitize(value)));
}

Line HostState(const v1::Host& host) {
  if (host.revoked()) return Line("revoked", Tone::kBad);
  Line line = host.connected() ? Line("connected", Tone::kGood) : Line("lost", Tone::kBad);
  if (host.cordoned()) line.Add(", cordoned", Tone::kWarn);
  return line;
}

std::string Disk(const v1::Host& host) {
  if (host.disk_total_bytes() == 0) return "";
  return FormatBytes(host.disk_free_bytes()) + " free of " + FormatBytes(host.disk_total_bytes());
}

std::string Compose(const v1::Host& host) {
  return Join({host.compose_versions().begin(), host.compose_versions().end()}, ", ");
}

Lines Projects(const v1::Host& host) {
  Table table({"PROJECT", "SERVICE", "IMAGE", "CONTAINER", "HEALTH", "RESTARTS"});
  Lines errors;
  for (const v1::HostProject& project : host.projects()) {
    if (!project.error().empty()) {
      errors.push_back(Line(
          "project " + Sanitize(project.name()) + ": " + Sanitize(project.error()), Tone::kBad));
    }
    for (const v1::HostService& service : project.services()) {
      const std::string& state = service.container_state();
      table.Add({Line(Sanitize(project.name())), Line(Sanitize(service.name())),
                 Line(Sanitize(service.image())),
                 Line(state.empty() ? "-" : Sanitize(state),
                      state == "running" ? Tone::kGood : Tone::kWarn),
                 Line(service.health().empty() ? "-" : Sanitize(service.health())),
                 Line(std::to_string(service.restart_count()))});
    }
  }
  Lines out = table.Render();
  Append(out, errors);
  return out;
}

Line MemberStateLine(const v1::ClusterMember& member) {
  if (!member.problem().empty()) return Line(Sanitize(member.problem()), Tone::kBad);
  return member.elected_manager() ? Line("elected manager") : Line();
}

}  // namespace

Lines RenderHosts(const google::protobuf::RepeatedPtrField<v1::Host>& hosts, const View& view) {
  if (hosts.empty()) return {Line("no host has joined yet; begin with: drover token create")};
  Table table({"HOST", "STATE", "LAST SEEN", "AGENT", "ENGINE", "COMPOSE", "DISK", "PROJECTS"});
  for (const v1::Host& host : hosts) {
    table.Add({Line(Sanitize(host.name()), Tone::kBold), HostState(host),
               Line(host.connected() ? "now" : Ago(host.last_seen(), view.now)),
               Line(Sanitize(host.agent_version())),
               host.engine_error().empty() ? Line(Sanitize(host.engine_version()))
                                           : Line(Sanitize(host.engine_error()), Tone::kBad),
               Line(Sanitize(Compose(host))), Line(Disk(host)),
               Line(std::to_string(host.projects_size()))});
  }
  return table.Render();
}

Lines RenderHost(const v1::Host& host, const View& view) {
  Line head("host " + Sanitize(host.name()), Tone::kBold);
  head.Add("  ").Add(HostState(host));
  Lines out{head};
  AppendField(out, "id", host.id());
  AppendField(out, "last seen", host.connected() ? "now" : Ago(host.last_seen(), view.now));
  if (host.connected()) AppendField(out, "connected", Ago(host.connected_since(), view.now));
  AppendField(out, "agent", host.agent_version());
  AppendField(out, "engine", host.engine_version());
  if (!host.engine_error().empty()) {
    out.push_back(Line("engine      ", Tone::kDim).Add(Sanitize(host.engine_error()), Tone::kBad));
  }
  AppendField(out, "compose", Compose(host));
  AppendField(out, "disk", Disk(host));
  if (host.has_clock_offset()) {
    const Millis offset = ToMillis(host.clock_offset());
    AppendField(out, "clock",
                FormatDuration(offset < Millis(0) ? -offset : offset) +
                    (offset < Millis(0) ? " behind" : " ahead"));
  }
  if (host.has_certificate_ends()) {
    AppendField(out, "certificate",
                "until " + FormatTime(ToTime(host.certificate_ends())).substr(0, 10));
  }
  for (const std::string& line : host.policy_summary()) AppendField(out, "policy", line);
  const Lines projects = Projects(host);
  if (!projects.empty()) out.emplace_back();
  Append(out, projects);
  return out;
}

Lines RenderClusters(const google::protobuf::RepeatedPtrField<v1::Cluster>& clusters, const View&) {
  if (clusters.empty()) {
    return {Line("no cluster is known yet; begin with: drover cluster discover -o cluster.yaml")};
  }
  Table table({"CLUSTER", "VERSION", "HEALTH", "MEMBERS", "REPOSITORY", "ROLLOUT", "PROBLEM"});
  for (const v1::Cluster& cluster : clusters) {
    table.Add({Line(Sanitize(cluster.name()), Tone::kBold),
               Line(cluster.version().empty() ? "-" : Sanitize(cluster.version())),
               HealthWord(cluster.health()), Line(std::to_string(cluster.members_size())),
               Line(Sanitize(cluster.repository())),
               Line(cluster.active_rollout().empty() ? "-" : Sanitize(cluster.active_rollout())),
               Line(Sanitize(cluster.problem()), Tone::kBad)});
  }
  return table.Render();
}

Lines RenderCluster(const v1::Cluster& cluster, const View& view) {
  Line head("cluster " + Sanitize(cluster.name()), Tone::kBold);
  head.Add("  ").Add(HealthWord(cluster.health()));
  Lines out{head};
  AppendField(out, "version", cluster.version());
  AppendField(out, "endpoints",
              Join({cluster.endpoints().begin(), cluster.endpoints().end()}, ", "));
  AppendField(out, "repository", cluster.repository());
  AppendField(out, "applied", Ago(cluster.applied_at(), view.now));
  AppendField(out, "rollout", cluster.active_rollout());
  if (!cluster.problem().empty()) {
    out.push_back(Line("problem     ", Tone::kDim).Add(Sanitize(cluster.problem()), Tone::kBad));
  }
  Table table({"MEMBER", "ROLES", "HOST", "PROJECT/SERVICE", "VERSION", "IMAGE", ""});
  for (const v1::ClusterMember& member : cluster.members()) {
    const v1::MemberRef& ref = member.member();
    table.Add({Line(MemberName(ref), Tone::kBold), Line(RoleWords(member.roles())),
               Line(Sanitize(ref.host())), Line(Sanitize(ref.project() + "/" + ref.service())),
               Line(Sanitize(member.version())), Line(Sanitize(member.image())),
               MemberStateLine(member)});
  }
  if (!table.empty()) out.emplace_back();
  Append(out, table.Render());
  return out;
}

Lines RenderIndexes(const google::protobuf::RepeatedPtrField<v1::Index>& indexes, const View&) {
  if (indexes.empty()) return {Line("no such index")};
  Table table({"INDEX", "CREATED BY", "STATE", "SHARDS", "DOCUMENTS", "SIZE"});
  for (const v1::Index& index : indexes) {
    std::string state = index.open() ? "open" : "closed";
    if (index.hidden()) state += ", hidden";
    table.Add({Line(Sanitize(index.name()), Tone::kBold), Line(Sanitize(index.created_version())),
               Line(state),
               Line(std::to_string(index.shards()) + " × " + std::to_string(1 + index.replicas())),
               Line(index.open() ? std::to_string(index.documents()) : "-"),
               Line(FormatBytes(index.store_bytes()))});
  }
  return table.Render();
}

Lines RenderRollouts(const google::protobuf::RepeatedPtrField<v1::Rollout>& rollouts,
                     const View& view) {
  if (rollouts.empty()) {
    return {Line("no rollout yet; begin with: drover plan NAME --to VERSION")};
  }
  Table table({"ROLLOUT", "KIND", "CLUSTER", "VERSIONS", "STATE", "BEGAN", "TOOK", "BY", "REASON"});
  for (const v1::Rollout& rollout : rollouts) {
    std::string took;
    if (rollout.has_started_at()) {
      const Time end = rollout.has_ended_at() ? ToTime(rollout.ended_at()) : view.now;
      took = FormatClock(Span(ToTime(rollout.started_at()), end));
    }
    table.Add({Line(Sanitize(rollout.id()), Tone::kBold), Line(KindWord(rollout.kind())),
               Line(Sanitize(rollout.cluster())),
               Line(Versions(rollout.from_version(), rollout.to_version())),
               StateBadge(rollout.state()), Line(Moment(rollout.started_at(), view.now)),
               Line(took), Line(Sanitize(rollout.started_by())),
               Line(Truncate(Sanitize(rollout.reason()), 60))});
  }
  return table.Render();
}

Lines RenderSnapshots(const google::protobuf::RepeatedPtrField<v1::Snapshot>& snapshots,
                      const View& view) {
  if (snapshots.empty()) return {Line("no snapshot in this repository")};
  Table table({"SNAPSHOT", "STATE", "VERSION", "INDICES", "SHARDS", "BEGAN", "TOOK", "REPOSITORY"});
  for (const v1::Snapshot& snapshot : snapshots) {
    const Tone tone = snapshot.state() == "SUCCESS"       ? Tone::kGood
                      : snapshot.state() == "IN_PROGRESS" ? Tone::kBusy
                                                          : Tone::kBad;
    const Time end = snapshot.has_ended_at() ? ToTime(snapshot.ended_at()) : view.now;
    table.Add(
        {Line(Sanitize(snapshot.name()), Tone::kBold), Line(Sanitize(snapshot.state()), tone),
         Line(Sanitize(snapshot.version())), Line(std::to_string(snapshot.indices())),
         Line(std::to_string(snapshot.shards_done()) + "/" +
              std::to_string(snapshot.shards_total())),
         Line(Moment(snapshot.started_at(), view.now)),
         Line(snapshot.has_started_at() ? FormatDuration(Span(ToTime(snapshot.started_at()), end))
                                        : ""),
         Line(Sanitize(snapshot.repository()))});
  }
  return table.Render();
}

std::string LeftoverWord(v1::LeftoverKind kind) {
  switch (kind) {
    case v1::LEFTOVER_KIND_COLD_COPY:
      return "copy";
    case v1::LEFTOVER_KIND_KEPT_VOLUME:
      return "volume";
    case v1::LEFTOVER_KIND_SNAPSHOT:
      return "snapshot";
    default:
      return "?";
  }
}

Lines RenderLeftovers(const google::protobuf::RepeatedPtrField<v1::Leftover>& leftovers,
                      const View& view) {
  if (leftovers.empty()) return {Line("rollouts have left nothing behind")};
  Table table({"KIND", "CLUSTER", "WHERE", "NAME", "SIZE", "MADE", "ROLLOUT"});
  for (const v1::Leftover& leftover : leftovers) {
    const std::string where =
        leftover.kind() == v1::LEFTOVER_KIND_SNAPSHOT
            ? "repository " + leftover.path()
            : leftover.host() + "/" + leftover.project() + "/" + leftover.service();
    table.Add({Line(LeftoverWord(leftover.kind())),
               Line(leftover.cluster().empty() ? "-" : Sanitize(leftover.cluster())),
               Line(Sanitize(where)), Line(Sanitize(leftover.name()), Tone::kBold),
               Line(leftover.has_bytes() ? FormatBytes(leftover.bytes()) : "-"),
               Line(Ago(leftover.created_at(), view.now)),
               Line(leftover.rollout().empty() ? "-" : Sanitize(leftover.rollout()))});
  }
  return table.Render();
}

Lines RenderCounted(const google::protobuf::RepeatedPtrField<v1::CountedIndex>& indexes,
                    const View& /*view*/) {
  Table table({"INDEX", "RESTORED AS", "DOCUMENTS", "LIVE"});
  for (const v1::CountedIndex& index : indexes) {
    table.Add({Line(Sanitize(index.name()), Tone::kBold), Line(Sanitize(index.target())),
               Line(index.closed() ? "closed" : std::to_string(index.documents())),
               Line(index.has_live_documents() ? std::to_string(index.live_documents()) : "")});
  }
  return table.Render();
}

Lines RenderSnapshot(const v1::Snapshot& snapshot, const View& view) {
  google::protobuf::RepeatedPtrField<v1::Snapshot> one;
  *one.Add() = snapshot;
  Lines out = RenderSnapshots(one, view);
  for (const std::string& failure : snapshot.failures()) {
    AppendWrapped(out, "✖ " + failure, 0, Tone::kBad, view);
  }
  return out;
}

}  // namespace drover::cli
