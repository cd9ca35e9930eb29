// What verbs left on this host, and its removal.
#include "agent/compose/compose_verbs.h"
#include "agent/compose/outcome.h"
#include "agent/compose/wire_time.h"

namespace drover::agent {
namespace {

// More than one host ever has; a message has room for them.
constexpr int kMaxListed = 5000;

v1::Leftover Told(v1::LeftoverKind kind, const VolumePlace& place) {
  v1::Leftover leftover;
  leftover.set_kind(kind);
  leftover.set_project(ValidUtf8(place.project));
  leftover.set_service(ValidUtf8(place.service));
  leftover.set_name(place.name);
  return leftover;
}

v1::Leftover Told(const ColdCopies::Listed& listed) {
  v1::Leftover leftover = Told(v1::LEFTOVER_KIND_COLD_COPY, listed.place);
  leftover.set_source(ValidUtf8(listed.copy.source));
  leftover.set_path(ValidUtf8(listed.copy.path));
  leftover.set_bytes(listed.copy.sum.bytes);
  *leftover.mutable_created_at() = WireTime(listed.made_at);
  return leftover;
}

v1::Leftover Told(const KeptVolumes::Listed& listed) {
  v1::Leftover leftover = Told(v1::LEFTOVER_KIND_KEPT_VOLUME, listed.place);
  leftover.set_source(ValidUtf8(listed.kept.source));
  leftover.set_path(ValidUtf8(listed.kept.path));
  leftover.set_bytes(listed.kept.bytes);
  leftover.set_restored(listed.kept.restored);
  *leftover.mutable_created_at() = WireTime(listed.kept.created_at);
  return leftover;
}

bool IsMeant(const v1::Leftover& leftover, const v1::RemoveLeftover& query) {
  return leftover.kind() == query.kind() && leftover.project() == query.project() &&
         leftover.service() == query.service() && leftover.name() == query.name();
}

}  // namespace

v1::Leftovers ComposeVerbs::ListLeftovers() const {
  v1::Leftovers all;
  for (const ColdCopies::Listed& listed : copies_.List()) {
    if (all.leftovers_size() < kMaxListed) *all.add_leftovers() = Told(listed);
  }
  for (const KeptVolumes::Listed& listed : kept_volumes_.List()) {
    if (all.leftovers_size() < kMaxListed) *all.add_leftovers() = Told(listed);
  }
  return all;
}

// Only what was listed is removed: no name of the query becomes a path.
StatusOr<v1::RemovedLeftover> ComposeVerbs::RemoveLeftover(const v1::RemoveLeftover& query) {
  DROVER_RETURN_IF_ERROR(parts_.policy->Current()->AllowsVerb("RemoveLeftover"));
  const std::unique_lock lock(leftovers_mutex_, std::try_to_lock);
  if (!lock) {
    return FailedPrecondition(
        "A volume of this host is being copied or restored; nothing was removed, try again when "
        "that has ended");
  }
  const VolumePlace place{query.project(), query.service(), query.name()};
  const v1::Leftovers all = ListLeftovers();
  for (const v1::Leftover& leftover : all.leftovers()) {
    if (!IsMeant(leftover, query)) continue;
    DROVER_RETURN_IF_ERROR(query.kind() == v1::LEFTOVER_KIND_COLD_COPY
                               ? copies_.Remove(place)
                               : kept_volumes_.Remove(place));
    v1::RemovedLeftover removed;
    *removed.mutable_leftover() = leftover;
    return removed;
  }
  return VerbError(v1::OPERATION_ERROR_CODE_UNKNOWN_SERVICE,
                   "This host keeps no " + query.name().substr(0, 200) + " of " +
                       query.project().substr(0, 200) + "/" + query.service().substr(0, 200) +
                       "; look with drover leftovers");
}

}  // namespace drover::agent
