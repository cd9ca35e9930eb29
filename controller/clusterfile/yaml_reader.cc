#include "controller/clusterfile/yaml_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "controller/clusterfile/keys.h"

namespace drover::clusterfile {
namespace {

constexpr size_t kMaxProblems = 20;
constexpr size_t kMaxQuoted = 80;
constexpr int kMostOfANumber = 1'000'000;
constexpr Millis kLongest{7LL * 24 * 3600 * 1000};

std::string Quoted(const YAML::Node& node) {
  if (node.IsScalar()) return "\"" + node.Scalar().substr(0, kMaxQuoted) + "\"";
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return "nothing";
}

std::string Within(const std::string& what) { return what.empty() ? "this file" : what; }

std::string Child(const std::string& what, const std::string& key) {
  return what.empty() ? key : what + "." + key;
}

}  // namespace

void Problems::Add(const YAML::Mark& mark, const std::string& text) {
  if (lines_.size() == kMaxProblems) {
    ++left_out_;
    return;
  }
  const int line = mark.is_null() ? 1 : mark.line + 1;
  const int column = mark.is_null() ? 1 : mark.column + 1;
  lines_.push_back(file_name_ + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " +
                   text);
}

Status Problems::ToStatus() const {
  if (lines_.empty()) return OkStatus();
  std::string message;
  for (const std::string& line : lines_) message += (message.empty() ? "" : "\n") + line;
  if (left_out_ > 0) message += "\nand " + std::to_string(left_out_) + " more";
  return InvalidArgument(message);
}

std::vector<Entry> ReadMap(const YAML::Node& node, const std::string& what, Problems& problems) {
  std::vector<Entry> entries;
  if (!node.IsMap()) {
    problems.Add(node.Mark(), Within(what) + " is " + Quoted(node) + "; expected keys and values");
    return entries;
  }
  for (const auto& item : node) {
    if (!item.first.IsScalar()) {
      problems.Add(item.first.Mark(), Within(what) + " has a key that is no text; expected a word");
      continue;
    }
    const std::string key = item.first.Scalar();
    const auto twin = std::find_if(entries.begin(), entries.end(),
                                   [&](const Entry& entry) { return entry.key == key; });
    if (twin != entries.end()) {
      problems.Add(item.first.Mark(), Child(what, key) + " stands twice, first on line " +
                                          std::to_string(twin->key_mark.line + 1) +
                                          "; expected it once");
      continue;
    }
    entries.push_back({key, item.first.Mark(), item.second});
  }
  return entries;
}

std::string SecretHint(const std::string& what, const std::string& key) {
  const std::string refused = Child(what, key) + " would put a secret into this file; ";
  if (what == "snapshot") {
    return refused + "put it into the OpenSearch keystore of every node (opensearch-keystore add)";
  }
  return refused + "write it into a file of its own and name that in auth.password_file";
}

void ReadFields(const YAML::Node& node, const std::string& what, const std::vector<Field>& fields,
                Problems& problems) {
  std::vector<std::string> known;
  for (const Field& field : fields) known.push_back(field.key);
  const std::vector<Entry> entries = ReadMap(node, what, problems);
  for (const Entry& entry : entries) {
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& f) { return f.key == entry.key; });
    if (field != fields.end()) {
      if (entry.value.IsNull()) {
        problems.Add(entry.key_mark,
                     Child(what, entry.key) + " has no value; give it one or remove the key");
      } else {
        field->read(entry.value);
      }
      continue;
    }
    if (NamesSecret(entry.key)) {
      problems.Add(entry.key_mark, SecretHint(what, entry.key));
      continue;
    }
    const std::string nearest = Nearest(entry.key, known);
    std::string all;
    for (const std::string& key : known) all += (all.empty() ? "" : ", ") + key;
    problems.Add(entry.key_mark, Within(what) + " has an unknown key \"" + entry.key + "\"; " +
                                     (nearest.empty() ? "expected one of " + all
                                                      : "did you mean " + nearest + "?"));
  }
  if (!node.IsMap()) return;
  for (const Field& field : fields) {
    const bool there = std::any_of(entries.begin(), entries.end(),
                                   [&](const Entry& entry) { return entry.key == field.key; });
    if (field.required && !there) {
      problems.Add(node.Mark(), Within(what) + " has no " + field.key + "; it must have one");
    }
  }
}

std::vector<YAML::Node> ReadList(const YAML::Node& node, const std::string& what,
                                 const std::string& expected, Problems& problems) {
  if (!node.IsSequence() || node.size() == 0) {
    const std::string found = node.IsSequence() ? "an empty list" : Quoted(node);
    problems.Add(node.Mark(), what + " is " + found + "; expected " + expected);
    return {};
  }
  return {node.begin(), node.end()};
}

std::string ReadText(const YAML::Node& node, const std::string& what, const std::string& expected,
                     Problems& problems) {
  if (node.IsScalar() && !node.Scalar().empty()) return node.Scalar();
  const std::string found = node.IsScalar() ? "empty" : Quoted(node);
  problems.Add(node.Mark(), what + " is " + found + "; expected " + expected);
  return "";
}

int ReadInt(const YAML::Node& node, const std::string& what, int least, Problems& problems) {
  int value = 0;
  if (node.IsScalar()) {
    const std::string& text = node.Scalar();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= least &&
        value <= kMostOfANumber) {
      return value;
    }
  }
  problems.Add(node.Mark(), what + " is " + Quoted(node) +
                                "; expected a whole number of at least " + std::to_string(least));
  return least;
}

Millis ReadDuration(const YAML::Node& node, const std::string& what, Millis otherwise,
                    Problems& problems) {
  if (node.IsScalar()) {
    const std::optional<Millis> value = ParseDuration(node.Scalar());
    if (value && *value > Millis(0) && *value <= kLongest) return *value;
  }
  problems.Add(node.Mark(), what + " is " + Quoted(node) +
                                "; expected a duration such as 90s, 10m or 1h, at most 168h");
  return otherwise;
}

}  // namespace drover::clusterfile
