// What this host's owner allows Drover to do here; deny by default (protocol.md, "The host's
// policy").
#ifndef DROVER_AGENT_POLICY_POLICY_H_
#define DROVER_AGENT_POLICY_POLICY_H_

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::agent {

inline constexpr char kDefaultPolicyPath[] = "/etc/drover/agent.yaml";
inline constexpr Millis kDefaultMaxStopTime{10 * 60 * 1000};

// The verbs a policy file may name, as in protocol.md.
const std::vector<std::string>& PolicyVerbs();

class Policy {
 public:
  // Allows nothing; `why` says so in every refusal and names the file to write.
  static Policy DenyAll(const std::string& why);

  // Reads the text of the policy file at `path` (used in messages only). INVALID_ARGUMENT
  // "file:line:column: …" for an unknown key or a value of the wrong kind.
  static StatusOr<Policy> Parse(const std::string& text, const std::string& path);

  // Each is OK or PERMISSION_DENIED with a sentence that names the file and what to add to it.
  Status AllowsVerb(const std::string& verb) const;
  // `reference` is an image reference; its repository must match a pattern.
  Status AllowsImage(const std::string& reference) const;
  Status AllowsStopTime(Millis timeout) const;
  // Symlinks in `path` and in the roots are resolved first; a path that does not exist is denied.
  Status AllowsPath(const std::string& path) const;

  // The roots that exist, resolved.
  std::vector<std::string> ResolvedRoots() const;
  // Lines for the operator to read.
  std::vector<std::string> Summary() const;

 private:
  class Value;

  Status Deny(const std::string& sentence) const;
  // Takes the value of one of the known keys.
  Status Take(const std::string& key, const Value& value);

  std::string path_;
  std::string nothing_because_;  // set where nothing at all is allowed
  std::vector<std::string> project_roots_;
  std::vector<std::string> images_;             // as written
  std::vector<std::string> normalized_images_;  // in the same order
  std::set<std::string> verbs_;
  Millis max_stop_time_ = kDefaultMaxStopTime;
};

// The absolute path without symlinks, "." and ".."; NOT_FOUND where it does not exist.
StatusOr<std::string> ResolvePath(const std::string& path);

// True where `path` is `root` or lies in it; both resolved.
bool LiesUnder(const std::string& path, const std::string& root);

// Names that go into an argument vector: what Compose allows, and never a leading dash.
bool IsProjectName(const std::string& name);
bool IsServiceName(const std::string& name);

}  // namespace drover::agent

#endif  // DROVER_AGENT_POLICY_POLICY_H_
