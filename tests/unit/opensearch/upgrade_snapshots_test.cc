// Repositories of single upgrades, against a server that keeps repositories as a cluster does.
#include "controller/opensearch/upgrade_snapshots.h"

#include <gmock/gmock.h>

#include "tests/unit/opensearch/helpers.h"

namespace drover::opensearch {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kOwn[] = "backups-drover-1";
const rollout::TakeSnapshot kTake{kOwn, "drover-1", "backups"};
const rollout::DeleteSnapshot kDelete{kOwn, "drover-1", true};

class UpgradeSnapshots : public ::testing::Test {
 protected:
  // Guards everything below: the server answers on threads of its own.
  std::mutex mutex_;
  json repositories_ = {{"backups", {{"type", "fs"}, {"settings", {{"location", "/snap"}}}}}};
  std::map<std::string, std::vector<std::string>> snapshots_;  // repository → names
  std::string verify_error_, delete_error_, cleanup_error_;
  std::vector<std::string> verifying_ = {"id-1", "id-2"};

  static Reply Error(unsigned status, const std::string& type, const std::string& reason) {
    return {status,
            json{{"error", {{"type", type}, {"reason", reason}}}, {"status", status}}.dump()};
  }
  static Reply Done() { return {200, R"({"acknowledged":true})"}; }

  Reply OfRepository(const SeenRequest& seen, const std::string& name) {
    if (seen.method == "PUT") {
      repositories_[name] = json::parse(seen.body);
      return Done();
    }
    if (!repositories_.contains(name)) {
      return Error(404, "repository_missing_exception", "[" + name + "] missing");
    }
    if (seen.method == "DELETE") {
      repositories_.erase(name);
      return Done();
    }
    return {200, json{{name, repositories_[name]}}.dump()};
  }

  Reply OfSnapshot(const SeenRequest& seen, const std::string& repository,
                   const std::string& name) {
    if (!repositories_.contains(repository)) {
      return Error(404, "repository_missing_exception", "[" + repository + "] missing");
    }
    std::vector<std::string>& names = snapshots_[repository];
    if (name == "_all") {
      json listed = json::array();
      for (const std::string& each : names) {
        listed.push_back({{"snapshot", each}, {"state", "SUCCESS"}});
      }
      return {200, json{{"snapshots", listed}}.dump()};
    }
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return Error(404, "snapshot_missing_exception", "missing");
    if (seen.method == "DELETE") {
      if (!delete_error_.empty()) return Error(500, "repository_exception", delete_error_);
      names.erase(found);
      return Done();
    }
    return {200, json{{"snapshots", {{{"snapshot", name}, {"state", "SUCCESS"}}}}}.dump()};
  }

  Reply Answer(const SeenRequest& seen) {
    const std::lock_guard lock(mutex_);
    const std::string path = seen.Line().substr(seen.method.size() + 1);
    if (path == "/_snapshot") return {200, repositories_.dump()};
    if (!path.starts_with("/_snapshot/")) return {200, kNodes};
    const std::string rest = path.substr(11);
    const std::string repository = rest.substr(0, rest.find('/'));
    if (rest == repository) return OfRepository(seen, repository);
    const std::string last = rest.substr(repository.size() + 1);
    if (last == "_status") return {200, R"({"snapshots":[]})"};
    if (last == "_cleanup") {
      return cleanup_error_.empty() ? Reply{200, R"({"results":{}})"}
                                    : Error(500, "repository_exception", cleanup_error_);
    }
    if (last == "_verify") {
      if (!verify_error_.empty()) {
        return Error(500, "repository_verification_exception", verify_error_);
      }
      json nodes = json::object();
      for (const std::string& id : verifying_) nodes[id] = {{"name", id}};
      return {200, json{{"nodes", nodes}}.dump()};
    }
    return OfSnapshot(seen, repository, last);
  }

  static constexpr char kNodes[] = R"({"nodes":{
      "id-1":{"name":"os-1","version":"2.17.1","roles":["cluster_manager","data"]},
      "id-2":{"name":"os-2","version":"2.17.1","roles":["data"]}}})";

  HttpServer server_{[this](const SeenRequest& seen) { return Answer(seen); }};
  std::shared_ptr<ClusterApi> api_ = ApiOf(SpecOf({server_.url()}));
};

TEST_F(UpgradeSnapshots, ARepositoryIsMadeAndVerified) {
  const Status status = PrepareRepository(*api_, kTake);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(repositories_[kOwn],
            json::parse(R"({"type":"fs","settings":{"location":"/snap/drover-1"}})"));
  EXPECT_EQ(server_.Count("POST /_snapshot/backups-drover-1/_verify"), 1);
  // Performed again, after a crash for example, it is not registered a second time.
  EXPECT_TRUE(PrepareRepository(*api_, kTake).ok());
  EXPECT_EQ(server_.Count("PUT /_snapshot/backups-drover-1"), 1);
  // Once the snapshot is there nothing is asked of the nodes.
  snapshots_[kOwn] = {"drover-1"};
  EXPECT_TRUE(PrepareRepository(*api_, kTake).ok());
  EXPECT_EQ(server_.Count("POST /_snapshot/backups-drover-1/_verify"), 2);
}

