// YAML with places: maps with known keys, texts, numbers and durations, every problem collected.
#ifndef DROVER_CONTROLLER_CLUSTERFILE_YAML_READER_H_
#define DROVER_CONTROLLER_CLUSTERFILE_YAML_READER_H_

#include <yaml-cpp/yaml.h>

#include <functional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::clusterfile {

// The problems found in one file, in the order they were found.
class Problems {
 public:
  explicit Problems(std::string file_name) : file_name_(std::move(file_name)) {}

  // `text`: what is wrong; what was expected.
  void Add(const YAML::Mark& mark, const std::string& text);
  bool empty() const { return lines_.empty(); }
  // INVALID_ARGUMENT with a line for each, OK without any.
  Status ToStatus() const;

 private:
  std::string file_name_;
  std::vector<std::string> lines_;
  size_t left_out_ = 0;
};

// One entry of a map.
struct Entry {
  std::string key;
  YAML::Mark key_mark;
  YAML::Node value;
};

// The entries of a map, in the file's order; a problem and nothing where `node` is no map, a
// problem for each key that stands twice. `what` names the map: "tls", "members[2]"; empty: the
// file itself.
std::vector<Entry> ReadMap(const YAML::Node& node, const std::string& what, Problems& problems);

// What a map may hold. `read` gets the value; it is called at most once a key, never with null.
struct Field {
  std::string key;
  bool required = false;
  std::function<void(const YAML::Node& value)> read;
};

// Reads a map with these keys and no others. An unknown one is a problem with the nearest known
// key, one that would hold a secret a problem with a hint.
void ReadFields(const YAML::Node& node, const std::string& what, const std::vector<Field>& fields,
                Problems& problems);

// What to do in place of writing a secret under `key`.
std::string SecretHint(const std::string& what, const std::string& key);

// The items of a sequence that is not empty; a problem and nothing where it is none.
std::vector<YAML::Node> ReadList(const YAML::Node& node, const std::string& what,
                                 const std::string& expected, Problems& problems);

// The text of a scalar that is not empty; a problem and "" where it is none.
std::string ReadText(const YAML::Node& node, const std::string& what, const std::string& expected,
                     Problems& problems);

// A whole number of at least `least`; a problem and `least` where it is none.
int ReadInt(const YAML::Node& node, const std::string& what, int least, Problems& problems);

// A duration above zero and of at most a week, "90s"; a problem and `otherwise` where it is none.
Millis ReadDuration(const YAML::Node& node, const std::string& what, Millis otherwise,
                    Problems& problems);

}  // namespace drover::clusterfile

#endif  // DROVER_CONTROLLER_CLUSTERFILE_YAML_READER_H_
