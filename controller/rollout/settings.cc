// Promise 6: the cluster settings that a rollout changes, what they were, and whether they are
// back.
#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

// The cluster manager gives up an update that it could not begin for this long
// (cluster_manager_timeout).
constexpr Millis kPutLands{30'000};

std::optional<std::string> ValueOf(const ClusterObservation& cluster, const std::string& name) {
  const auto it = cluster.persistent_settings.find(name);
  if (it == cluster.persistent_settings.end()) return std::nullopt;
  return it->second;
}

}  // namespace

Settings SettingsToRestore(const Rollout& rollout) {
  Settings settings;
  for (const RecordedSetting& setting : rollout.settings) {
    if (setting.changed) settings[setting.name] = setting.before;
  }
  return settings;
}

RecordedSetting* FindSetting(Engine& e, const std::string& name) {
  for (RecordedSetting& setting : e.r().settings) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

void PutRecorded(Engine& e, const std::string& step, const Settings& wanted) {
  // Until then every change would be refused.
  if (e.r().clear_archived) {
    e.Do(kOwnSlot, "archived", ClearArchived{});
    return;
  }
  for (const auto& [name, value] : wanted) {
    RecordedSetting* setting = FindSetting(e, name);
    if (setting == nullptr) continue;
    setting->now = value;
    setting->changed = true;
    if (value != setting->before) setting->ours = value;
  }
  e.Do(kOwnSlot, step, PutSettings{wanted});
}

void NoteLostAnswer(Engine& e) { e.r().settle_until = e.now() + kPutLands; }

void MarkPut(Engine& e, const Settings& put) {
  for (RecordedSetting& setting : e.r().settings) {
    const auto it = put.find(setting.name);
    if (it == put.end() || it->second != setting.before) continue;
    setting.now = setting.before;
    setting.changed = false;
  }
}

bool AwaitsLostAnswer(Engine& e) {
  const std::optional<Time> until = e.r().settle_until;
  if (!until || *until <= e.now()) return false;
  e.WaitFor(kOwnSlot, "a call to the cluster that failed: it may still take effect", until,
            "its time is over; then it is looked at what is left");
  e.Do(kOwnSlot, "settle", SetTimer{*until});
  return true;
}

bool MarkLate(Engine& e, const ClusterObservation& cluster) {
  bool late = false;
  for (RecordedSetting& setting : e.r().settings) {
    const std::optional<std::string> value = ValueOf(cluster, setting.name);
    if (!setting.ours || value == setting.before || value != setting.ours) continue;
    if (e.r().attempts >= kMaxAttempts) continue;
    setting.now = value;
    setting.changed = true;
    late = true;
    e.Say("settings.late",
          setting.name + " is " + *value +
              " although it was put back: an earlier call took effect late; it is put back again");
  }
  if (late) ++e.r().attempts;
  return late;
}

std::string ForeignSettings(const Engine& e, const ClusterObservation& cluster) {
  std::string names;
  for (const RecordedSetting& setting : e.r().settings) {
    if (ValueOf(cluster, setting.name) == setting.before) continue;
    names += (names.empty() ? "" : ", ") + setting.name;
  }
  return names;
}

}  // namespace drover::rollout
