// What the lab's cases share: the `lab` and `drover` commands, a lab with Drover on it, clusters
// that outlive a case. Each case is a process of its own under ctest, so whatever a case needs is
// asked for with Ensure…, which does nothing where it is there already.
#ifndef DROVER_TESTS_LAB_LAB_FIXTURE_H_
#define DROVER_TESTS_LAB_LAB_FIXTURE_H_

#include <gtest/gtest.h>
#include <sys/types.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/base/time.h"

namespace drover::lab {

using nlohmann::json;

using Arguments = std::vector<std::string>;
using Variables = std::vector<std::pair<std::string, std::string>>;

// How a command ended, and what it printed.
struct Outcome {
  std::string command;
  int exit_code = -1;
  std::string out, err;

  // All that was printed, on one line a space apart: a sentence that the terminal's width broke is
  // found in it.
  std::string Text() const;
  // stdout as JSON; a failure of the test and null where it is none.
  json Json() const;
};

// Runs argv[0] (a path, or found in PATH) to its end; never longer than `limit`.
Outcome Execute(const Arguments& argv, const Variables& variables = {},
                Millis limit = Millis(600'000));

// tests/lab/lab with these arguments.
Outcome Lab(const Arguments& arguments, const Variables& variables = {});
// The same; what is not 0 is a failure of the test.
Outcome MustLab(const Arguments& arguments, const Variables& variables = {});

// build/…/bin/drover, connected to the lab's controller.
Outcome Drover(const Arguments& arguments);

// The path of one of the programs that were built with this test.
std::string Program(const std::string& name);
// Where the lab keeps its things.
std::string LabHome();

std::string ReadText(const std::string& path);
void WriteText(const std::string& path, const std::string& text);

// Asks `condition` again and again until it holds; a failure of the test that names `what` after
// `limit`.
void WaitUntil(const std::string& what, const std::function<bool()>& condition,
               Millis limit = Millis(30'000));

// A program that runs beside the test until the object is gone; its output is in a file.
class Daemon {
 public:
  Daemon(const Arguments& argv, std::string log_path, const Variables& variables = {});
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  std::string Log() const;
  // Returns once its output has `text` in it.
  void AwaitLog(const std::string& text) const;
  // Sends the signal; the exit status, -1 where it did not exit by itself within 10 s.
  int End(int signal);

 private:
  const std::string log_path_;
  pid_t pid_ = -1;
};

// Three hosts, a registry, a controller and an agent on each host.
void EnsureLab();
// A green cluster with documents at `version`; made anew where it is not there or not like that.
void EnsureCluster(const std::string& name, const std::string& version, const Arguments& options);
// A cluster file like the lab's own of `cluster`, with `name` in place of its name and `from`
// replaced by `to`; returns its path.
std::string ClusterFile(const std::string& cluster, const std::string& name,
                        const std::string& from, const std::string& to);

// Skips the case where no Docker Engine can run here; else the lab is up.
class LabTest : public ::testing::Test {
 protected:
  void SetUp() override;
};

}  // namespace drover::lab

#endif  // DROVER_TESTS_LAB_LAB_FIXTURE_H_
