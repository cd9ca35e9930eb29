#include "common/base/status.h"

#include <gtest/gtest.h>

namespace drover {
namespace {

StatusOr<int> Half(int number) {
  if (number % 2 != 0) return InvalidArgument(std::to_string(number) + " is odd");
  return number / 2;
}

StatusOr<int> Quarter(int number) {
  DROVER_ASSIGN_OR_RETURN(const int half, Half(number));
  DROVER_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Status Check(int number) {
  DROVER_RETURN_IF_ERROR(Quarter(number).status());
  return OkStatus();
}

TEST(StatusTest, FactoriesGiveTheirCode) {
  EXPECT_EQ(NotFound("x").code(), StatusCode::kNotFound);
  EXPECT_EQ(AlreadyExists("x").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(FailedPrecondition("x").code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(PermissionDenied("x").code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(Unauthenticated("x").code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(Unavailable("x").code(), StatusCode::kUnavailable);
  EXPECT_EQ(DeadlineExceeded("x").code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Aborted("x").code(), StatusCode::kAborted);
  EXPECT_EQ(DataLoss("x").code(), StatusCode::kDataLoss);
  EXPECT_EQ(Unimplemented("x").code(), StatusCode::kUnimplemented);
  EXPECT_EQ(Internal("x").code(), StatusCode::kInternal);
}

TEST(StatusTest, AnnotateKeepsTheCode) {
  const Status status = Annotate(NotFound("no such service"), "host h1");
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(Message(status), "host h1: no such service");
}

TEST(StatusTest, MacrosPassTheFirstError) {
  EXPECT_EQ(*Quarter(12), 3);
  EXPECT_TRUE(Check(12).ok());
  EXPECT_EQ(Message(Quarter(6).status()), "3 is odd");
  EXPECT_EQ(Message(Check(7)), "7 is odd");
}

}  // namespace
}  // namespace drover
