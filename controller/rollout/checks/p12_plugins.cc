#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

// The image that the member would get; null where its host was not asked about it.
const ImageView* NewImage(const CheckInput& in, const Match& match, std::string* reference) {
  if (match.project == nullptr || match.service == nullptr) return nullptr;
  *reference = in.request.image.empty() ? WithTag(match.service->image, in.request.to_version)
                                        : in.request.image;
  for (const ImageView& image : match.project->images) {
    if (image.reference == *reference) return &image;
  }
  return nullptr;
}

struct Findings {
  std::vector<std::string> missing, unknown;
};

void LookAt(const CheckInput& in, const Match& match, Findings* out) {
  if (match.node == nullptr) return;
  if (!match.node->plugins) {
    out->unknown.push_back("the plugins of " + match.Name() +
                           " are not known (GET _nodes/plugins)");
    return;
  }
  if (match.node->plugins->empty()) return;
  std::string reference;
  const ImageView* image = NewImage(in, match, &reference);
  const std::string host = match.spec->host;
  if (image == nullptr) {
    out->unknown.push_back("what is in the image on " + host + " is not known");
  } else if (!image->error.empty()) {
    out->unknown.push_back(host + ": " + reference + ": " + image->error);
  } else if (!image->present) {
    out->unknown.push_back(reference + " is not on " + host + " yet");
  } else {
    for (const auto& [plugin, version] : *match.node->plugins) {
      const auto& names = *image->entries;
      if (std::find(names.begin(), names.end(), plugin) != names.end()) continue;
      out->missing.push_back(match.Name() + " runs " + plugin + ", and " + reference +
                             " does not have it");
    }
  }
}

Finding Run(const CheckInput& in) {
  Findings seen;
  for (const Match& match : in.matches) LookAt(in, match, &seen);
  if (!seen.missing.empty()) {
    return Block(Join(seen.missing),
                 "build an image of the target version with the same plugins (a plugin is for one "
                 "exact version) and name it with --image");
  }
  if (!seen.unknown.empty()) {
    return Warn(Join(seen.unknown) + "; looked at again after the prefetch, before anything stops",
                "nothing to do now");
  }
  return Pass("every plugin that a node runs is in " + PluginFolder() + " of the new image");
}

}  // namespace

Check P12() {
  return {.id = "P12",
          .title = "the new image has every plugin",
          .asks =
              "GET _nodes/plugins; the names in the plugin folder of the new image on each host, "
              "once it is there",
          .needs_target = true,
          .of_image = true,
          .run = &Run};
}

}  // namespace drover::rollout
