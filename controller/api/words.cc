#include "controller/api/words.h"

namespace drover::api {

std::string Joined(const std::vector<std::string>& parts, const std::string& between) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += between;
    text += parts[i];
  }
  return text;
}

std::string ListInWords(const std::vector<std::string>& parts) {
  if (parts.size() < 2) return Joined(parts, "");
  const std::vector<std::string> most(parts.begin(), parts.end() - 1);
  return Joined(most, ", ") + " and " + parts.back();
}

std::string WhatExists(const std::vector<std::string>& names) {
  if (names.empty()) return "there is none yet";
  return (names.size() == 1 ? "there is " : "there are ") + Joined(names, ", ");
}

}  // namespace drover::api
