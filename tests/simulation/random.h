// The simulator's only source of chance: the same seed gives the same numbers on every machine.
#ifndef DROVER_TESTS_SIMULATION_RANDOM_H_
#define DROVER_TESTS_SIMULATION_RANDOM_H_

#include <cstdint>

#include "common/base/time.h"

namespace drover::simulation {

// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a stream a seed, no set-up cost.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // 0 … limit-1; `limit` is above zero.
  int Below(int limit) { return static_cast<int>(Next() % static_cast<uint64_t>(limit)); }
  bool Chance(int percent) { return Below(100) < percent; }
  Millis Between(int low_ms, int high_ms) { return Millis(low_ms + Below(high_ms - low_ms + 1)); }

 private:
  uint64_t state_;
};

}  // namespace drover::simulation

#endif  // DROVER_TESTS_SIMULATION_RANDOM_H_
