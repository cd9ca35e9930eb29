// Lists in sentences.
#ifndef DROVER_CONTROLLER_API_WORDS_H_
#define DROVER_CONTROLLER_API_WORDS_H_

#include <string>
#include <vector>

namespace drover::api {

// "a, b, c".
std::string Joined(const std::vector<std::string>& parts, const std::string& between);

// "a", "a and b", "a, b and c".
std::string ListInWords(const std::vector<std::string>& parts);

// "there are h1, h2" or "there is none yet": the end of a NOT_FOUND that helps.
std::string WhatExists(const std::vector<std::string>& names);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_WORDS_H_
