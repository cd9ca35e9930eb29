// drover_simulate: runs seeds of the simulation and reports the first that breaks a promise.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <map>
#include <string>

#include "tests/simulation/simulation.h"

namespace {

using drover::simulation::MakeScenario;
using drover::simulation::Outcome;
using drover::simulation::Report;
using drover::simulation::Simulate;

}  // namespace

int main(int argc, char** argv) {
  uint64_t seeds = 10'000, from = 1, keep_going = 0;
  bool undisturbed = false, history = false;
  CLI::App app("Runs the rollout simulation seed by seed.", "drover_simulate");
  app.add_option("--seeds", seeds, "How many seeds to run");
  app.add_option("--from", from, "The first seed");
  app.add_option("--failures", keep_going, "Go on until so many seeds have failed");
  app.add_flag("--undisturbed", undisturbed, "Without faults: how fast a whole rollout is");
  app.add_flag("--history", history, "The history of each run, however it ends");
  CLI11_PARSE(app, argc, argv);

  std::map<std::string, uint64_t> ends;
  uint64_t failed = 0, touched = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (uint64_t seed = from; seed < from + seeds; ++seed) {
    drover::simulation::Scenario scenario = MakeScenario(seed);
    if (undisturbed) {
      scenario = {};
      scenario.seed = seed;
    }
    const Outcome outcome = Simulate(scenario, history);
    for (const std::string& line : outcome.history) std::cout << "  " << line << "\n";
    ++ends[Name(outcome.phase)];
    touched += outcome.touched ? 1 : 0;
    if (outcome.violation.empty()) continue;
    ++failed;
    const bool brief = keep_going > 1;
    std::cout << seed << " " << outcome.violation << "\n";
    if (!brief) std::cout << Report(scenario) << std::flush;
    if (failed > keep_going) break;
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  uint64_t runs = 0;
  for (const auto& [name, count] : ends) runs += count;
  std::cout << runs << " runs, " << failed << " failed, " << touched << " stopped a member, "
            << seconds << " s, " << static_cast<double>(runs) / seconds << " runs/s;";
  for (const auto& [name, count] : ends) std::cout << " " << name << " " << count;
  std::cout << "\n";
  return failed == 0 ? 0 : 1;
}
