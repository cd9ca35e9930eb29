// Engine structs → stored messages → bytes → engine structs, all fields of them.
#include <gmock/gmock.h>
#include <google/protobuf/reflection.h>
#include <gtest/gtest.h>

#include "controller/store/convert_plan.h"
#include "controller/store/convert_rollout.h"
#include "tests/support/fields.h"
#include "tests/support/sample_rollout.h"

namespace drover::store {
namespace {

using ::testing::ElementsAre;
using testing::Filler;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Same;

template <typename Message>
Message ThroughBytes(const Message& message) {
  Message parsed;
  EXPECT_TRUE(parsed.ParseFromString(message.SerializeAsString()));
  return parsed;
}

// The fields of `message` and of all messages in it that are not set.
void Unset(const google::protobuf::Message& message, std::vector<std::string>* unset) {
  const auto* descriptor = message.GetDescriptor();
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    const bool set = field->is_repeated() ? reflection->FieldSize(message, field) > 0
                                          : reflection->HasField(message, field);
    if (!set && field->real_containing_oneof() == nullptr) unset->push_back(field->full_name());
    if (!set || field->message_type() == nullptr || field->is_map()) continue;
    if (!field->is_repeated()) {
      Unset(reflection->GetMessage(message, field), unset);
      continue;
    }
    for (int n = 0; n < reflection->FieldSize(message, field); ++n) {
      Unset(reflection->GetRepeatedMessage(message, field, n), unset);
    }
  }
}

TEST(ConvertTest, PlanRoundTrip) {
  rollout::Plan plan;
  Filler().Fill(plan);
  v1::Plan message;
  ToProto(plan, &message);
  DecodeErrors errors;
  const rollout::Plan back = FromProto(ThroughBytes(message), &errors);
  EXPECT_TRUE(errors.status().ok()) << errors.status();
  EXPECT_TRUE(Same(back, plan)) << message.DebugString();
}

TEST(ConvertTest, PlanWritesEveryFieldOfItsMessage) {
  rollout::Plan plan;
  Filler().Fill(plan);
  v1::Plan message;
  ToProto(plan, &message);
  std::vector<std::string> unset;
  Unset(message, &unset);
  // One of the recorded settings had no value, of what is adopted and of what is undone.
  const std::string value = "drover.store.v1.SnapshotOrigin.Setting.value";
  EXPECT_THAT(unset, ElementsAre(value, value));
}

TEST(ConvertTest, RolloutRoundTrip) {
  rollout::Rollout rollout;
  Filler().Fill(rollout);
  v1::RolloutState message;
  ToProto(rollout, &message);
  DecodeErrors errors;
  rollout::Rollout back = FromProto(ThroughBytes(message), &errors);
  EXPECT_TRUE(errors.status().ok()) << errors.status();
  EXPECT_THAT(back.checks, IsEmpty());
  back.checks = rollout.checks;  // they have a row of their own
  EXPECT_TRUE(Same(back, rollout)) << message.DebugString();
}

TEST(ConvertTest, EmptyRolloutRoundTrip) {
  const rollout::Rollout rollout;
  v1::RolloutState message;
  ToProto(rollout, &message);
  DecodeErrors errors;
  EXPECT_TRUE(Same(FromProto(ThroughBytes(message), &errors), rollout)) << message.DebugString();
  EXPECT_TRUE(errors.status().ok()) << errors.status();
}

TEST(ConvertTest, RecordRoundTrip) {
  rollout::Record record;
  Filler().Fill(record);
  v1::Record message;
  ToProto(record, &message);
  EXPECT_EQ(FromProto(ThroughBytes(message)), record);
}

TEST(ConvertTest, AReusedMessageKeepsNothing) {
  rollout::Rollout full;
  Filler().Fill(full);
  v1::RolloutState reused, fresh;
  ToProto(full, &reused);
  reused.Clear();
  const rollout::Rollout small = testing::SampleRollout("aaaa0001");
  ToProto(small, &reused);
  ToProto(small, &fresh);
  EXPECT_EQ(reused.SerializeAsString(), fresh.SerializeAsString());
}

// Every value of the .proto's enum stands for one of the engine's, and back.
template <typename Enum>
void CheckEnum(const google::protobuf::EnumDescriptor* stored) {
  for (int i = 1; i < stored->value_count(); ++i) {
    DecodeErrors errors;
    const int number = stored->value(i)->number();
    const Enum value = FromProto<Enum>(number, "value", &errors);
    EXPECT_TRUE(errors.status().ok()) << stored->value(i)->full_name() << " stands for nothing";
    EXPECT_EQ(ToProto(value), number);
  }
}

TEST(ConvertTest, EnumsAreOneToOne) {
  CheckEnum<rollout::Kind>(v1::Kind_descriptor());
  CheckEnum<rollout::Strategy>(v1::Strategy_descriptor());
  CheckEnum<rollout::Verdict>(v1::Verdict_descriptor());
  CheckEnum<rollout::Phase>(v1::Phase_descriptor());
  CheckEnum<rollout::MemberStep>(v1::MemberStep_descriptor());
  CheckEnum<rollout::Refused>(v1::Refused_descriptor());
}

TEST(ConvertTest, UnknownValuesAreDataLoss) {
  v1::RolloutState message;
  ToProto(testing::SampleRollout("aaaa0001"), &message);
  message.set_phase(static_cast<v1::Phase>(99));
  DecodeErrors errors;
  FromProto(message, &errors);
  EXPECT_EQ(errors.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(Message(errors.status()), HasSubstr("phase has the unknown value 99"));
}

TEST(ConvertTest, AnActionOfANewerControllerIsDataLoss) {
  v1::RolloutState message;
  ToProto(testing::SampleRollout("aaaa0001"), &message);
  message.add_outstanding()->set_id("aaaa0001/node-1/STOP/1");
  DecodeErrors errors;
  FromProto(message, &errors);
  EXPECT_EQ(errors.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(Message(errors.status()), HasSubstr("aaaa0001/node-1/STOP/1"));
}

}  // namespace
}  // namespace drover::store
