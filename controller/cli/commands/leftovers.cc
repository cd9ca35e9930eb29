#include <optional>
#include <vector>

#include "controller/cli/commands/commands.h"
#include "controller/cli/render/format.h"
#include "controller/cli/render/listings.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

using Fleet = v1::FleetService::Stub;

// Hosts and repositories are waited for; a removal is many unlinks.
constexpr Millis kListTimeout{60'000};
constexpr Millis kRemoveTimeout{600'000};

struct LeftoverArgs {
  std::string cluster, place, name, kind;
  bool yes = false;
};

struct Place {
  std::string host, project, service;
};

// Of "HOST/PROJECT/SERVICE".
std::optional<Place> ParsePlace(const std::string& text) {
  const size_t first = text.find('/');
  const size_t last = text.rfind('/');
  if (first == std::string::npos || first == last) return std::nullopt;
  const Place place{text.substr(0, first), text.substr(first + 1, last - first - 1),
                    text.substr(last + 1)};
  const bool whole = !place.host.empty() && !place.project.empty() && !place.service.empty() &&
                     place.project.find('/') == std::string::npos;
  return whole ? std::optional<Place>(place) : std::nullopt;
}

grpc::Status Ask(Session& session, const std::string& cluster,
                 v1::ListLeftoversResponse& response) {
  v1::ListLeftoversRequest request;
  request.set_cluster(cluster);
  return session.Call(session.connection().fleet(), &Fleet::ListLeftovers, request, response,
                      kListTimeout);
}

Exit List(Session& session, const LeftoverArgs& args) {
  v1::ListLeftoversResponse response;
  const grpc::Status status = Ask(session, args.cluster, response);
  if (!status.ok()) return session.Fail(status);
  for (const v1::LeftoversUnseen& unseen : response.unseen()) {
    session.Say("not looked at: " + Sanitize(unseen.what()) + ": " + Sanitize(unseen.reason()),
                Tone::kBad);
  }
  return session.Show(response, RenderLeftovers(response.leftovers(), session.OutView()));
}

bool IsMeant(const v1::Leftover& leftover, const Place& place, const LeftoverArgs& args) {
  if (leftover.kind() == v1::LEFTOVER_KIND_SNAPSHOT) return false;
  const bool kind = args.kind.empty() || args.kind == LeftoverWord(leftover.kind());
  return kind && leftover.host() == place.host && leftover.project() == place.project &&
         leftover.service() == place.service && leftover.name() == args.name;
}

// Why nothing of that name was found, as far as the controller knows.
std::string NotThere(const v1::ListLeftoversResponse& listed, const Place& place,
                     const LeftoverArgs& args) {
  for (const v1::LeftoversUnseen& unseen : listed.unseen()) {
    if (unseen.what() == "host " + place.host) {
      return "nothing was removed: host " + place.host +
             " could not be looked at: " + Sanitize(unseen.reason());
    }
  }
  return "host " + place.host + " keeps no " + args.name + " of " + place.project + "/" +
         place.service + "; drover leftovers shows what there is";
}

Exit Remove(Session& session, const LeftoverArgs& args) {
  const std::optional<Place> place = ParsePlace(args.place);
  if (!place) {
    return session.Fail("`" + args.place +
                        "` is not HOST/PROJECT/SERVICE; a snapshot is deleted with drover snapshot "
                        "delete CLUSTER SNAPSHOT");
  }
  if (const Status can = session.CanConfirm(args.yes); !can.ok()) return session.Fail(can);
  v1::ListLeftoversResponse listed;
  const grpc::Status status = Ask(session, "", listed);
  if (!status.ok()) return session.Fail(status);
  google::protobuf::RepeatedPtrField<v1::Leftover> meant;
  for (const v1::Leftover& leftover : listed.leftovers()) {
    if (IsMeant(leftover, *place, args)) *meant.Add() = leftover;
  }
  if (meant.empty()) return session.Fail(NotThere(listed, *place, args));
  session.SayLines(RenderLeftovers(meant, session.ErrView()));
  if (meant.size() > 1) {
    return session.Fail("there are two of that name: say which with --kind copy or --kind volume");
  }
  const v1::Leftover& one = meant[0];
  if (!session.Confirm("\nremove " + FormatBytes(one.bytes()) + " in " + Sanitize(one.path()) +
                           " of host " + place->host + " for good?",
                       args.yes)) {
    session.Say("nothing was removed");
    return Exit::kError;
  }
  v1::RemoveLeftoverRequest request;
  request.set_host(place->host);
  request.set_project(place->project);
  request.set_service(place->service);
  request.set_name(args.name);
  request.set_kind(one.kind());
  v1::RemoveLeftoverResponse response;
  const grpc::Status removed = session.Call(session.connection().fleet(), &Fleet::RemoveLeftover,
                                            request, response, kRemoveTimeout);
  if (!removed.ok()) return session.Fail(removed);
  return session.Show(response, {Line("removed ").Add(Sanitize(args.name), Tone::kBold)});
}

}  // namespace

void AddLeftovers(CLI::App& app, Command& selected) {
  CLI::App* group =
      app.add_subcommand("leftovers", "Cold copies, kept volumes and snapshots of rollouts");
  auto args = std::make_shared<LeftoverArgs>();
  group->add_option("cluster", args->cluster, "Only of this cluster")->type_name("CLUSTER");
  // Called after the subcommand's own callback where one was typed.
  group->callback([&selected, group, args] {
    if (!group->get_subcommands().empty()) return;
    selected.run = [args](Session& session) { return List(session, *args); };
  });
  args = std::make_shared<LeftoverArgs>();
  CLI::App* sub =
      group->add_subcommand("remove", "Remove a cold copy or a kept volume from its host");
  AddName(sub, "place", args->place, "HOST/PROJECT/SERVICE", "Whose it is");
  AddName(sub, "name", args->name, "NAME", "Its name");
  sub->add_option("--kind", args->kind, "copy or volume, where both have that name")
      ->check(CLI::IsMember({"copy", "volume"}))
      ->type_name("KIND");
  sub->add_flag("-y,--yes", args->yes, "Do not ask");
  OnRun(sub, selected, args, &Remove);
}

}  // namespace drover::cli
