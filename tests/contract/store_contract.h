// What every store keeps, whatever it is made of: one suite, run against each.
#ifndef DROVER_TESTS_CONTRACT_STORE_CONTRACT_H_
#define DROVER_TESTS_CONTRACT_STORE_CONTRACT_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "controller/store/store.h"

namespace drover::testing {

// A kind of store: how it is called and how an empty one is made.
struct StoreKind {
  std::string name;
  std::function<StatusOr<std::unique_ptr<store::Store>>()> make;
};

class StoreContract : public ::testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override {
    auto made = GetParam().make();
    ASSERT_TRUE(made.ok()) << made.status();
    store_ = std::move(made).value();
  }

  // Saves the sample plan `id` of `cluster` and commits the first state of its rollout.
  rollout::Rollout Begin(const std::string& id, const std::string& cluster = "logs");
  // A commit that has to succeed.
  void Commit(rollout::Rollout* next, const std::vector<rollout::Record>& records = {});

  std::unique_ptr<store::Store> store_;
  const Time now_ = FromUnixMillis(1'790'000'000'000);
};

}  // namespace drover::testing

#endif  // DROVER_TESTS_CONTRACT_STORE_CONTRACT_H_
