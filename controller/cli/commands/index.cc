#include <chrono>

#include "controller/cli/commands/commands.h"
#include "controller/cli/render/format.h"
#include "controller/cli/render/listings.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

using Indexes = v1::IndexService::Stub;

struct IndexArgs {
  std::string cluster;
  std::string too_old_for;
  std::vector<std::string> names;
  bool keep_old = false;
  bool yes = false;
};

Exit List(Session& session, const IndexArgs& args) {
  v1::ListIndexesRequest request;
  request.set_cluster(args.cluster);
  request.set_too_old_for(args.too_old_for);
  v1::ListIndexesResponse response;
  const grpc::Status status = session.Call(session.connection().indexes(), &Indexes::ListIndexes,
                                           request, response, kObserveTimeout);
  if (!status.ok()) return session.Fail(status);
  return session.Show(response, RenderIndexes(response.indexes(), session.OutView()));
}

std::string Progress(const v1::ReindexIndexesResponse& step) {
  std::string text = step.text();
  if (step.documents_total() > 0) {
    text += " · " + std::to_string(step.documents_done()) + " of " +
            std::to_string(step.documents_total()) + " documents";
  }
  return text;
}

std::string Words(const std::vector<std::string>& names) {
  std::string words;
  for (const std::string& name : names) words += " " + name;
  return words;
}

Exit Follow(Session& session, const IndexArgs& args) {
  grpc::ClientContext context;
  session.SetDeadline(context);
  const Interrupts::Scope scope(*session.env().interrupts, [&context] { context.TryCancel(); });
  v1::ReindexIndexesRequest request;
  request.set_cluster(args.cluster);
  for (const std::string& name : args.names) request.add_indexes(name);
  request.set_keep_old(args.keep_old);
  const auto reader = session.connection().indexes().ReindexIndexes(&context, request);
  v1::ReindexIndexesResponse step;
  bool begun = false;
  while (reader->Read(&step)) {
    begun = true;
    const bool ended = step.state() != v1::REINDEX_STATE_RUNNING;
    session.Say(Progress(step), ended ? Tone::kGood : Tone::kPlain);
  }
  const grpc::Status status = reader->Finish();
  if (status.ok()) return Exit::kOk;
  const bool left = status.error_code() == grpc::StatusCode::CANCELLED;
  const Exit exit = left ? Exit::kWatchEnded : session.Fail(status);
  if (begun) {
    session.Say(
        "no document is lost: the same command goes on where this one stopped: drover "
        "index reindex " +
        args.cluster + Words(args.names) + (args.keep_old ? " --keep-old" : ""));
  }
  return exit;
}

Exit Reindex(Session& session, const IndexArgs& args) {
  const Status can = session.CanConfirm(args.yes);
  if (!can.ok()) return session.Fail(can);
  session.Say(
      "Each index is copied to a temporary one and back under its name. Until it is back, "
      "writes to it are refused; searches go on, but for a moment while its name changes "
      "hands.");
  if (!session.Confirm("\nreindex" + Words(args.names) + " of " + args.cluster + " now?",
                       args.yes)) {
    session.Say("not begun: nothing was changed");
    return Exit::kError;
  }
  return Follow(session, args);
}

}  // namespace

void AddIndexes(CLI::App& app, Command& selected) {
  CLI::App* group = app.add_subcommand("index", "Indexes of a cluster, and making them anew");
  group->require_subcommand(1);
  auto args = std::make_shared<IndexArgs>();
  CLI::App* sub = group->add_subcommand("ls", "The indexes and the version that made each");
  AddName(sub, "cluster", args->cluster, "CLUSTER", "The cluster");
  sub->add_option("--too-old-for", args->too_old_for, "Only those that this version refuses")
      ->type_name("VERSION");
  OnRun(sub, selected, args, &List);

  args = std::make_shared<IndexArgs>();
  sub = group->add_subcommand("reindex", "Make indexes anew, for the next major version");
  AddName(sub, "cluster", args->cluster, "CLUSTER", "The cluster");
  sub->add_option("indexes", args->names, "The indexes")->type_name("INDEX")->required();
  sub->add_flag("--keep-old", args->keep_old, "Keep each old index as drover-old-NAME");
  sub->add_flag("-y,--yes", args->yes, "Do not ask");
  OnRun(sub, selected, args, &Reindex);
}

}  // namespace drover::cli
