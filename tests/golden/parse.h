// Messages from their text format.
#ifndef DROVER_TESTS_GOLDEN_PARSE_H_
#define DROVER_TESTS_GOLDEN_PARSE_H_

#include <google/protobuf/text_format.h>

#include <cstdlib>
#include <string>

namespace drover::golden {

template <typename T>
T Parse(const std::string& text) {
  T message;
  if (!google::protobuf::TextFormat::ParseFromString(text, &message)) std::abort();
  return message;
}

// Adds to or replaces fields of `message`; repeated fields grow.
template <typename T>
T With(T message, const std::string& text) {
  message.MergeFrom(Parse<T>(text));
  return message;
}

}  // namespace drover::golden

#endif  // DROVER_TESTS_GOLDEN_PARSE_H_
