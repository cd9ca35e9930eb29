#include "controller/cli/output.h"

#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace drover::cli {
namespace {

using Json = nlohmann::ordered_json;

// A text that YAML would read as something else has to stand in quotes; yaml-cpp quotes only what
// would not parse.
bool IsPlainText(const std::string& text) {
  static constexpr std::array<const char*, 9> kWords = {"true", "false", "yes", "no", "on",
                                                        "off",  "null",  "y",   "n"};
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto inner = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '/';
  };
  if (text.empty() || !letter(text.front())) return false;
  std::string lower = text;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (std::find(kWords.begin(), kWords.end(), lower) != kWords.end()) return false;
  return std::all_of(text.begin(), text.end(), inner);
}

void EmitText(YAML::Emitter& out, const std::string& text) {
  if (!IsPlainText(text)) out << YAML::DoubleQuoted;
  out << text;
}

void Emit(YAML::Emitter& out, const Json& value) {
  if (value.is_object()) {
    if (value.empty()) out << YAML::Flow;
    out << YAML::BeginMap;
    for (const auto& [key, child] : value.items()) {
      out << YAML::Key;
      EmitText(out, key);
      out << YAML::Value;
      Emit(out, child);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    if (value.empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const Json& child : value) Emit(out, child);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    EmitText(out, value.get<std::string>());
  } else {
    // Numbers, booleans and null read the same in both languages.
    out << value.dump();
  }
}

Json Combine(const Named& messages) {
  Json all = Json::object();
  for (const auto& [name, message] : messages) {
    all[name] = Json::parse(ToJson(*message), nullptr, false);
  }
  return all;
}

std::string EmitYaml(const Json& value) {
  YAML::Emitter out;
  Emit(out, value);
  return std::string(out.c_str()) + "\n";
}

}  // namespace

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails only for messages with Any or broken timestamps, which the API has not.
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  return status.ok() ? json : "{}\n";
}

std::string ToYaml(const google::protobuf::Message& message) {
  return EmitYaml(Json::parse(ToJson(message), nullptr, false));
}

std::string ToJson(const Named& messages) { return Combine(messages).dump(1) + "\n"; }

std::string ToYaml(const Named& messages) { return EmitYaml(Combine(messages)); }

Status FromJson(const std::string& json, const std::string& path,
                google::protobuf::Message& message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message, options);
  if (status.ok()) return OkStatus();
  return InvalidArgument(path + " is not a " + message.GetDescriptor()->name() +
                         " as JSON: " + status.ToString());
}

}  // namespace drover::cli
