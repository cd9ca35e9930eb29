#include "controller/opensearch/upgrade_snapshots.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "controller/rollout/own_repository.h"

namespace drover::opensearch {
namespace {

std::string FolderOf(const rollout::RepositoryView& repository) {
  const auto found = repository.settings.find(rollout::FolderSetting(repository.type));
  return found == repository.settings.end() ? repository.name : found->second;
}

Status Register(ClusterApi& api, const rollout::TakeSnapshot& order) {
  DROVER_ASSIGN_OR_RETURN(const rollout::RepositoryView parent, api.GetRepository(order.parent));
  if (!parent.exists) {
    return FailedPrecondition("repository " + order.parent + " is not registered any more");
  }
  const auto own = rollout::OwnRepository(parent, order.name);
  if (!own) {
    return FailedPrecondition("repository " + order.parent + " is of type " + parent.type +
                              " now: none can be made below it; plan again");
  }
  return api.RegisterRepository(*own);
}

// The cluster has taken the call and said no: asking it the same again changes nothing by itself.
bool IsRefusal(const Status& status) { return status.code() == StatusCode::kFailedPrecondition; }

Status Verify(ClusterApi& api, const rollout::TakeSnapshot& order) {
  const std::string what =
      "repository " + order.repository + ", made for this upgrade below " + order.parent;
  DROVER_ASSIGN_OR_RETURN(const rollout::RepositoryView view,
                          api.VerifyRepository(order.repository));
  if (!view.verify_error.empty()) {
    return FailedPrecondition(what + " (" + FolderOf(view) +
                              "), does not verify: " + view.verify_error);
  }
  DROVER_ASSIGN_OR_RETURN(const std::vector<rollout::NodeView> nodes, api.Nodes());
  const std::vector<std::string> missing = rollout::NotVerifiedBy(nodes, view);
  if (missing.empty()) return OkStatus();
  return FailedPrecondition(what + " (" + FolderOf(view) + "), was not verified by " +
                            missing.front());
}

// What a snapshot that is not listed may have written; an error where it stays.
Status CleanUp(ClusterApi& api, const std::string& repository) {
  const Status cleaned = api.CleanUpRepository(repository);
  return cleaned.code() == StatusCode::kNotFound ? OkStatus() : cleaned;
}

// `parent` and what was made below it.
StatusOr<std::vector<std::string>> RepositoriesOf(ClusterApi& api, const std::string& parent) {
  DROVER_ASSIGN_OR_RETURN(const std::vector<rollout::RepositoryView> all, api.ListRepositories());
  std::vector<std::string> names = {parent};
  for (const rollout::RepositoryView& repository : all) {
    if (rollout::IsOwnRepository(repository, parent)) names.push_back(repository.name);
  }
  return names;
}

}  // namespace

Status PrepareRepository(ClusterApi& api, const rollout::TakeSnapshot& order) {
  if (order.parent.empty()) return OkStatus();
  DROVER_ASSIGN_OR_RETURN(const rollout::RepositoryView own, api.GetRepository(order.repository));
  if (own.exists) {
    // Begun before a restart of the controller: it was verified then, and is written to now.
    const auto snapshot = api.GetSnapshot(order.repository, order.name);
    if (snapshot.ok() && !snapshot->state.empty()) return OkStatus();
  } else if (const Status made = Register(api, order); !made.ok()) {
    return Annotate(made, "repository " + order.repository + " for this upgrade");
  }
  return Verify(api, order);
}

Status RemoveSnapshot(ClusterApi& api, const rollout::DeleteSnapshot& order,
                      std::vector<std::string>* left) {
  Status deleted = api.DeleteSnapshot(order.repository, order.name);
  const bool missing = deleted.code() == StatusCode::kNotFound;
  if (!order.with_repository) return missing ? OkStatus() : deleted;
  DROVER_ASSIGN_OR_RETURN(const rollout::RepositoryView own, api.GetRepository(order.repository));
  if (!own.exists) return OkStatus();
  if (missing) deleted = CleanUp(api, order.repository);
  if (!deleted.ok() && !IsRefusal(deleted)) return deleted;
  // Refused while the snapshot runs on.
  const Status gone = api.DeleteRepository(order.repository);
  if (!gone.ok() && gone.code() != StatusCode::kNotFound) return gone;
  if (!deleted.ok()) {
    left->push_back("whatever " + order.name + " has written stays in " + FolderOf(own) +
                    ", which is not registered any more, as the cluster could not delete it (" +
                    Message(deleted) + "): delete that folder");
  }
  return OkStatus();
}

StatusOr<AllSnapshots> ListAllSnapshots(ClusterApi& api, const std::string& parent) {
  DROVER_ASSIGN_OR_RETURN(const std::vector<std::string> names, RepositoriesOf(api, parent));
  AllSnapshots all;
  for (const std::string& name : names) {
    StatusOr<std::vector<rollout::SnapshotView>> found = api.ListSnapshots(name);
    if (!found.ok()) {
      // A cluster that began anew from an upgrade's snapshot knows of that one's repository alone.
      const bool is_needed = name == parent && names.size() == 1;
      if (is_needed || !IsRefusal(found.status())) return found.status();
      all.unreadable.push_back("repository " + name +
                               " cannot be read: " + Message(found.status()));
      continue;
    }
    std::move(found->begin(), found->end(), std::back_inserter(all.snapshots));
  }
  return all;
}

StatusOr<rollout::SnapshotView> FindAnySnapshot(ClusterApi& api, const std::string& parent,
                                                const std::string& name) {
  DROVER_ASSIGN_OR_RETURN(std::vector<std::string> names, RepositoriesOf(api, parent));
  // The likeliest first.
  const std::string own = rollout::OwnRepositoryName(parent, name);
  std::stable_partition(names.begin(), names.end(),
                        [&](const std::string& repository) { return repository == own; });
  Status unreadable = OkStatus();
  rollout::SnapshotView none;
  none.repository = parent;
  none.name = name;
  for (const std::string& repository : names) {
    StatusOr<rollout::SnapshotView> found = api.GetSnapshot(repository, name);
    if (found.ok() && !found->state.empty()) return found;
    if (!found.ok() && unreadable.ok()) unreadable = found.status();
  }
  if (!unreadable.ok()) return unreadable;
  return none;
}

StatusOr<bool> DropIfEmpty(ClusterApi& api, const std::string& parent,
                           const std::string& repository) {
  if (repository == parent) return false;
  DROVER_ASSIGN_OR_RETURN(const rollout::RepositoryView view, api.GetRepository(repository));
  if (!view.exists || !rollout::IsOwnRepository(view, parent)) return false;
  DROVER_ASSIGN_OR_RETURN(const auto left, api.ListSnapshots(repository));
  if (!left.empty()) return false;
  const Status gone = api.DeleteRepository(repository);
  if (!gone.ok() && gone.code() != StatusCode::kNotFound) return gone;
  return true;
}

}  // namespace drover::opensearch
