// The agent's journal after a power cut at any instant: what was begun or ended is known.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <vector>

#include "agent/journal/journal.h"
#include "tests/support/power_cut_vfs.h"
#include "tests/support/temp_folder.h"

namespace drover::agent {
namespace {

using drover::testing::DiskImage;
using drover::testing::PowerCutVfs;

constexpr Time kNow{Millis{1'800'000'000'000}};
constexpr int kTornImages = 3;
constexpr int kOperations = 6;

struct Cut {
  DiskImage image;
  int begun = 0, ended = 0;
  bool operator==(const Cut&) const = default;
};

v1::StartOperation Order(int n) {
  v1::StartOperation order;
  order.set_operation_id("op" + std::to_string(n));
  order.set_epoch(1);
  order.set_project("search");
  return order;
}

class JournalPowerCutTest : public ::testing::Test {
 protected:
  JournalPowerCutTest() {
    std::filesystem::create_directories(folder_);
    vfs_.before_change = [this] { Look(); };
  }

  void Look() {
    Add(vfs_.Synced());
    for (int i = 0; i < kTornImages; ++i) Add(vfs_.Torn(&random_));
  }

  // Where nothing changed on the disk since the last look there is nothing new to find.
  void Add(DiskImage image) {
    Cut cut{std::move(image), begun_, ended_};
    if (cuts_.empty() || !(cuts_.back() == cut)) cuts_.push_back(std::move(cut));
  }

  StatusOr<std::unique_ptr<Journal>> OpenAfter(const Cut& cut, size_t number) {
    const std::string folder = temp_.File("cut" + std::to_string(number));
    after_.Load(cut.image, folder_, folder);
    return Journal::Open({.path = folder + "/journal.db", .vfs = after_.name()}, kNow);
  }

  const drover::testing::TempFolder temp_;
  const std::string folder_ = temp_.File("agent");
  std::mt19937 random_{20'261'123};
  PowerCutVfs vfs_{"power-cut"};
  // The disk of the next process: it syncs nothing for real, which takes most of a test's time.
  PowerCutVfs after_{"after-power-cut"};
  int begun_ = 0, ended_ = 0;
  std::vector<Cut> cuts_;
};

TEST_F(JournalPowerCutTest, WhatWasBegunOrEndedIsKnownAfterACutAtEachInstant) {
  {
    auto journal = Journal::Open({.path = folder_ + "/journal.db", .vfs = vfs_.name()}, kNow);
    ASSERT_TRUE(journal.ok()) << journal.status();
    v1::OperationEnd end;
    end.set_state(v1::OPERATION_STATE_SUCCEEDED);
    for (int n = 0; n < kOperations; ++n) {
      ASSERT_TRUE((*journal)->Begin(Order(n), kNow).ok());
      ++begun_;
      Look();
      ASSERT_TRUE((*journal)->End(Order(n), end, kNow).ok());
      ++ended_;
      Look();
      // Not synced: it may be lost, and nothing else with it.
      v1::AckEvents acks;
      acks.add_acks()->set_operation_id("op" + std::to_string(n));
      acks.mutable_acks(0)->set_sequence(3);
      ASSERT_TRUE((*journal)->Acknowledge(acks, kNow).ok());
      Look();
    }
  }
  for (size_t i = 0; i < cuts_.size(); ++i) {
    const auto journal = OpenAfter(cuts_[i], i);
    ASSERT_TRUE(journal.ok()) << "cut " << i << ": " << journal.status();
    for (int n = 0; n < cuts_[i].begun; ++n) {
      EXPECT_TRUE(*(*journal)->Knows("op" + std::to_string(n))) << "cut " << i << " op " << n;
    }
    const int open = static_cast<int>((*journal)->OpenOperations()->size());
    EXPECT_LE(open, std::max(cuts_[i].begun - cuts_[i].ended, 1)) << "cut " << i;
  }
}

}  // namespace
}  // namespace drover::agent