TEST_F(UpgradeSnapshots, TheSharedRepositoryIsLeftAlone) {
  EXPECT_TRUE(PrepareRepository(*api_, {"backups", "drover-1", ""}).ok());
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(UpgradeSnapshots, ANodeThatCannotUseItIsNamed) {
  verifying_ = {"id-1"};
  const Status missing = PrepareRepository(*api_, kTake);
  EXPECT_EQ(missing.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(missing), HasSubstr("(/snap/drover-1), was not verified by os-2"));
  verify_error_ = "os-1 cannot write";
  EXPECT_THAT(Message(PrepareRepository(*api_, kTake)), HasSubstr("os-1 cannot write"));
}

TEST_F(UpgradeSnapshots, ASnapshotGoesWithItsRepository) {
  repositories_[kOwn] = {{"type", "fs"}, {"settings", {{"location", "/snap/drover-1"}}}};
  snapshots_[kOwn] = {"drover-1"};
  std::vector<std::string> left;
  EXPECT_TRUE(RemoveSnapshot(*api_, kDelete, &left).ok());
  EXPECT_THAT(left, IsEmpty());
  EXPECT_FALSE(repositories_.contains(kOwn));
  // Neither of them is there.
  EXPECT_TRUE(RemoveSnapshot(*api_, kDelete, &left).ok());
  EXPECT_THAT(left, IsEmpty());
}

TEST_F(UpgradeSnapshots, WhatCannotBeDeletedIsSaidAndUnregistered) {
  repositories_[kOwn] = {{"type", "fs"}, {"settings", {{"location", "/snap/drover-1"}}}};
  snapshots_[kOwn] = {"drover-1"};
  delete_error_ = "No space left on device";
  std::vector<std::string> left;
  EXPECT_TRUE(RemoveSnapshot(*api_, kDelete, &left).ok());
  EXPECT_FALSE(repositories_.contains(kOwn));
  EXPECT_THAT(left, ElementsAre(::testing::AllOf(HasSubstr("stays in /snap/drover-1"),
                                                 HasSubstr("No space left on device"))));
}

TEST_F(UpgradeSnapshots, WhatAnUnfinishedOneWroteIsCleanedUp) {
  const json own = {{"type", "fs"}, {"settings", {{"location", "/snap/drover-1"}}}};
  repositories_[kOwn] = own;
  std::vector<std::string> left;
  EXPECT_TRUE(RemoveSnapshot(*api_, kDelete, &left).ok());
  EXPECT_EQ(server_.Count("POST /_snapshot/backups-drover-1/_cleanup"), 1);
  EXPECT_THAT(left, IsEmpty());
  repositories_[kOwn] = own;
  cleanup_error_ = "No space left on device";
  EXPECT_TRUE(RemoveSnapshot(*api_, kDelete, &left).ok());
  EXPECT_THAT(left, ElementsAre(HasSubstr("delete that folder")));
}

TEST_F(UpgradeSnapshots, AreFoundWhereverTheyAre) {
  repositories_[kOwn] = {{"type", "fs"}, {"settings", {{"location", "/snap/drover-1"}}}};
  repositories_["other"] = {{"type", "fs"}, {"settings", {{"location", "/other"}}}};
  snapshots_ = {{"backups", {"nightly"}}, {kOwn, {"drover-1"}}, {"other", {"foreign"}}};
  const auto all = ListAllSnapshots(*api_, "backups");
  ASSERT_TRUE(all.ok()) << all.status();
  std::vector<std::string> names;
  for (const auto& snapshot : all->snapshots) {
    names.push_back(snapshot.repository + "/" + snapshot.name);
  }
  EXPECT_THAT(names, ElementsAre("backups/nightly", "backups-drover-1/drover-1"));
  EXPECT_EQ(FindAnySnapshot(*api_, "backups", "drover-1")->repository, kOwn);
  EXPECT_EQ(FindAnySnapshot(*api_, "backups", "nightly")->repository, "backups");
  EXPECT_EQ(FindAnySnapshot(*api_, "backups", "foreign")->state, "");
}

// As in a cluster that began anew from that snapshot.
TEST_F(UpgradeSnapshots, WithoutTheClustersOwnRepositoryTheOthersAreListed) {
  repositories_ = {{kOwn, {{"type", "fs"}, {"settings", {{"location", "/snap/drover-1"}}}}}};
  snapshots_ = {{kOwn, {"drover-1"}}};
  const auto all = ListAllSnapshots(*api_, "backups");
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->snapshots.size(), 1u);
  EXPECT_EQ(all->snapshots[0].name, "drover-1");
  ASSERT_EQ(all->unreadable.size(), 1u);
  EXPECT_THAT(all->unreadable[0], HasSubstr("repository backups cannot be read"));
  repositories_.clear();
  EXPECT_FALSE(ListAllSnapshots(*api_, "backups").ok());
}

TEST_F(UpgradeSnapshots, OnlyAnEmptyRepositoryOfAnUpgradeIsDropped) {
  repositories_[kOwn] = {{"type", "fs"}, {"settings", {{"location", "/snap/drover-1"}}}};
  snapshots_[kOwn] = {"second"};
  EXPECT_FALSE(*DropIfEmpty(*api_, "backups", "backups"));
  EXPECT_FALSE(*DropIfEmpty(*api_, "backups", kOwn));
  snapshots_[kOwn].clear();
  EXPECT_TRUE(*DropIfEmpty(*api_, "backups", kOwn));
  EXPECT_FALSE(repositories_.contains(kOwn));
  EXPECT_TRUE(repositories_.contains("backups"));
}

}  // namespace
}  // namespace drover::opensearch
