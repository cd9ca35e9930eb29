#include "agent/compose/project_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/compose/temp_folder.h"

namespace drover::agent {
namespace {

using testing::UnorderedElementsAre;

std::vector<std::string> Paths(const ProjectFiles& files) {
  std::vector<std::string> paths;
  for (const ProjectFile& file : files.files) paths.push_back(file.real_path);
  return paths;
}

ProjectPlace PlaceOf(const TempFolder& folder) {
  ProjectPlace place;
  place.name = "p";
  place.working_dir = folder.path();
  place.files = {folder.At("compose.yaml")};
  return place;
}

TEST(ProjectFiles, ReadsAllThatIsPulledIn) {
  const TempFolder folder;
  folder.Write(
      "compose.yaml",
      "include:\n  - inc/one.yml\n  - {path: [inc/two.yml], env_file: inc/two.env}\n"
      "services:\n  a:\n    image: x:1\n    env_file: a.env\n"
      "  b:\n    image: x:1\n    env_file: [b1.env, {path: \"${D}/b2.env\"}, missing.env]\n"
      "  c:\n    extends: {file: base.yml, service: base}\n");
  folder.Write(".env", "D=sub\n");
  folder.Write("a.env", "");
  folder.Write("b1.env", "");
  folder.Write("sub/b2.env", "");
  folder.Write("base.yml", "services: {base: {extends: {file: base2.yml, service: z}}}\n");
  folder.Write("base2.yml", "services: {z: {image: 'x:1', env_file: z.env}}\n");
  folder.Write("z.env", "");
  folder.Write("inc/one.yml", "services: {d: {image: 'x:1'}}\n");
  folder.Write("inc/two.yml", "services: {e: {image: 'x:1'}}\n");
  folder.Write("inc/two.env", "");
  const auto files = LoadProjectFiles(PlaceOf(folder), {});
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(
      Paths(*files),
      UnorderedElementsAre(folder.At("compose.yaml"), folder.At(".env"), folder.At("a.env"),
                           folder.At("b1.env"), folder.At("sub/b2.env"), folder.At("base.yml"),
                           folder.At("base2.yml"), folder.At("z.env"), folder.At("inc/one.yml"),
                           folder.At("inc/two.yml"), folder.At("inc/two.env")));
  EXPECT_THAT(ServiceNames(*files), testing::ElementsAre("a", "b", "c", "d", "e"));
}

TEST(ProjectFiles, KnowsItsProfiles) {
  const TempFolder folder;
  folder.Write("compose.yaml",
               "services: {a: {image: 'x:1', profiles: [two, one]}, b: {profiles: [one, --x]}}\n");
  EXPECT_THAT(ProfileNames(*LoadProjectFiles(PlaceOf(folder), {})),
              testing::ElementsAre("one", "two"));
}

TEST(ProjectFiles, FingerprintFollowsEveryFile) {
  const TempFolder folder;
  folder.Write("compose.yaml", "services: {a: {image: 'x:1', env_file: a.env}}\n");
  const auto print = [&folder] { return LoadProjectFiles(PlaceOf(folder), {})->Fingerprint(); };
  const std::string first = print();
  EXPECT_EQ(print(), first);
  folder.Write(".env", "A=1\n");
  const std::string second = print();
  EXPECT_NE(second, first);
  folder.Write("a.env", "B=1\n");
  EXPECT_NE(print(), second);
}

TEST(ProjectFiles, EndsWhereFilesIncludeEachOther) {
  const TempFolder folder;
  folder.Write("compose.yaml", "include: [compose.yaml]\nservices: {}\n");
  EXPECT_EQ(LoadProjectFiles(PlaceOf(folder), {}).status().code(), StatusCode::kInvalidArgument);
  folder.Write("compose.yaml", "services: {a: {extends: {file: b.yml, service: a}}}\n");
  folder.Write("b.yml", "services: {a: {extends: {file: compose.yaml, service: a}}}\n");
  const auto files = LoadProjectFiles(PlaceOf(folder), {});
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_FALSE(FindImageSite(*files, "a").ok());
}

TEST(ProjectFiles, SaysWhatIsMissing) {
  const TempFolder folder;
  EXPECT_EQ(LoadProjectFiles(PlaceOf(folder), {}).status().code(), StatusCode::kNotFound);
  folder.Write("compose.yaml", "include: [none.yml]\n");
  EXPECT_THAT(Message(LoadProjectFiles(PlaceOf(folder), {}).status()),
              testing::HasSubstr("none.yml"));
}

}  // namespace
}  // namespace drover::agent
