#include <gtest/gtest.h>

#include "tests/unit/fleet/fleet_fixture.h"

namespace drover::fleet {
namespace {

class AdminTest : public FleetTest {};

TEST_F(AdminTest, TokensHaveLimitsAndAreStoredAsHashesAlone) {
  EXPECT_EQ(gateway_->CreateToken(Millis(59'000)).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(gateway_->CreateToken(kTokenLifeMax + Millis(1)).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(gateway_->CreateToken(Millis(-1)).status().code(), StatusCode::kInvalidArgument);
  const auto token = gateway_->CreateToken(kTokenLifeMax);
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token->token.rfind("DROVER-1-" + authority_->digest() + "-", 0), 0u);
}

TEST_F(AdminTest, HostsAreFoundByNameAndById) {
  EnrollHost("h1");
  const auto by_name = gateway_->GetHost("h1");
  ASSERT_TRUE(by_name.ok());
  EXPECT_EQ(gateway_->GetHost(by_name->view.id.str())->view.name, "h1");
  EXPECT_GT(by_name->certificate_ends, clock_.Now() + Millis(89LL * 24 * 3'600'000));
  const auto none = gateway_->GetHost("h2");
  EXPECT_EQ(none.status().code(), StatusCode::kNotFound);
  EXPECT_NE(Message(none.status()).find("h1"), std::string::npos);
  EXPECT_EQ(gateway_->FleetName(), "test");
}

TEST_F(AdminTest, CordonIsDurableAndCanBeTakenBack) {
  EnrollHost("h1");
  EXPECT_TRUE(gateway_->CordonHost("h1")->view.cordoned);
  EXPECT_TRUE(store_.ListHosts()->at(0).cordoned);
  EXPECT_TRUE(gateway_->Hosts().at(0).cordoned);
  EXPECT_FALSE(gateway_->UncordonHost("h1")->view.cordoned);
  EXPECT_FALSE(store_.ListHosts()->at(0).cordoned);
  EXPECT_EQ(gateway_->CordonHost("no").status().code(), StatusCode::kNotFound);
}

TEST_F(AdminTest, RevokedHostIsListedButNoHostAnyMore) {
  EnrollHost("h1");
  const auto revoked = gateway_->RevokeHost("h1");
  ASSERT_TRUE(revoked.ok());
  EXPECT_TRUE(revoked->revoked);
  EXPECT_FALSE(revoked->view.known);
  EXPECT_TRUE(gateway_->RevokeHost("h1").ok());
  EXPECT_EQ(gateway_->CordonHost("h1").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(gateway_->Hosts().empty());
  ASSERT_EQ(gateway_->ListHosts().size(), 1u);
  EXPECT_TRUE(gateway_->ListHosts().at(0).revoked);
  EXPECT_TRUE(store_.ListHosts()->at(0).revoked);
}

TEST_F(AdminTest, SubscribersHearOfChangesUntilTheyLeave) {
  Box<std::string> heard;
  const int64_t subscription =
      gateway_->Subscribe([&heard](const HostStatus& host) { heard.Put(host.view.name); });
  EnrollHost("h1");
  EXPECT_EQ(heard.Get(), "h1");
  gateway_->Unsubscribe(subscription);
  Box<std::string> others;
  gateway_->Subscribe([&others](const HostStatus& host) { others.Put(host.view.name); });
  EnrollHost("h2");
  EXPECT_EQ(others.Get(), "h2");
  EXPECT_EQ(heard.All().size(), 1u);
  Stop();  // before `others` ends
}

}  // namespace
}  // namespace drover::fleet
