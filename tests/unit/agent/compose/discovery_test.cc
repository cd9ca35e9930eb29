#include "agent/compose/discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/compose/temp_folder.h"

namespace drover::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kMinimal[] = "services: {a: {image: 'x:1'}}\n";

class Discovery : public testing::Test {
 protected:
  std::vector<ProjectPlace> Find(const std::vector<ContainerSummary>& containers = {}) {
    const auto policy = Policy::Parse("project_roots: [" + folder_.At("srv") + "]\n", "p");
    EXPECT_TRUE(policy.ok());
    return DiscoverProjects(*policy, containers, {});
  }
  std::vector<std::string> Names(const std::vector<ProjectPlace>& places) {
    std::vector<std::string> names;
    for (const ProjectPlace& place : places) names.push_back(place.name);
    return names;
  }
  ContainerSummary Container(const std::string& project, const std::string& folder,
                             const std::string& files) {
    ContainerSummary c;
    c.labels = {{kProjectLabel, project},
                {kWorkingDirLabel, folder_.At(folder)},
                {kConfigFilesLabel, files},
                {kVersionLabel, "1.29.2"}};
    return c;
  }

  TempFolder folder_;
};

TEST_F(Discovery, FindsFoldersUpToThreeLevelsDown) {
  folder_.Write("srv/One/compose.yaml", kMinimal);
  folder_.Write("srv/a/two/docker-compose.yml", kMinimal);
  folder_.Write("srv/a/b/three/docker-compose.yaml", kMinimal);
  folder_.Write("srv/a/b/c/four/compose.yml", kMinimal);
  folder_.Write("srv/.git/five/compose.yml", kMinimal);
  folder_.Write("elsewhere/six/compose.yml", kMinimal);
  std::filesystem::create_directory_symlink(folder_.At("elsewhere"), folder_.At("srv/link"));
  EXPECT_THAT(Names(Find()), ElementsAre("one", "three", "two"));
}

TEST_F(Discovery, TakesTheFilesThatComposeWouldTake) {
  folder_.Write("srv/p/compose.yaml", kMinimal);
  folder_.Write("srv/p/docker-compose.yml", kMinimal);
  folder_.Write("srv/p/compose.override.yml", kMinimal);
  const auto places = Find();
  ASSERT_EQ(places.size(), 1u);
  EXPECT_THAT(places[0].files, ElementsAre(folder_.At("srv/p/compose.yaml"),
                                           folder_.At("srv/p/compose.override.yml")));
}

TEST_F(Discovery, TakesTheNameThatComposeWouldTake) {
  folder_.Write("srv/My Proj_1.x/compose.yaml", kMinimal);
  folder_.Write("srv/b/compose.yaml", "name: written\nservices: {}\n");
  folder_.Write("srv/c/compose.yaml", "name: written-too\nservices: {}\n");
  folder_.Write("srv/c/.env", "COMPOSE_PROJECT_NAME=by-env\n");
  folder_.Write("srv/d/compose.yaml", "name: x-${N:-1}\nservices: {}\n");
  EXPECT_THAT(Names(Find()), ElementsAre("by-env", "myproj_1x", "written", "x-1"));
}

TEST_F(Discovery, HonoursComposeFile) {
  folder_.Write("srv/p/compose.yaml", kMinimal);
  folder_.Write("srv/p/.env", "COMPOSE_FILE=compose.yaml:prod.yaml\n");
  EXPECT_THAT(Find()[0].files,
              ElementsAre(folder_.At("srv/p/compose.yaml"), folder_.At("srv/p/prod.yaml")));
}

TEST_F(Discovery, BelievesTheContainersLabels) {
  folder_.Write("srv/p/compose.yaml", kMinimal);
  folder_.Write("srv/p/a.yml", kMinimal);
  folder_.Write("srv/p/b.yml", kMinimal);
  const auto places = Find({Container("named", "srv/p", "a.yml," + folder_.At("srv/p/b.yml"))});
  ASSERT_EQ(places.size(), 1u);
  EXPECT_EQ(places[0].name, "named");
  EXPECT_EQ(places[0].made_by, "1.29.2");
  EXPECT_THAT(places[0].files, ElementsAre(folder_.At("srv/p/a.yml"), folder_.At("srv/p/b.yml")));
}

TEST_F(Discovery, FallsBackWhereTheLabelsFilesAreGone) {
  folder_.Write("srv/p/compose.yaml", kMinimal);
  EXPECT_THAT(Find({Container("p", "srv/p", "gone.yml")})[0].files,
              ElementsAre(folder_.At("srv/p/compose.yaml")));
}

TEST_F(Discovery, PassesOverContainersOutsideOfTheRoots) {
  folder_.Write("elsewhere/p/compose.yaml", kMinimal);
  folder_.Write("srv/keep", "");
  EXPECT_TRUE(Find({Container("p", "elsewhere/p", "compose.yaml")}).empty());
}

TEST_F(Discovery, SaysWhereTwoProjectsHaveOneName) {
  folder_.Write("srv/x/p/compose.yaml", kMinimal);
  folder_.Write("srv/y/p/compose.yaml", kMinimal);
  const auto places = Find();
  ASSERT_EQ(places.size(), 2u);
  EXPECT_EQ(places[0].error, "");
  EXPECT_THAT(places[1].error, HasSubstr("the same name p"));
}

TEST(ProjectName, IsNormalizedAsComposeDoes) {
  EXPECT_EQ(NormalizeProjectName("My Proj_1.x-"), "myproj_1x-");
  EXPECT_EQ(NormalizeProjectName("_-a"), "a");
  EXPECT_EQ(NormalizeProjectName("..."), "");
}

}  // namespace
}  // namespace drover::agent
