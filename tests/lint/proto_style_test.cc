// The style of the .proto files: buf's STANDARD rules over the descriptors, and comments over the
// sources. What deviates is in kExceptions, each with its reason.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "tests/lint/proto_files.h"

namespace drover::lint {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using ::testing::IsEmpty;

// Full name → why it may differ.
const std::map<std::string, std::string> kExceptions = {
    {"drover.agent.v1.AgentGateway",
     "protocol.md names it; it is a gateway, and 'Service' adds nothing"},
    {"drover.agent.v1.AgentGateway.Connect",
     "a stream of many kinds of messages each way; protocol.md names them AgentMessage and "
     "ControllerMessage"},
    {"drover.agent.v1.AgentGateway.UploadOutput",
     "the request is a chunk of a stream; protocol.md names it OutputChunk"},
};

class ProtoStyleTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_THAT(findings_, IsEmpty()); }

  // A finding about the thing called `name`, unless it is an exception.
  void Expect(bool holds, const std::string& name, const std::string& rule) {
    if (!holds && !kExceptions.contains(name)) findings_.push_back(name + ": " + rule);
  }

  std::vector<std::string> findings_;
};

bool EndsWith(const std::string& text, const std::string& end) { return text.ends_with(end); }

// lower_snake_case, no doubled or outer underscores, and a digit never begins a word.
bool IsLowerSnake(const std::string& name) {
  bool after_underscore = true;
  for (const char c : name) {
    if (c == '_' && after_underscore) return false;
    if (c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9')) return false;
    if (c >= '0' && c <= '9' && after_underscore) return false;
    after_underscore = c == '_';
  }
  return !name.empty() && !after_underscore;
}

bool IsUpperSnake(const std::string& name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

bool IsPascal(const std::string& name) {
  return !name.empty() && name[0] >= 'A' && name[0] <= 'Z' && name.find('_') == std::string::npos;
}

// "RolloutKind" → "ROLLOUT_KIND".
std::string UpperSnake(const std::string& pascal) {
  std::string upper;
  for (size_t i = 0; i < pascal.size(); ++i) {
    if (i > 0 && std::isupper(static_cast<unsigned char>(pascal[i]))) upper += '_';
    upper += static_cast<char>(std::toupper(static_cast<unsigned char>(pascal[i])));
  }
  return upper;
}

void ForEachMessage(const Descriptor* message, const std::function<void(const Descriptor*)>& f) {
  if (message->options().map_entry()) return;
  f(message);
  for (int i = 0; i < message->nested_type_count(); ++i) ForEachMessage(message->nested_type(i), f);
}

void ForEachMessage(const std::function<void(const Descriptor*)>& f) {
  for (const FileDescriptor* file : ProtoFiles()) {
    for (int i = 0; i < file->message_type_count(); ++i) ForEachMessage(file->message_type(i), f);
  }
}

void ForEachEnum(const std::function<void(const EnumDescriptor*)>& f) {
  for (const FileDescriptor* file : ProtoFiles()) {
    for (int i = 0; i < file->enum_type_count(); ++i) f(file->enum_type(i));
  }
  ForEachMessage([&](const Descriptor* message) {
    for (int i = 0; i < message->enum_type_count(); ++i) f(message->enum_type(i));
  });
}

void ForEachService(const std::function<void(const ServiceDescriptor*)>& f) {
  for (const FileDescriptor* file : ProtoFiles()) {
    for (int i = 0; i < file->service_count(); ++i) f(file->service(i));
  }
}

void ForEachMethod(const std::function<void(const MethodDescriptor*)>& f) {
  ForEachService([&](const ServiceDescriptor* service) {
    for (int i = 0; i < service->method_count(); ++i) f(service->method(i));
  });
}

TEST_F(ProtoStyleTest, EveryFileOfTheTreeIsLooked) {
  std::set<std::string> known;
  for (const FileDescriptor* file : ProtoFiles()) known.insert(file->name());
  EXPECT_EQ(known, ProtoFilesInTree()) << "tests/lint/proto_files.cc lists the files";
}

TEST_F(ProtoStyleTest, FilesAndPackages) {
  for (const FileDescriptor* file : ProtoFiles()) {
    const std::string& package = file->package();
    std::string folder = file->name().substr(0, file->name().rfind('/'));
    const std::string base = file->name().substr(folder.size() + 1);
    std::replace(folder.begin(), folder.end(), '/', '.');
    Expect(folder == package, file->name(), "the folder is not the package (" + package + ")");
    Expect(EndsWith(package, ".v1"), file->name(), "the package does not end in a version");
    Expect(package.starts_with("drover."), file->name(), "the package is not drover's");
    Expect(IsLowerSnake(base.substr(0, base.find('.'))), file->name(), "not lower_snake_case");
    Expect(file->syntax() == FileDescriptor::SYNTAX_PROTO3, file->name(), "not proto3");
    Expect(file->public_dependency_count() == 0, file->name(), "has a public import");
    Expect(file->weak_dependency_count() == 0, file->name(), "has a weak import");
  }
}

TEST_F(ProtoStyleTest, Enums) {
  ForEachEnum([&](const EnumDescriptor* e) {
    const std::string prefix = UpperSnake(e->name()) + "_";
    Expect(IsPascal(e->name()), e->full_name(), "not PascalCase");
    Expect(!e->options().allow_alias(), e->full_name(), "allows aliases");
    Expect(e->value(0)->number() == 0 && e->value(0)->name() == prefix + "UNSPECIFIED",
           e->full_name(), "its zero value is not " + prefix + "UNSPECIFIED");
    for (int i = 0; i < e->value_count(); ++i) {
      const std::string& value = e->value(i)->name();
      Expect(value.starts_with(prefix), e->full_name(), value + " does not begin with " + prefix);
      Expect(IsUpperSnake(value), e->full_name(), value + " is not UPPER_SNAKE_CASE");
    }
  });
}

TEST_F(ProtoStyleTest, Messages) {
  ForEachMessage([&](const Descriptor* message) {
    Expect(IsPascal(message->name()), message->full_name(), "not PascalCase");
    for (int i = 0; i < message->field_count(); ++i) {
      const auto* field = message->field(i);
      Expect(IsLowerSnake(field->name()), field->full_name(), "not lower_snake_case");
      Expect(!field->is_required(), field->full_name(), "is required");
    }
    for (int i = 0; i < message->real_oneof_decl_count(); ++i) {
      Expect(IsLowerSnake(message->oneof_decl(i)->name()), message->oneof_decl(i)->full_name(),
             "not lower_snake_case");
    }
  });
}

TEST_F(ProtoStyleTest, Services) {
  ForEachService([&](const ServiceDescriptor* service) {
    Expect(IsPascal(service->name()), service->full_name(), "not PascalCase");
    Expect(EndsWith(service->name(), "Service"), service->full_name(), "does not end in Service");
  });
}

TEST_F(ProtoStyleTest, MethodsOwnTheirMessages) {
  std::map<const Descriptor*, std::string> users;
  ForEachMethod([&](const MethodDescriptor* method) {
    Expect(IsPascal(method->name()), method->full_name(), "not PascalCase");
    Expect(method->input_type()->name() == method->name() + "Request", method->full_name(),
           "its request is not called " + method->name() + "Request");
    Expect(method->output_type()->name() == method->name() + "Response", method->full_name(),
           "its response is not called " + method->name() + "Response");
    for (const Descriptor* type : {method->input_type(), method->output_type()}) {
      Expect(type->file()->package() == method->service()->file()->package(), method->full_name(),
             type->full_name() + " is of another package");
      const auto [user, is_new] = users.emplace(type, method->full_name());
      Expect(is_new, method->full_name(), type->full_name() + " is also of " + user->second);
    }
  });
}

// Messages for the database and messages for the network are different ones (style.md).
TEST_F(ProtoStyleTest, PackagesDoNotImportEachOther) {
  for (const FileDescriptor* file : ProtoFiles()) {
    for (int i = 0; i < file->dependency_count(); ++i) {
      const std::string& other = file->dependency(i)->package();
      Expect(other == file->package() || other == "google.protobuf", file->name(),
             "imports " + file->dependency(i)->name());
    }
    if (file->package() == "drover.store.v1") {
      Expect(file->service_count() == 0, file->name(), "the store has no services");
    }
  }
}

TEST_F(ProtoStyleTest, ExceptionsAreStillNeeded) {
  std::set<std::string> names;
  ForEachService([&](const ServiceDescriptor* s) { names.insert(s->full_name()); });
  ForEachMethod([&](const MethodDescriptor* m) { names.insert(m->full_name()); });
  for (const auto& [name, reason] : kExceptions) {
    EXPECT_TRUE(names.contains(name)) << name << " is gone";
    EXPECT_FALSE(reason.empty()) << name;
  }
}

// A file says what it is for, or what its first service does; the descriptors that are compiled in
// have no comments, so this reads the sources.
TEST_F(ProtoStyleTest, ServicesHaveComments) {
  for (const FileDescriptor* file : ProtoFiles()) {
    if (file->service_count() == 0) continue;
    std::istringstream source(ReadProto(file->name()));
    std::string line;
    int rpcs = 0, with_comment = 0;
    bool comment_before = false;
    while (std::getline(source, line)) {
      const size_t first = line.find_first_not_of(' ');
      if (first == std::string::npos) continue;
      if (line.compare(first, 4, "rpc ") == 0) {
        ++rpcs;
        if (comment_before) ++with_comment;
      }
      comment_before = line.compare(first, 2, "//") == 0;
      Expect(line.compare(first, 2, "/*") != 0, file->name(), "block comment: " + line);
    }
    EXPECT_GT(rpcs, 0) << file->name();
    Expect(with_comment > 0, file->name(), "no rpc of its services has a comment");
  }
}

}  // namespace
}  // namespace drover::lint
