// `drover rehearse`: what the next version makes of a cluster's snapshot, before any upgrade.
#include <vector>

#include "controller/cli/commands/commands.h"
#include "controller/cli/render/rehearsal.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

struct RehearseArgs {
  std::string cluster, to, image, host, snapshot;
  std::vector<std::string> indices;
  uint32_t sample = 2;
  bool all = false;
  bool keep = false;
};

v1::RehearseRequest RequestOf(const RehearseArgs& args) {
  v1::RehearseRequest request;
  request.set_cluster(args.cluster);
  request.set_to_version(args.to);
  request.set_image(args.image);
  request.set_host(args.host);
  request.set_snapshot(args.snapshot);
  for (const std::string& index : args.indices) request.add_indices(index);
  request.set_sample(args.sample);
  request.set_all_indices(args.all);
  request.set_keep(args.keep);
  return request;
}

void SayPlace(Session& session, const v1::RehearsalPlace& place) {
  session.Say("  image " + Sanitize(place.image()) + " on " + Sanitize(place.host()) +
              ", snapshot " + Sanitize(place.snapshot()) + " of " +
              Sanitize(place.snapshot_version()) + ", container " + Sanitize(place.container()));
  for (const v1::LeftIndex& left : place.left_alone()) {
    session.Say("  - " + Sanitize(left.name()) + " is left alone: " + Sanitize(left.reason()),
                Tone::kDim);
  }
}

void SayStep(Session& session, const v1::RehearseResponse& step) {
  bool bad = false;
  for (const auto& index : step.indexes()) {
    bad = bad || index.verdict() == v1::REHEARSAL_VERDICT_FAILED;
  }
  for (const auto& finding : step.findings()) bad = bad || finding.fails();
  // Of a node that ended it holds lines of its log, which the table's end has too.
  session.Say(Sanitize(step.text().substr(0, step.text().find('\n'))),
              bad ? Tone::kBad : Tone::kPlain);
  if (step.has_place()) SayPlace(session, step.place());
}

Exit Finish(Session& session, const RehearseArgs& args, const v1::RehearseResponse& all) {
  const Exit shown = session.Show(all, RenderRehearsal(all, session.OutView()));
  if (shown != Exit::kOk) return shown;
  if (args.keep) {
    session.Say("kept until the agent of " + Sanitize(all.place().host()) +
                " starts next or another rehearsal begins there; to remove it now, there: docker "
                "rm -f -v " +
                Sanitize(all.place().container()));
  }
  const bool passed = all.verdict() == v1::REHEARSAL_VERDICT_PASSED;
  session.Say(passed ? "passed: " + args.to + " opens all that was rehearsed of " + args.cluster
                     : "failed: " + args.to + " does not open all that was rehearsed of " +
                           args.cluster + "; nothing in the cluster was changed",
              passed ? Tone::kGood : Tone::kBad);
  return passed ? Exit::kOk : Exit::kRefused;
}

Exit Rehearse(Session& session, const RehearseArgs& args) {
  grpc::ClientContext context;
  session.SetDeadline(context);
  const Interrupts::Scope scope(*session.env().interrupts, [&context] { context.TryCancel(); });
  const auto reader = session.connection().rehearsals().Rehearse(&context, RequestOf(args));
  v1::RehearseResponse all, step;
  while (reader->Read(&step)) {
    SayStep(session, step);
    all.MergeFrom(step);
  }
  const grpc::Status status = reader->Finish();
  if (status.error_code() == grpc::StatusCode::CANCELLED) {
    session.Say("ended: the controller removes the rehearsal's node");
    return Exit::kAborted;
  }
  if (!status.ok()) return session.Fail(status);
  return Finish(session, args, all);
}

}  // namespace

void AddRehearsals(CLI::App& app, Command& selected) {
  auto args = std::make_shared<RehearseArgs>();
  CLI::App* sub = app.add_subcommand(
      "rehearse", "Open a snapshot in a throw-away node of another version, beside the cluster");
  AddName(sub, "cluster", args->cluster, "CLUSTER", "The cluster");
  sub->add_option("--to", args->to, "The version")->type_name("VERSION")->required();
  sub->add_option("--image", args->image, "Its image (default: the members' with another tag)")
      ->type_name("REF");
  sub->add_option("--host", args->host, "Of a member (default: the one with the most room)")
      ->type_name("HOST");
  sub->add_option("--snapshot", args->snapshot, "The snapshot (default: the newest whole one)")
      ->type_name("SNAPSHOT");
  auto* const indices =
      sub->add_option("--indices", args->indices, "These indexes, with commas between them")
          ->type_name("INDEX")
          ->delimiter(',');
  auto* const sample =
      sub->add_option("--sample", args->sample, "How many of each kind, the smallest (2)")
          ->check(CLI::Range(1, 1000));
  auto* const all = sub->add_flag("--all-indices", args->all, "All of them");
  indices->excludes(sample);
  indices->excludes(all);
  sample->excludes(all);
  sub->add_flag("--keep", args->keep, "Leave the node there, to be looked at");
  OnRun(sub, selected, args, &Rehearse);
}

}  // namespace drover::cli
