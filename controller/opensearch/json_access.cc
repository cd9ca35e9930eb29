#include "controller/opensearch/json_access.h"

#include <cstdlib>

namespace drover::opensearch {
namespace {

const nlohmann::json& Nothing() {
  static const nlohmann::json nothing;
  return nothing;
}

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (begin <= text.size()) {
    size_t end = text.find(',', begin);
    if (end == std::string::npos) end = text.size();
    const size_t first = text.find_first_not_of(' ', begin);
    if (first < end) {
      parts.push_back(text.substr(first, text.find_last_not_of(' ', end - 1) - first + 1));
    }
    begin = end + 1;
  }
  return parts;
}

}  // namespace

nlohmann::json ParseJson(const std::string& text) {
  nlohmann::json value = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_discarded() ? nlohmann::json() : value;
}

const nlohmann::json& At(const nlohmann::json& value, std::initializer_list<const char*> path) {
  const nlohmann::json* at = &value;
  for (const char* key : path) {
    if (!at->is_object()) return Nothing();
    const auto found = at->find(key);
    if (found == at->end()) return Nothing();
    at = &*found;
  }
  return *at;
}

std::string Text(const nlohmann::json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return "";
}

int64_t Integer(const nlohmann::json& value) {
  if (value.is_number()) return value.get<int64_t>();
  if (!value.is_string()) return 0;
  return std::strtoll(value.get_ref<const std::string&>().c_str(), nullptr, 10);
}

uint64_t Unsigned(const nlohmann::json& value) {
  const int64_t number = Integer(value);
  return number < 0 ? 0 : static_cast<uint64_t>(number);
}

double Number(const nlohmann::json& value) {
  if (value.is_number()) return value.get<double>();
  return value.is_string() ? std::strtod(value.get_ref<const std::string&>().c_str(), nullptr) : 0;
}

bool Truth(const nlohmann::json& value) { return Text(value) == "true"; }

std::vector<std::string> Texts(const nlohmann::json& value) {
  if (value.is_string()) return Split(value.get_ref<const std::string&>());
  std::vector<std::string> texts;
  if (!value.is_array()) return texts;
  for (const nlohmann::json& item : value) texts.push_back(Text(item));
  return texts;
}

void Flatten(const nlohmann::json& value, const std::string& prefix,
             std::map<std::string, std::string>& flat) {
  if (value.is_object()) {
    for (const auto& [key, child] : value.items()) {
      Flatten(child, prefix.empty() ? key : prefix + "." + key, flat);
    }
    return;
  }
  if (value.is_array()) {
    std::string joined;
    for (const std::string& text : Texts(value)) joined += (joined.empty() ? "" : ",") + text;
    flat[prefix] = joined;
    return;
  }
  if (!value.is_null()) flat[prefix] = Text(value);
}

}  // namespace drover::opensearch
