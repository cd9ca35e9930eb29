// drover_bench_copy FOLDER STATE NAME: makes a cold copy of FOLDER below STATE with the agent's own
// code; prints how long it took and its sum as a line of JSON. For scripts/bench copy.
#include <chrono>
#include <iostream>

#include "agent/volumes/cold_copy.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: drover_bench_copy FOLDER STATE NAME\n";
    return 2;
  }
  using Clock = std::chrono::steady_clock;
  drover::agent::ColdCopies copies(argv[2]);
  const auto began = Clock::now();
  const auto copy = copies.Make({"bench", "node", argv[3]}, argv[1], {});
  const std::chrono::duration<double> took = Clock::now() - began;
  if (!copy.ok()) {
    std::cerr << "drover_bench_copy: " << drover::Message(copy.status()) << "\n";
    return 1;
  }
  std::cout << "{\"seconds\": " << took.count() << ", \"bytes\": " << copy->sum.bytes
            << ", \"files\": " << copy->sum.files << ", \"sha256\": \"" << copy->sum.sha256
            << "\", \"data\": \"" << copy->data() << "\"}\n";
  return 0;
}
