#include <algorithm>

#include "controller/cli/commands/commands.h"
#include "controller/cli/render/format.h"
#include "controller/cli/render/listings.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

using Fleet = v1::FleetService::Stub;

struct HostArgs {
  std::string host;
  bool yes = false;
};

struct TokenArgs {
  std::string ttl;
};

Exit List(Session& session, const HostArgs&) {
  v1::ListHostsResponse response;
  const grpc::Status status = session.Call(session.connection().fleet(), &Fleet::ListHosts,
                                           v1::ListHostsRequest(), response);
  if (!status.ok()) return session.Fail(status);
  return session.Show(response, RenderHosts(response.hosts(), session.OutView()));
}

Exit ShowOne(Session& session, const HostArgs& args) {
  v1::GetHostRequest request;
  request.set_host(args.host);
  v1::GetHostResponse response;
  const grpc::Status status =
      session.Call(session.connection().fleet(), &Fleet::GetHost, request, response);
  if (!status.ok()) return session.Fail(status);
  return session.Show(response.host(), RenderHost(response.host(), session.OutView()));
}

// The three calls that change a host differ only in their messages.
template <typename Request, typename Response>
Exit Change(Session& session, const std::string& host,
            grpc::Status (Fleet::*method)(grpc::ClientContext*, const Request&, Response*),
            const std::string& done) {
  Request request;
  request.set_host(host);
  Response response;
  const grpc::Status status = session.Call(session.connection().fleet(), method, request, response);
  if (!status.ok()) return session.Fail(status);
  return session.Show(response.host(), {Line("host " + Sanitize(response.host().name()) + done)});
}

Exit Cordon(Session& session, const HostArgs& args) {
  return Change(
      session, args.host, &Fleet::CordonHost,
      " is cordoned: it takes no new operation until: drover host uncordon " + Sanitize(args.host));
}

Exit Uncordon(Session& session, const HostArgs& args) {
  return Change(session, args.host, &Fleet::UncordonHost, " takes operations again");
}

Exit Revoke(Session& session, const HostArgs& args) {
  const Status can = session.CanConfirm(args.yes);
  if (!can.ok()) return session.Fail(can);
  if (!session.Confirm("Revoke host " + args.host +
                           "? Its certificate is refused from now on; it can join again only "
                           "with a new token.",
                       args.yes)) {
    return session.Fail("not revoked: nothing was changed");
  }
  return Change(session, args.host, &Fleet::RevokeHost,
                " is revoked: its connection has ended and its certificate is refused");
}

Exit CreateToken(Session& session, const TokenArgs& args) {
  v1::CreateJoinTokenRequest request;
  if (!args.ttl.empty()) {
    const std::optional<Millis> ttl = ParseDuration(args.ttl);
    if (!ttl)
      return session.Fail("--ttl `" + args.ttl + "` is no duration; for example 90s, 15m, 1h");
    request.mutable_ttl()->set_seconds(ttl->count() / 1000);
  }
  v1::CreateJoinTokenResponse response;
  const grpc::Status status =
      session.Call(session.connection().fleet(), &Fleet::CreateJoinToken, request, response);
  if (!status.ok()) return session.Fail(status);
  if (session.is_table()) {
    const Time now = session.env().clock->Now();
    session.Say("One host can join with this, once, until " + Moment(response.expires_at(), now) +
                " (in " + FormatDuration(Span(now, ToTime(response.expires_at()))) +
                "). Run it there as root:");
  }
  return session.Show(response, {Line("drover-agent join --token " + Sanitize(response.token()) +
                                      " " + Sanitize(response.agent_address()))});
}

CLI::App* AddOne(CLI::App* group, Command& selected, const std::string& name,
                 const std::string& what, Exit (*run)(Session&, const HostArgs&), bool asks) {
  auto args = std::make_shared<HostArgs>();
  CLI::App* sub = group->add_subcommand(name, what);
  AddName(sub, "host", args->host, "HOST", "Name or id of the host");
  if (asks) sub->add_flag("-y,--yes", args->yes, "Do not ask");
  OnRun(sub, selected, args, run);
  return sub;
}

}  // namespace

void AddHosts(CLI::App& app, Command& selected) {
  CLI::App* group = app.add_subcommand("host", "The hosts of the fleet");
  group->require_subcommand(1);
  OnRun(group->add_subcommand("ls", "All hosts"), selected, std::make_shared<HostArgs>(), &List);
  AddOne(group, selected, "show", "One host with its projects", &ShowOne, false);
  AddOne(group, selected, "revoke", "Refuse a host's certificate from now on", &Revoke, true);
  AddOne(group, selected, "cordon", "Give a host no new operation", &Cordon, false);
  AddOne(group, selected, "uncordon", "Give a host operations again", &Uncordon, false);
}

void AddToken(CLI::App& app, Command& selected) {
  CLI::App* group = app.add_subcommand("token", "Tokens that hosts join with");
  group->require_subcommand(1);
  auto args = std::make_shared<TokenArgs>();
  CLI::App* sub = group->add_subcommand("create", "Print the join command to paste on a host");
  sub->add_option("--ttl", args->ttl, "How long it is good for, 1m to 168h (default 1h)")
      ->type_name("DURATION");
  OnRun(sub, selected, args, &CreateToken);
}

}  // namespace drover::cli
