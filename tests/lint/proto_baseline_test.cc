// No breaking change of a released message, field, enum value or RPC: baseline.binpb is a
// FileDescriptorSet of what was released, and what it has must still be there, the same.
//
// Additions are fine. After a release, or where a change was meant and nobody runs the old one:
//   DROVER_REFRESH_BASELINE=1 build/dev/tests/lint/drover_proto_lint_test
//   --gtest_filter='*Baseline*'
// and commit tests/lint/baseline.binpb.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "tests/lint/proto_files.h"

namespace drover::lint {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const char kBaseline[] = DROVER_SOURCE_DIR "/tests/lint/baseline.binpb";

// Everything that must stay, as "full name" → "what it is".
using Contract = std::map<std::string, std::string>;

std::string Describe(const FieldDescriptorProto& field) {
  std::string text = "field " + std::to_string(field.number()) + ", " +
                     FieldDescriptorProto::Type_Name(field.type()) + " " + field.type_name() +
                     ", " + FieldDescriptorProto::Label_Name(field.label());
  if (field.proto3_optional()) return text + ", optional";
  if (field.has_oneof_index()) text += ", in oneof " + std::to_string(field.oneof_index());
  return text;
}

void Add(const std::string& scope, const EnumDescriptorProto& e, Contract* contract) {
  const std::string name = scope + "." + e.name();
  (*contract)[name] = "enum";
  for (const auto& value : e.value()) {
    (*contract)[name + "." + value.name()] = "value " + std::to_string(value.number());
  }
}

void Add(const std::string& scope, const DescriptorProto& message, Contract* contract) {
  const std::string name = scope + "." + message.name();
  (*contract)[name] = "message";
  for (const auto& field : message.field()) {
    (*contract)[name + "." + field.name()] = Describe(field);
  }
  for (const auto& nested : message.nested_type()) Add(name, nested, contract);
  for (const auto& e : message.enum_type()) Add(name, e, contract);
}

void Add(const FileDescriptorProto& file, Contract* contract) {
  for (const auto& message : file.message_type()) Add(file.package(), message, contract);
  for (const auto& e : file.enum_type()) Add(file.package(), e, contract);
  for (const auto& service : file.service()) {
    const std::string name = file.package() + "." + service.name();
    (*contract)[name] = "service";
    for (const auto& method : service.method()) {
      (*contract)[name + "." + method.name()] =
          std::string(method.client_streaming() ? "stream " : "") + method.input_type() + " -> " +
          (method.server_streaming() ? "stream " : "") + method.output_type();
    }
  }
}

Contract ContractOf(const FileDescriptorSet& files) {
  Contract contract;
  for (const auto& file : files.file()) Add(file, &contract);
  return contract;
}

// A sentence for each thing of `before` that `now` has not or has otherwise.
std::vector<std::string> Breaks(const FileDescriptorSet& before, const FileDescriptorSet& now) {
  const Contract present = ContractOf(now);
  std::vector<std::string> breaks;
  for (const auto& [name, what] : ContractOf(before)) {
    const auto found = present.find(name);
    if (found == present.end()) {
      breaks.push_back(name + " (" + what + ") is gone");
    } else if (found->second != what) {
      breaks.push_back(name + " was " + what + " and is now " + found->second);
    }
  }
  return breaks;
}

FileDescriptorSet Present() {
  FileDescriptorSet set;
  for (const auto* file : ProtoFiles()) file->CopyTo(set.add_file());
  return set;
}

TEST(ProtoBaselineTest, NothingReleasedIsBroken) {
  if (std::getenv("DROVER_REFRESH_BASELINE") != nullptr) {
    std::ofstream file(kBaseline, std::ios::binary | std::ios::trunc);
    ASSERT_TRUE(Present().SerializeToOstream(&file)) << kBaseline;
  }
  std::ifstream file(kBaseline, std::ios::binary);
  FileDescriptorSet baseline;
  ASSERT_TRUE(file.is_open() && baseline.ParseFromIstream(&file)) << kBaseline;
  ASSERT_GT(baseline.file_size(), 0);
  EXPECT_THAT(Breaks(baseline, Present()), IsEmpty());
}

// The comparison itself finds what it is there to find.
TEST(ProtoBaselineTest, BreaksAreFound) {
  const FileDescriptorSet before = Present();
  const auto broken_by = [&](auto change) {
    FileDescriptorSet now = before;
    for (auto& file : *now.mutable_file()) {
      if (file.name() == "drover/control/v1/rollout.proto") change(&file);
    }
    return Breaks(before, now);
  };
  EXPECT_THAT(broken_by([](FileDescriptorProto*) {}), IsEmpty());
  EXPECT_THAT(broken_by([](FileDescriptorProto* f) { f->mutable_message_type()->RemoveLast(); }),
              Contains(HasSubstr("is gone")));
  EXPECT_THAT(broken_by([](FileDescriptorProto* f) {
                auto* field = f->mutable_message_type(0)->mutable_field(0);
                field->set_number(field->number() + 100);
              }),
              Contains(HasSubstr("and is now field 10")));
  EXPECT_THAT(
      broken_by([](FileDescriptorProto* f) {
        f->mutable_message_type(0)->mutable_field(0)->set_type(FieldDescriptorProto::TYPE_BYTES);
      }),
      Contains(HasSubstr("TYPE_BYTES")));
  EXPECT_THAT(broken_by([](FileDescriptorProto* f) {
                f->mutable_enum_type(0)->mutable_value(1)->set_number(77);
              }),
              Contains(HasSubstr("value 77")));
  EXPECT_THAT(broken_by([](FileDescriptorProto* f) {
                f->mutable_service(0)->mutable_method(0)->set_server_streaming(true);
              }),
              Contains(HasSubstr("-> stream")));
  EXPECT_THAT(broken_by([](FileDescriptorProto* f) { f->add_message_type()->set_name("New"); }),
              IsEmpty());
}

}  // namespace
}  // namespace drover::lint
