#include "agent/compose/image_editor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/compose/temp_folder.h"

namespace drover::agent {
namespace {

using testing::HasSubstr;

const std::string kDigestA = "sha256:" + std::string(64, 'a');
const std::string kDigestB = "sha256:" + std::string(64, 'b');

// One edit: the files before, the order, and the one file that changes with its bytes after.
struct Case {
  std::string name;
  std::map<std::string, std::string> files;
  std::string changed;
  std::string after;
  std::string old_image = "r:5000/os:2.17.1";
  std::string wanted = "r:5000/os:2.19.1";
  std::string service = "os1";
  Variables::Environment environment = {};
};

void PrintTo(const Case& entry, std::ostream* out) { *out << entry.name; }

ProjectPlace PlaceOf(const TempFolder& folder, const std::map<std::string, std::string>& files) {
  ProjectPlace place;
  place.name = "p";
  place.working_dir = folder.path();
  for (const char* name : {"compose.yaml", "compose.override.yaml"}) {
    if (files.count(name) > 0) place.files.push_back(folder.At(name));
  }
  return place;
}

class ImageEditorEdits : public testing::TestWithParam<Case> {};

TEST_P(ImageEditorEdits, ChangesTheTagAlone) {
  const Case& entry = GetParam();
  const TempFolder folder;
  for (const auto& [name, text] : entry.files) folder.Write(name, text);
  const auto edit = PlanImageEdit(PlaceOf(folder, entry.files), entry.environment, entry.service,
                                  entry.wanted, entry.old_image);
  ASSERT_TRUE(edit.ok()) << edit.status();
  EXPECT_FALSE(edit->already_set);
  EXPECT_EQ(edit->path, folder.At(entry.changed));
  EXPECT_EQ(edit->old_text, entry.files.at(entry.changed));
  EXPECT_EQ(edit->new_text, entry.after);
  EXPECT_EQ(edit->old_image, entry.old_image);
  for (const auto& [name, text] : entry.files) EXPECT_EQ(folder.Read(name), text) << name;
}

// A Compose file with one service and this line for its image.
std::string With(const std::string& image) {
  return "services:\n  os1:\n    image: " + image + "\n    restart: always\n";
}

const Case kCases[] = {
    {"Plain",
     {{"compose.yaml", With("r:5000/os:2.17.1")}},
     "compose.yaml",
     With("r:5000/os:2.19.1")},
    {"LongerTag",
     {{"compose.yaml", With("r:5000/os:2.17.1")}},
     "compose.yaml",
     With("r:5000/os:2.19.1-debian.4"),
     "r:5000/os:2.17.1",
     "r:5000/os:2.19.1-debian.4"},
    {"DoubleQuoted",
     {{"compose.yaml", With("\"r:5000/os:2.17.1\" # the node")}},
     "compose.yaml",
     With("\"r:5000/os:2.19.1\" # the node")},
    {"SingleQuoted",
     {{"compose.yaml", With("'r:5000/os:2.17.1'")}},
     "compose.yaml",
     With("'r:5000/os:2.19.1'")},
    {"OnTheNextLine",
     {{"compose.yaml", With("\n      r:5000/os:2.17.1   ")}},
     "compose.yaml",
     With("\n      r:5000/os:2.19.1   ")},
    {"FlowStyle",
     {{"compose.yaml", "services: {os1: {image: 'r:5000/os:2.17.1', tty: true}}"}},
     "compose.yaml",
     "services: {os1: {image: 'r:5000/os:2.19.1', tty: true}}"},
    {"Json",
     {{"compose.yaml", R"({"services":{"os1":{"image":"r:5000/os:2.17.1"}}})"}},
     "compose.yaml",
     R"({"services":{"os1":{"image":"r:5000/os:2.19.1"}}})"},
    {"NoRegistry",
     {{"compose.yaml", With("opensearchproject/opensearch:2.17.1")}},
     "compose.yaml",
     With("opensearchproject/opensearch:2.19.1"),
     "opensearchproject/opensearch:2.17.1",
     "docker.io/opensearchproject/opensearch:2.19.1"},
    {"NoTag",
     {{"compose.yaml", With("r:5000/os")}},
     "compose.yaml",
     With("r:5000/os:2.19.1"),
     "r:5000/os"},
    {"CrLfAndNoLastNewline",
     {{"compose.yaml", "# k\r\nservices:\r\n  os1:\r\n    image: r:5000/os:2.17.1"}},
     "compose.yaml",
     "# k\r\nservices:\r\n  os1:\r\n    image: r:5000/os:2.19.1"},
    {"ByteOrderMarkAndNonAscii",
     {{"compose.yaml",
       "\xEF\xBB\xBF# Z\xC3\xBCrich \xE2\x82\xAC\r\nservices:\n  os1:\n"
       "    labels: {\xC3\xA4: \xF0\x9F\x90\x91}\n    image: r:5000/os:2.17.1\n"}},
     "compose.yaml",
     "\xEF\xBB\xBF# Z\xC3\xBCrich \xE2\x82\xAC\r\nservices:\n  os1:\n"
     "    labels: {\xC3\xA4: \xF0\x9F\x90\x91}\n    image: r:5000/os:2.19.1\n"},
    {"TabsAndCommentsWithTheSameImage",
     {{"compose.yaml",
       "# image: r:5000/os:2.17.1\nservices:\n  os1:\n    environment:\n"
       "      WAS: r:5000/os:2.17.1\n    image:   r:5000/os:2.17.1\t# 2.17.1\n"}},
     "compose.yaml",
     "# image: r:5000/os:2.17.1\nservices:\n  os1:\n    environment:\n"
     "      WAS: r:5000/os:2.17.1\n    image:   r:5000/os:2.19.1\t# 2.17.1\n"},
    {"OtherServiceWithItsOwnTagStays",
     {{"compose.yaml",
       "services:\n  os0:\n    image: r:5000/os:2.17.1\n  os1:\n    image: r:5000/os:2.17.1\n"}},
     "compose.yaml",
     "services:\n  os0:\n    image: r:5000/os:2.17.1\n  os1:\n    image: r:5000/os:2.19.1\n"},
    {"TagAndDigest",
     {{"compose.yaml", With("r:5000/os:2.17.1@" + kDigestA)}},
     "compose.yaml",
     With("r:5000/os:2.19.1@" + kDigestB),
     "r:5000/os:2.17.1@" + kDigestA,
     "r:5000/os:2.19.1@" + kDigestB},
    {"DigestAlone",
     {{"compose.yaml", With("r:5000/os@" + kDigestA)}},
     "compose.yaml",
     With("r:5000/os@" + kDigestB),
     "r:5000/os@" + kDigestA,
     "r:5000/os@" + kDigestB},
    {"TagGetsADigest",
     {{"compose.yaml", With("r:5000/os:2.17.1")}},
     "compose.yaml",
     With("r:5000/os:2.19.1@" + kDigestB),
     "r:5000/os:2.17.1",
     "r:5000/os:2.19.1@" + kDigestB},
    {"AnchorOnTheScalar",
     {{"compose.yaml",
       "services:\n  os1:\n    image: &i \"r:5000/os:2.17.1\"\n    labels:\n"
       "      image: *i\n"}},
     "compose.yaml",
     "services:\n  os1:\n    image: &i \"r:5000/os:2.19.1\"\n    labels:\n      image: *i\n"},
    {"TagAndAnchorOnTheScalar",
     {{"compose.yaml", With("!!str &i r:5000/os:2.17.1")}},
     "compose.yaml",
     With("!!str &i r:5000/os:2.19.1")},
    {"BehindAnAlias",
     {{"compose.yaml", "x-image: &i r:5000/os:2.17.1\nservices:\n  os1:\n    image: *i\n"}},
     "compose.yaml",
     "x-image: &i r:5000/os:2.19.1\nservices:\n  os1:\n    image: *i\n"},
    {"BehindAMergeKey",
     {{"compose.yaml",
       "x-base: &base\n  image: r:5000/os:2.17.1\nservices:\n  os1:\n"
       "    <<: *base\n    tty: true\n"}},
     "compose.yaml",
     "x-base: &base\n  image: r:5000/os:2.19.1\nservices:\n  os1:\n    <<: *base\n    tty: true\n"},
    {"BehindAListOfMergeKeys",
     {{"compose.yaml",
       "x-a: &a {tty: true}\nx-b: &b {image: r:5000/os:2.17.1}\nx-c: &c {image: z}\n"
       "services:\n  os1:\n    <<: [*a, *b, *c]\n"}},
     "compose.yaml",
     "x-a: &a {tty: true}\nx-b: &b {image: r:5000/os:2.19.1}\nx-c: &c {image: z}\n"
     "services:\n  os1:\n    <<: [*a, *b, *c]\n"},
    {"OwnImageBeatsTheMergeKey",
     {{"compose.yaml",
       "x-base: &base {image: r:5000/os:1.0.0}\nservices:\n  os1:\n    <<: *base\n"
       "    image: r:5000/os:2.17.1\n  os2:\n    <<: *base\n"}},
     "compose.yaml",
     "x-base: &base {image: r:5000/os:1.0.0}\nservices:\n  os1:\n    <<: *base\n"
     "    image: r:5000/os:2.19.1\n  os2:\n    <<: *base\n"},
    {"VariableInEnvFile",
     {{"compose.yaml", With("r:5000/os:${OS_VERSION}")},
      {".env", "# versions\nA=1\nOS_VERSION=2.17.1\nB=2\n"}},
     ".env",
     "# versions\nA=1\nOS_VERSION=2.19.1\nB=2\n"},
    {"VariableWithoutBraces",
     {{"compose.yaml", With("r:5000/os:$V")}, {".env", "V=2.17.1"}},
     ".env",
     "V=2.19.1"},
    {"EnvFileQuotesCrLfExportAndComment",
     {{"compose.yaml", With("\"r:5000/os:${V:-1.0}\"")},
      {".env", "\xEF\xBB\xBF\r\nexport V = \"2.17.1\" # 2.17.1\r\nW='x'\r\n"}},
     ".env",
     "\xEF\xBB\xBF\r\nexport V = \"2.19.1\" # 2.17.1\r\nW='x'\r\n"},
    {"EnvFileLastEntryWins",
     {{"compose.yaml", With("r:5000/os:${V}")}, {".env", "V=1\nV=2.17.1 # now\n"}},
     ".env",
     "V=1\nV=2.19.1 # now\n"},
    {"DefaultBecauseUnset",
     {{"compose.yaml", With("r:5000/os:${V:-2.17.1}")}},
     "compose.yaml",
     With("r:5000/os:${V:-2.19.1}")},
    {"DefaultWithoutColon",
     {{"compose.yaml", With("r:5000/os:${V-2.17.1}")}},
     "compose.yaml",
     With("r:5000/os:${V-2.19.1}")},
    {"DefaultBecauseEmpty",
     {{"compose.yaml", With("r:5000/os:${V:-2.17.1}")}, {".env", "V=\n"}},
     "compose.yaml",
     With("r:5000/os:${V:-2.19.1}")},
    {"NestedDefault",
     {{"compose.yaml", With("r:5000/os:${V:-${W:-2.17.1}}")}},
     "compose.yaml",
     With("r:5000/os:${V:-${W:-2.19.1}}")},
    {"WholeImageInVariable",
     {{"compose.yaml", With("${OPENSEARCH_IMAGE}")},
      {".env", "OPENSEARCH_IMAGE=r:5000/os:2.17.1\n"}},
     ".env",
     "OPENSEARCH_IMAGE=r:5000/os:2.19.1\n"},
    {"WholeImageInDefault",
     {{"compose.yaml", With("${I:-r:5000/os:2.17.1}")}},
     "compose.yaml",
     With("${I:-r:5000/os:2.19.1}")},
    {"VariableOfAVariable",
     {{"compose.yaml", With("${I}")}, {".env", "V=2.17.1\nI=\"r:5000/os:${V}\"\n"}},
     ".env",
     "V=2.19.1\nI=\"r:5000/os:${V}\"\n"},
    {"RegistryInVariable",
     {{"compose.yaml", With("${R}/os:2.17.1")}, {".env", "R=r:5000\n"}},
     "compose.yaml",
     With("${R}/os:2.19.1")},
    {"RegistryFromTheEnvironment",
     {{"compose.yaml", With("${R}/os:2.17.1")}},
     "compose.yaml",
     With("${R}/os:2.19.1"),
     "r:5000/os:2.17.1",
     "r:5000/os:2.19.1",
     "os1",
     {{"R", "r:5000"}}},
    {"SuffixStays",
     {{"compose.yaml", With("r:5000/os:${V}-slim")}, {".env", "V=2.17.1\n"}},
     ".env",
     "V=2.19.1\n",
     "r:5000/os:2.17.1-slim",
     "r:5000/os:2.19.1-slim"},
    {"OverrideFileWins",
     {{"compose.yaml", With("r:5000/os:1.0.0")},
      {"compose.override.yaml", "services:\n  os1:\n    image: r:5000/os:2.17.1\n"}},
     "compose.override.yaml",
     "services:\n  os1:\n    image: r:5000/os:2.19.1\n"},
    {"OverrideWithoutImage",
     {{"compose.yaml", With("r:5000/os:2.17.1")},
      {"compose.override.yaml", "services:\n  os1:\n    tty: true\n"}},
     "compose.yaml",
     With("r:5000/os:2.19.1")},
    {"ExtendsInTheSameFile",
     {{"compose.yaml",
       "services:\n  base:\n    image: r:5000/os:1.0.0\n  mid:\n"
       "    image: r:5000/os:2.17.1\n  os1:\n    extends: mid\n    image: "
       "r:5000/os:2.17.1\n"}},
     "compose.yaml",
     "services:\n  base:\n    image: r:5000/os:1.0.0\n  mid:\n    image: r:5000/os:2.17.1\n"
     "  os1:\n    extends: mid\n    image: r:5000/os:2.19.1\n"},
    {"ExtendsAnotherFile",
     {{"compose.yaml", "services:\n  os1:\n    extends: {file: common/base.yml, service: os}\n"},
      {"common/base.yml", "services:\n  os:\n    image: r:5000/os:2.17.1\n"}},
     "common/base.yml",
     "services:\n  os:\n    image: r:5000/os:2.19.1\n"},
    {"InAnIncludedFile",
     {{"compose.yaml", "include:\n  - nodes/nodes.yml\nservices: {web: {image: 'w:1'}}\n"},
      {"nodes/nodes.yml", "services:\n  os1:\n    image: r:5000/os:${V}\n"},
      {"nodes/.env", "V=2.17.1\n"}},
     "nodes/.env",
     "V=2.19.1\n"},
};

INSTANTIATE_TEST_SUITE_P(Table, ImageEditorEdits, testing::ValuesIn(kCases),
                         [](const auto& entry) { return entry.param.name; });

struct Refusal {
  std::string name;
  std::map<std::string, std::string> files;
  StatusCode code;
  std::string says;
  std::string wanted = "r:5000/os:2.19.1";
  std::string expect = "r:5000/os:2.17.1";
  std::string service = "os1";
  Variables::Environment environment = {};
};

void PrintTo(const Refusal& entry, std::ostream* out) { *out << entry.name; }

class ImageEditorRefusals : public testing::TestWithParam<Refusal> {};

TEST_P(ImageEditorRefusals, SaysWhy) {
  const Refusal& entry = GetParam();
  const TempFolder folder;
  for (const auto& [name, text] : entry.files) folder.Write(name, text);
  const auto edit = PlanImageEdit(PlaceOf(folder, entry.files), entry.environment, entry.service,
                                  entry.wanted, entry.expect);
  ASSERT_FALSE(edit.ok());
  EXPECT_EQ(edit.status().code(), entry.code) << edit.status();
  EXPECT_THAT(Message(edit.status()), HasSubstr(entry.says));
  for (const auto& [name, text] : entry.files) EXPECT_EQ(folder.Read(name), text) << name;
}

const Refusal kRefusals[] = {
    {"UnknownService",
     {{"compose.yaml", With("r:5000/os:2.17.1")}},
     StatusCode::kNotFound,
     "no service os9",
     "r:5000/os:2.19.1",
     "r:5000/os:2.17.1",
     "os9"},
    {"NoImage",
     {{"compose.yaml", "services:\n  os1:\n    build: .\n"}},
     StatusCode::kFailedPrecondition,
     "no image"},
    {"NotWhatWasExpected",
     {{"compose.yaml", With("r:5000/os:2.18.0")}},
     StatusCode::kAborted,
     "r:5000/os:2.18.0 and not r:5000/os:2.17.1"},
    {"AnotherRepository",
     {{"compose.yaml", With("r:5000/os:2.17.1")}},
     StatusCode::kInvalidArgument,
     "another repository",
     "r:5000/other:2.19.1"},
    {"WantedWithoutTag",
     {{"compose.yaml", With("r:5000/os:2.17.1")}},
     StatusCode::kInvalidArgument,
     "has no tag",
     "r:5000/os"},
    {"DigestNeedsADigest",
     {{"compose.yaml", With("r:5000/os:2.17.1@" + kDigestA)}},
     StatusCode::kFailedPrecondition,
     "with its digest",
     "r:5000/os:2.19.1",
     "r:5000/os:2.17.1@" + kDigestA},
    {"SharedVariable",
     {{"compose.yaml",
       "services:\n  os1:\n    image: r:5000/os:${V}\n  os2:\n    image: "
       "r:5000/os:${V}\n"},
      {".env", "V=2.17.1\n"}},
     StatusCode::kFailedPrecondition,
     "os2"},
    {"SharedAnchor",
     {{"compose.yaml",
       "services:\n  os1:\n    image: &i r:5000/os:2.17.1\n  os2:\n    image: *i\n"}},
     StatusCode::kFailedPrecondition,
     "os2"},
    {"SharedMergeKey",
     {{"compose.yaml",
       "x-b: &b {image: r:5000/os:2.17.1}\nservices:\n  os1:\n    <<: *b\n"
       "  os2:\n    <<: *b\n  os3: {image: 'z:1'}\n"}},
     StatusCode::kFailedPrecondition,
     "too: os2;"},
    {"SharedExtends",
     {{"compose.yaml", "services:\n  base: {image: r:5000/os:2.17.1}\n  os1: {extends: base}\n"}},
     StatusCode::kFailedPrecondition,
     "base"},
    {"FromTheAgentsEnvironment",
     {{"compose.yaml", With("r:5000/os:${V:-1}")}, {".env", "V=1\n"}},
     StatusCode::kFailedPrecondition,
     "does not stand in one place",
     "r:5000/os:2.19.1",
     "r:5000/os:2.17.1",
     "os1",
     {{"V", "2.17.1"}}},
    {"ScatteredOverVariables",
     {{"compose.yaml", With("r:5000/os:${A}.${B}")}, {".env", "A=2.17\nB=1\n"}},
     StatusCode::kFailedPrecondition,
     "does not stand in one place",
     "r:5000/os:3.0.0"},
    {"BlockScalar",
     {{"compose.yaml", "services:\n  os1:\n    image: >-\n      r:5000/os:2.17.1\n"}},
     StatusCode::kFailedPrecondition,
     "on one line"},
    {"Escapes",
     {{"compose.yaml", With("\"r:5000/os:2\\x2e17.1\"")}},
     StatusCode::kFailedPrecondition,
     "on one line"},
    {"DoesNotParse",
     {{"compose.yaml", "services:\n  os1: [\n"}},
     StatusCode::kInvalidArgument,
     "compose.yaml:3:1: "},
    {"IsAList", {{"compose.yaml", "- a\n"}}, StatusCode::kInvalidArgument, "compose.yaml:1:1"},
    {"ImageIsAMap",
     {{"compose.yaml", "services:\n  os1:\n    image: {a: b}\n"}},
     StatusCode::kInvalidArgument,
     "compose.yaml:3:12"},
    {"MissingRequiredVariable",
     {{"compose.yaml", With("r:5000/os:${V:?set it}")}},
     StatusCode::kInvalidArgument,
     "set it"},
    {"CircularVariable",
     {{"compose.yaml", With("r:5000/os:${V}")}, {".env", "V=${W}\nW=${V}\n"}},
     StatusCode::kInvalidArgument,
     "refers to itself"},
};

INSTANTIATE_TEST_SUITE_P(Table, ImageEditorRefusals, testing::ValuesIn(kRefusals),
                         [](const auto& entry) { return entry.param.name; });

TEST(ImageEditor, SaysWhereTheImageIsAlreadySet) {
  const TempFolder folder;
  folder.Write("compose.yaml", With("r:5000/os:2.19.1"));
  const auto edit = PlanImageEdit(PlaceOf(folder, {{"compose.yaml", ""}}), {}, "os1",
                                  "r:5000/os:2.19.1", "r:5000/os:2.17.1");
  ASSERT_TRUE(edit.ok()) << edit.status();
  EXPECT_TRUE(edit->already_set);
  EXPECT_EQ(edit->old_text, edit->new_text);
}

TEST(ImageEditor, FollowsSymlinksToTheFileItself) {
  const TempFolder folder;
  folder.Write("real/site.yaml", With("r:5000/os:2.17.1"));
  std::filesystem::create_symlink(folder.At("real/site.yaml"), folder.At("compose.yaml"));
  const auto edit = PlanImageEdit(PlaceOf(folder, {{"compose.yaml", ""}}), {}, "os1",
                                  "r:5000/os:2.19.1", "r:5000/os:2.17.1");
  ASSERT_TRUE(edit.ok()) << edit.status();
  EXPECT_EQ(edit->path, folder.At("real/site.yaml"));
}

}  // namespace
}  // namespace drover::agent
