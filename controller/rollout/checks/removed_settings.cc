#include "controller/rollout/checks/removed_settings.h"

namespace drover::rollout {
namespace {

bool Matches(const std::string& pattern, const std::string& name) {
  const size_t star = pattern.find('*');
  if (star == std::string::npos) return pattern == name;
  const std::string head = pattern.substr(0, star), tail = pattern.substr(star + 1);
  return name.size() >= head.size() + tail.size() && name.starts_with(head) && name.ends_with(tail);
}

}  // namespace

// opensearch.md section 1.4. "3.0": documentation-website _about/breaking-changes.md, 3.0.0.
const std::vector<RemovedSetting>& RemovedSettings() {
  static const std::vector<RemovedSetting> rules = {
      {"compatibility.override_main_response_version", "", {3, 0, 0}, "OpenSearch#18228"},
      {"knn.plugin.enabled", "", {3, 0, 0}, "3.0"},
      {"index.knn.space_type", "", {3, 0, 0}, "3.0"},
      {"index.knn.algo_param.m", "", {3, 0, 0}, "3.0"},
      {"index.knn.algo_param.ef_construction", "", {3, 0, 0}, "3.0"},
      {"index.store.hybrid.mmap.extensions", "", {3, 0, 0}, "3.0"},
      {"thread_pool.test.*queue_size", "", {3, 0, 0}, "3.0"},
      {"plugins.sql.delete.enabled", "", {3, 0, 0}, "3.0"},
      {"opendistro.sql.*", "", {3, 0, 0}, "3.0"},
      {"opendistro.ppl.*", "", {3, 0, 0}, "3.0"},
      {"opendistro.query.*", "", {3, 0, 0}, "3.0"},
      {"transport.type", "nio-transport-plugin", {3, 0, 0}, "3.0 (transport-nio)"},
      {"http.type", "nio-http-transport-plugin", {3, 0, 0}, "3.0 (transport-nio)"},
      // Persisted by the plugin itself; archived from 3.0, and then every change of cluster
      // settings is refused, that of the allocation too (OpenSearch#18515, #20835).
      {"plugins.index_state_management.template_migration.control",
       "",
       {3, 0, 0},
       "OpenSearch#18515"},
      {"plugins.index_state_management.metadata_migration.status",
       "",
       {3, 0, 0},
       "OpenSearch#18515"},
      {"plugins.index_state_management.metadata_service.enabled",
       "",
       {3, 0, 0},
       "OpenSearch#18515"},
  };
  return rules;
}

const RemovedSetting* FindRemoved(const std::string& name, const std::string& value,
                                  const Version& from, const Version& to) {
  for (const RemovedSetting& rule : RemovedSettings()) {
    if (from >= rule.removed_in || to < rule.removed_in) continue;
    if (*rule.value != '\0' && value != rule.value) continue;
    if (Matches(rule.name, name)) return &rule;
  }
  return nullptr;
}

}  // namespace drover::rollout
