// The engine's enums and their stored numbers. ToProto is a switch without a default, so that the
// compiler names the value that somebody added and forgot here; FromProto is its inverse.
#ifndef DROVER_CONTROLLER_STORE_CONVERT_ENUMS_H_
#define DROVER_CONTROLLER_STORE_CONVERT_ENUMS_H_

#include <string>

#include "common/base/status.h"
#include "controller/rollout/rollout.h"
#include "drover/store/v1/plan.pb.h"
#include "drover/store/v1/rollout.pb.h"

namespace drover::store {

v1::Kind ToProto(rollout::Kind kind);
v1::Strategy ToProto(rollout::Strategy strategy);
v1::Verdict ToProto(rollout::Verdict verdict);
v1::VolumeChange ToProto(rollout::VolumeChange change);
v1::HopNeedKind ToProto(rollout::HopNeedKind kind);
v1::Phase ToProto(rollout::Phase phase);
v1::MemberStep ToProto(rollout::MemberStep step);
v1::Refused ToProto(rollout::Refused refused);
v1::Aftermath ToProto(rollout::Aftermath aftermath);

// Collects what a stored message holds that this program does not know; read after a conversion.
class DecodeErrors {
 public:
  void Add(const std::string& what) {
    if (first_.empty()) first_ = what;
  }
  // DATA_LOSS with the first thing that was added.
  Status status() const;

 private:
  std::string first_;
};

template <typename Enum>
Enum FromProto(int stored, const char* name, DecodeErrors* errors) {
  constexpr int kMostValues = 64;
  for (int i = 0; i < kMostValues; ++i) {
    const int number = ToProto(static_cast<Enum>(i));
    if (number != 0 && number == stored) return static_cast<Enum>(i);
  }
  errors->Add(std::string(name) + " has the unknown value " + std::to_string(stored));
  return Enum{};
}

}  // namespace drover::store

#endif  // DROVER_CONTROLLER_STORE_CONVERT_ENUMS_H_
