#include "agent/compose/outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/compose/fake_command_runner.h"

namespace drover::agent {
namespace {

v1::OperationErrorCode CodeOfPull(const std::string& words) {
  return ToOperationError(PullFailure("r:5000/os:9", words)).code();
}

TEST(Outcome, TellsPullFailuresApart) {
  // As Engines 20.10 to 28 and registries word them.
  const std::pair<const char*, v1::OperationErrorCode> cases[] = {
      {"manifest for r:5000/os:9 not found: manifest unknown: manifest unknown",
       v1::OPERATION_ERROR_CODE_IMAGE_NOT_FOUND},
      {"Error response from daemon: pull access denied for os, repository does not exist or may "
       "require 'docker login'",
       v1::OPERATION_ERROR_CODE_IMAGE_NOT_FOUND},
      {"failed to resolve reference \"r:5000/os:9\": r:5000/os:9: not found",
       v1::OPERATION_ERROR_CODE_IMAGE_NOT_FOUND},
      {"Get \"http://r:5000/v2/\": dial tcp 10.77.0.1:5000: connect: connection refused",
       v1::OPERATION_ERROR_CODE_REGISTRY_UNREACHABLE},
      {"Get \"https://r:5000/v2/\": dial tcp: lookup r: no such host",
       v1::OPERATION_ERROR_CODE_REGISTRY_UNREACHABLE},
      {"dial tcp: lookup r on 127.0.0.11:53: server misbehaving",
       v1::OPERATION_ERROR_CODE_REGISTRY_UNREACHABLE},
      {"net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
       v1::OPERATION_ERROR_CODE_REGISTRY_UNREACHABLE},
      {"http: server gave HTTP response to HTTPS client",
       v1::OPERATION_ERROR_CODE_REGISTRY_UNREACHABLE},
      {"unauthorized: authentication required", v1::OPERATION_ERROR_CODE_REGISTRY_UNREACHABLE},
      {"failed to register layer: write /x: no space left on device",
       v1::OPERATION_ERROR_CODE_DISK_FULL},
      {"Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
       v1::OPERATION_ERROR_CODE_ENGINE_DOWN},
  };
  for (const auto& [words, code] : cases) EXPECT_EQ(CodeOfPull(words), code) << words;
}

// An Engine that is back already may have been away all the same.
TEST(Outcome, KnowsAnEngineThatWentAwayInTheMiddle) {
  for (const char* words :
       {"error during connect: Post \"http://%2Frun%2Fdocker.sock/v1.41/containers/d2/start\": EOF",
        "docker.errors.DockerException: Error while fetching server API version: ('Connection "
        "aborted.', FileNotFoundError(2, 'No such file or directory'))"}) {
    CommandResult result;
    result.exit_status = 1;
    result.err = words;
    EXPECT_EQ(ToOperationError(CommandFailure("up", result)).code(),
              v1::OPERATION_ERROR_CODE_ENGINE_DOWN)
        << words;
  }
}

TEST(Outcome, HidesWhatLooksLikeASecret) {
  const std::pair<const char*, const char*> cases[] = {
      {"OPENSEARCH_INITIAL_ADMIN_PASSWORD=hunter2 rest",
       "OPENSEARCH_INITIAL_ADMIN_PASSWORD=*** rest"},
      {"  api_key: abc", "api_key: ***"},
      {"\"secret\": \"abc\"", "\"secret\": ***"},
      {"https://me:pw@r:5000/x", "https://***@r:5000/x"},
      {"Container p-os1-1  Started\r", "Container p-os1-1  Started"},
      {"\x1b[31mred", "[31mred"},
  };
  for (const auto& [line, shown] : cases) EXPECT_EQ(ShowableLine(line), shown);
  EXPECT_LE(ShowableLine(std::string(5000, 'x')).size(), 500u);
}

TEST(Outcome, MakesValidUtf8) {
  EXPECT_EQ(ValidUtf8("Z\xC3\xBCrich \xE2\x82\xAC \xF0\x9F\x90\x91"),
            "Z\xC3\xBCrich \xE2\x82\xAC \xF0\x9F\x90\x91");
  EXPECT_EQ(ValidUtf8("a\xff\xC3-\xE2\x82"), std::string("a??") + "-" + "??");
  v1::OperationError error = ToOperationError(InvalidArgument("/srv/\xff: bad"));
  EXPECT_EQ(error.message(), "/srv/?: bad");
}

TEST(Outcome, KeepsTheLastLines) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "line " + std::to_string(i) + "\n";
  const auto lines = LastLines(Printed("", 1, text));
  ASSERT_EQ(lines.size(), 20u);
  EXPECT_EQ(lines.front(), "line 80");
  EXPECT_EQ(lines.back(), "line 99");
}

TEST(Outcome, ClassifiesCommands) {
  EXPECT_TRUE(CommandFailure("up", Printed("")).ok());
  const auto failed = ToOperationError(CommandFailure("up", Printed("", 3, "boom\n")));
  EXPECT_EQ(failed.code(), v1::OPERATION_ERROR_CODE_COMPOSE_FAILED);
  EXPECT_EQ(failed.message(), "up ended with status 3: boom");
  ASSERT_EQ(failed.output_size(), 1);
  CommandResult late = Printed("", 143);
  late.timed_out = true;
  EXPECT_EQ(ToOperationError(CommandFailure("up", late)).code(),
            v1::OPERATION_ERROR_CODE_DEADLINE_PASSED);
  late.canceled = true;
  EXPECT_EQ(ToOperationError(CommandFailure("up", late)).code(), v1::OPERATION_ERROR_CODE_CANCELED);
}

TEST(Outcome, CarriesErrorsThroughStatus) {
  const Status status = VerbError(v1::OPERATION_ERROR_CODE_FILE_CHANGED, "changed", {"a"});
  EXPECT_EQ(ToOperationError(status).code(), v1::OPERATION_ERROR_CODE_FILE_CHANGED);
  EXPECT_EQ(ToOperationError(AsVerbError(v1::OPERATION_ERROR_CODE_INTERNAL, status)).code(),
            v1::OPERATION_ERROR_CODE_FILE_CHANGED);
  EXPECT_EQ(ToOperationError(PermissionDenied("no")).code(),
            v1::OPERATION_ERROR_CODE_POLICY_DENIED);
  EXPECT_EQ(ToOperationError(Unavailable("no")).code(), v1::OPERATION_ERROR_CODE_ENGINE_DOWN);
}

}  // namespace
}  // namespace drover::agent
