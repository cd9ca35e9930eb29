// Reading of answers without exceptions: what is missing or of another type is null, "" or 0.
#ifndef DROVER_CONTROLLER_OPENSEARCH_JSON_ACCESS_H_
#define DROVER_CONTROLLER_OPENSEARCH_JSON_ACCESS_H_

#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/status.h"

namespace drover::opensearch {

// Null where the text is not JSON.
nlohmann::json ParseJson(const std::string& text);

// The value below `path`, one key a level; null where there is none.
const nlohmann::json& At(const nlohmann::json& value, std::initializer_list<const char*> path);

// A string as it is; a number or truth value as JSON spells it; else "".
std::string Text(const nlohmann::json& value);

// A number, or a string that is one (OpenSearch's settings and _cat are strings); else 0. Below
// zero counts as 0 for Unsigned.
int64_t Integer(const nlohmann::json& value);
uint64_t Unsigned(const nlohmann::json& value);
double Number(const nlohmann::json& value);

// true, or the string "true".
bool Truth(const nlohmann::json& value);

// A list's texts; one text (comma separated, as settings are) is a list too.
std::vector<std::string> Texts(const nlohmann::json& value);

// Nested objects as one map with dotted keys under `prefix`; lists are joined with commas.
void Flatten(const nlohmann::json& value, const std::string& prefix,
             std::map<std::string, std::string>& flat);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_JSON_ACCESS_H_
