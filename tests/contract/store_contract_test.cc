// The stores that keep the contract.
#include "tests/contract/store_contract.h"
#include "tests/support/memory_store.h"
#include "tests/support/temp_folder.h"

namespace drover::testing {
namespace {

using Made = StatusOr<std::unique_ptr<store::Store>>;

// Each test gets an empty folder; the one before is gone by then.
Made MakeFile() {
  static std::unique_ptr<TempFolder> folder;
  folder = std::make_unique<TempFolder>();
  return store::OpenStore(folder->File("data"));
}

INSTANTIATE_TEST_SUITE_P(
    Stores, StoreContract,
    ::testing::Values(StoreKind{"SqliteFile", MakeFile},
                      StoreKind{"SqliteMemory", [] { return store::OpenStore(store::kInMemory); }},
                      StoreKind{"MemoryStore",
                                []() -> Made { return std::make_unique<MemoryStore>(); }}),
    [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace drover::testing
