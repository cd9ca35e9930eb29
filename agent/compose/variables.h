// Compose's variables: the environment before `.env` files, and how a value refers to them.
#ifndef DROVER_AGENT_COMPOSE_VARIABLES_H_
#define DROVER_AGENT_COMPOSE_VARIABLES_H_

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "agent/compose/traced_text.h"
#include "common/base/status.h"

namespace drover::agent {

// Values by name, without what they refer to resolved. The environment wins over files, a later
// AddFile fills only names that are not there yet, and within a file the last entry wins.
class Variables {
 public:
  using Environment = std::map<std::string, std::string>;

  explicit Variables(const Environment& environment);

  // Takes the entries of an env file: NAME=value, `export`, quotes, comments, as Compose reads
  // them. `file` is the index its bytes are traced to.
  void AddFile(const std::string& text, int file);

  // A value that only Compose sets, as COMPOSE_PROJECT_NAME; does not replace one that is there.
  void AddFixed(const std::string& name, const std::string& value);

  // The value with its own references resolved; nothing where the name is not set.
  // INVALID_ARGUMENT where a reference is malformed or circular.
  StatusOr<std::optional<TracedText>> Find(const std::string& name) const;

  // Resolves $NAME, ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?error}, ${NAME?error},
  // ${NAME:+other}, ${NAME+other} and $$ in `text`. An unset variable is empty.
  StatusOr<TracedText> Interpolate(const TracedText& text) const;

 private:
  struct Value {
    TracedText text;
    bool literal = false;  // no references in it
  };

  StatusOr<std::optional<TracedText>> FindAt(const std::string& name, int depth) const;
  StatusOr<TracedText> InterpolateAt(const TracedText& text, int depth) const;
  StatusOr<TracedText> Braced(const TracedText& inner, int depth) const;

  std::map<std::string, Value> values_;
};

// The agent's own environment.
Variables::Environment ProcessEnvironment();

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_VARIABLES_H_
