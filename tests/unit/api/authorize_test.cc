#include "controller/api/authorize.h"

#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <set>

#include "drover/control/v1/cluster.grpc.pb.h"
#include "drover/control/v1/event.grpc.pb.h"
#include "drover/control/v1/fleet.grpc.pb.h"
#include "drover/control/v1/index.grpc.pb.h"
#include "drover/control/v1/rehearsal.grpc.pb.h"
#include "drover/control/v1/rollout.grpc.pb.h"
#include "drover/control/v1/snapshot.grpc.pb.h"
#include "tests/unit/api/served.h"

namespace drover::api {
namespace {

namespace pb = drover::control::v1;
using google::protobuf::MethodDescriptor;

constexpr char kFleet[] = "test-fleet";

TEST(CallerOfUriTest, OperatorsOfThisFleet) {
  const auto caller = CallerOfUri(kFleet, "spiffe://test-fleet/operator/alice");
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->role, Role::kOperator);
  EXPECT_EQ(caller->name, "alice");
  EXPECT_EQ(CallerOfUri(kFleet, "spiffe://test-fleet/admin/bob")->role, Role::kAdmin);
  EXPECT_EQ(CallerOfUri(kFleet, "spiffe://test-fleet/viewer/eve")->role, Role::kViewer);
}

TEST(CallerOfUriTest, NobodyElse) {
  for (const char* uri : {"", "spiffe://test-fleet/agent/1f2e", "spiffe://other-fleet/admin/bob",
                          "spiffe://test-fleet-2/admin/bob", "spiffe://test-fleet/admin",
                          "spiffe://test-fleet/admin/", "spiffe://test-fleet/admin/a/b",
                          "spiffe://test-fleet/controller/x", "spiffe://test-fleet/nobody/x",
                          "spiffe://test-fleet/Admin/bob", "https://test-fleet/admin/bob"}) {
    EXPECT_EQ(CallerOfUri(kFleet, uri).status().code(), StatusCode::kPermissionDenied) << uri;
  }
  EXPECT_FALSE(CallerOfUri("", "spiffe:///admin/bob").ok());
}

TEST(AuthorizeTest, HigherRolesMayWhatLowerMay) {
  EXPECT_TRUE(Authorize({Role::kAdmin, "a"}, "FleetService/ListHosts").ok());
  EXPECT_TRUE(Authorize({Role::kOperator, "o"}, "RolloutService/StartRollout").ok());
  EXPECT_EQ(Authorize({Role::kViewer, "v"}, "RolloutService/StartRollout").code(),
            StatusCode::kPermissionDenied);
}

TEST(AuthorizeTest, WhatIsNotInTheTableIsDeniedToAll) {
  EXPECT_EQ(Authorize({Role::kAdmin, "a"}, "FleetService/NewCall").code(),
            StatusCode::kPermissionDenied);
  EXPECT_EQ(Authorize({Role::kNobody, "n"}, "FleetService/NewCall").code(),
            StatusCode::kPermissionDenied);
}

std::vector<const MethodDescriptor*> AllMethods() {
  const google::protobuf::FileDescriptor* const files[] = {
      pb::ListClustersRequest::descriptor()->file(), pb::ListEventsRequest::descriptor()->file(),
      pb::ListHostsRequest::descriptor()->file(),    pb::ListIndexesRequest::descriptor()->file(),
      pb::ListRolloutsRequest::descriptor()->file(), pb::RehearseRequest::descriptor()->file(),
      pb::ListSnapshotsRequest::descriptor()->file()};
  std::vector<const MethodDescriptor*> methods;
  for (const auto* file : files) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        methods.push_back(file->service(s)->method(m));
      }
    }
  }
  return methods;
}

std::string KeyOf(const MethodDescriptor& method) {
  return method.service()->name() + "/" + method.name();
}

// Calls with an empty request and returns how it ended. A stream that should let the caller in is
// cancelled at once.
grpc::Status Call(grpc::GenericStub& stub, const MethodDescriptor& method, const std::string& role,
                  bool let_in) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  if (!role.empty()) context.AddMetadata("test-role", role);
  grpc::CompletionQueue queue;
  const auto call =
      stub.PrepareCall(&context, "/" + method.service()->full_name() + "/" + method.name(), &queue);
  const auto next = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return ok;
  };
  call->StartCall(nullptr);
  next();
  const grpc::Slice nothing;
  call->WriteLast(grpc::ByteBuffer(&nothing, 1), grpc::WriteOptions(), nullptr);
  next();
  // A stream that was let in may have nothing to say for ever.
  if (method.server_streaming() && let_in) context.TryCancel();
  grpc::ByteBuffer answer;
  do {
    call->Read(&answer, nullptr);
  } while (next());
  grpc::Status status;
  call->Finish(&status, nullptr);
  next();
  queue.Shutdown();
  while (next()) {
  }
  return status;
}

TEST(AuthorizeWalkTest, EveryRpcHasItsEntryAndNoEntryIsLeftOver) {
  std::set<std::string> names;
  for (const MethodDescriptor* method : AllMethods()) {
    EXPECT_TRUE(RequiredRoles().contains(KeyOf(*method))) << KeyOf(*method);
    names.insert(KeyOf(*method));
  }
  for (const auto& [name, role] : RequiredRoles()) EXPECT_TRUE(names.contains(name)) << name;
}

TEST(AuthorizeWalkTest, EveryHandlerLetsInJustItsRoles) {
  Served served(/*identify_by_metadata=*/true);
  grpc::GenericStub stub(served.channel);
  for (const MethodDescriptor* method : AllMethods()) {
    const std::string key = KeyOf(*method);
    const Role needed = RequiredRoles().at(key);
    for (const Role role : {Role::kViewer, Role::kOperator, Role::kAdmin}) {
      const grpc::Status status = Call(stub, *method, Name(role), role >= needed);
      const bool denied = status.error_code() == grpc::StatusCode::PERMISSION_DENIED;
      EXPECT_EQ(denied, role < needed)
          << key << " as " << Name(role) << ": " << status.error_message();
      // The handler asked for itself and not for another RPC.
      if (denied) {
        EXPECT_NE(status.error_message().find(key), std::string::npos);
      }
    }
    EXPECT_EQ(Call(stub, *method, "", false).error_code(), grpc::StatusCode::UNAUTHENTICATED)
        << key;
    EXPECT_EQ(Call(stub, *method, "agent", false).error_code(), grpc::StatusCode::PERMISSION_DENIED)
        << key;
  }
}

}  // namespace
}  // namespace drover::api
