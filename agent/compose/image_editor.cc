#include "agent/compose/image_editor.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "agent/docker/image_reference.h"

namespace drover::agent {
namespace {

constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";

const std::string& TextOf(const ProjectFiles& files, int file) {
  return files.files[static_cast<size_t>(file)].text;
}

// The offset of a scalar's first byte behind its anchor and tag, which yaml-cpp counts to the node.
std::optional<size_t> ScalarOffset(const std::string& text, const YAML::Node& node) {
  const YAML::Mark mark = node.Mark();
  if (mark.is_null() || mark.pos < 0) return std::nullopt;
  size_t at = static_cast<size_t>(mark.pos);
  if (text.rfind(kByteOrderMark, 0) == 0) at += 3;
  while (at < text.size() && (text[at] == '&' || text[at] == '!')) {
    while (at < text.size() && !std::isspace(static_cast<unsigned char>(text[at]))) ++at;
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at]))) ++at;
  }
  if (at >= text.size()) return std::nullopt;
  return at;
}

// The scalar's bytes as they stand in its file.
StatusOr<TracedText> TraceScalar(const ProjectFiles& files, const ImageSite& site) {
  const std::string where = Where(files, site.file, site.node.Mark());
  if (!site.node.IsScalar()) {
    return InvalidArgument(where + ": the image is not a text");
  }
  const std::string& value = site.node.Scalar();
  const std::string& text = TextOf(files, site.file);
  const std::optional<size_t> offset = ScalarOffset(text, site.node);
  const auto refused = [&where] {
    return FailedPrecondition(where +
                              ": the image is written as a block or with escapes; write it on one "
                              "line, plain or in quotes, so that its tag alone can be replaced");
  };
  if (!offset) return refused();
  size_t begin = *offset;
  const char quote = text[begin];
  const bool quoted = quote == '"' || quote == '\'';
  if (quoted) ++begin;
  if (text.compare(begin, value.size(), value) != 0) return refused();
  if (quoted && (begin + value.size() >= text.size() || text[begin + value.size()] != quote)) {
    return refused();
  }
  return TracedText::Of(value, site.file, begin);
}

StatusOr<TracedText> TraceImage(const ProjectFiles& files, const std::string& service) {
  DROVER_ASSIGN_OR_RETURN(const ImageSite site, FindImageSite(files, service));
  DROVER_ASSIGN_OR_RETURN(const TracedText scalar, TraceScalar(files, site));
  StatusOr<TracedText> image = site.variables->Interpolate(scalar);
  if (!image.ok()) return Annotate(image.status(), Where(files, site.file, site.node.Mark()));
  return image;
}

// A stretch of bytes that stand side by side in one file.
struct Run {
  size_t begin = 0;  // in the resolved text
  size_t end = 0;
  ByteOrigin origin;
};

std::vector<Run> RunsOf(const TracedText& text, size_t begin, size_t end) {
  std::vector<Run> runs;
  for (size_t i = begin; i < end; ++i) {
    const ByteOrigin& origin = text.origins[i];
    if (!runs.empty()) {
      Run& last = runs.back();
      const bool fixed = origin.file == ByteOrigin::kFixed;
      const size_t next = last.origin.offset + (last.end - last.begin);
      if (origin.file == last.origin.file && (fixed || origin.offset == next)) {
        last.end = i + 1;
        continue;
      }
    }
    runs.push_back({i, i + 1, origin});
  }
  return runs;
}

struct Replacement {
  int file = 0;
  size_t offset = 0;
  size_t size = 0;
  std::string bytes;
};

Status Scattered(const std::string& part, const TracedText& image) {
  return FailedPrecondition(
      "The " + part + " of " + image.text +
      " does not stand in one place of the project's files (it comes from the agent's environment "
      "or from several places); write it in the Compose file or in one variable of .env");
}

// The replacement that turns image[begin, end) into `wanted`: in one run, while the others stay as
// the beginning and the end of what is wanted.
StatusOr<std::optional<Replacement>> ReplacePart(const std::string& part, const TracedText& image,
                                                 size_t begin, size_t end,
                                                 const std::string& wanted) {
  const std::string present = image.text.substr(begin, end - begin);
  if (present == wanted) return std::optional<Replacement>();
  std::vector<Replacement> candidates;
  for (const Run& run : RunsOf(image, begin, end)) {
    const std::string before = image.text.substr(begin, run.begin - begin);
    const std::string after = image.text.substr(run.end, end - run.end);
    const bool fits = wanted.size() >= before.size() + after.size() &&
                      wanted.compare(0, before.size(), before) == 0 &&
                      wanted.compare(wanted.size() - after.size(), after.size(), after) == 0;
    if (!fits || run.origin.file == ByteOrigin::kFixed) continue;
    candidates.push_back(
        {run.origin.file, run.origin.offset, run.end - run.begin,
         wanted.substr(before.size(), wanted.size() - before.size() - after.size())});
  }
  if (candidates.size() != 1) return Scattered(part, image);
  return std::optional<Replacement>(candidates[0]);
}

// `bytes` right behind image[at - 1].
StatusOr<Replacement> InsertBehind(const TracedText& image, size_t at, const std::string& bytes) {
  const ByteOrigin& origin = image.origins[at - 1];
  if (origin.file == ByteOrigin::kFixed) return Scattered("end", image);
  return Replacement{origin.file, origin.offset + 1, 0, bytes};
}

StatusOr<std::vector<Replacement>> Replacements(const TracedText& image,
                                                const ImageReference& present,
                                                const ImageReference& wanted) {
  std::vector<Replacement> result;
  const size_t name_end = present.name.size();
  const size_t tag_begin = present.tag.empty() ? name_end : name_end + 1;
  const size_t tag_end = tag_begin + present.tag.size();
  if (!present.digest.empty() && present.tag.empty() != wanted.tag.empty()) {
    return FailedPrecondition(
        "The image " + image.text + " is " +
        (present.tag.empty() ? "given by a digest alone" : "given with a tag") +
        "; give the wanted image in the same form");
  }
  if (present.tag.empty() && !wanted.tag.empty()) {
    DROVER_ASSIGN_OR_RETURN(
        const Replacement inserted,
        InsertBehind(image, name_end,
                     ":" + wanted.tag + (wanted.digest.empty() ? "" : "@" + wanted.digest)));
    return std::vector<Replacement>{inserted};
  }
  if (present.digest.empty() && !wanted.digest.empty()) {
    // One part: the tag with the digest behind it.
    if (present.tag.empty()) {
      DROVER_ASSIGN_OR_RETURN(const Replacement inserted,
                              InsertBehind(image, name_end, "@" + wanted.digest));
      return std::vector<Replacement>{inserted};
    }
    DROVER_ASSIGN_OR_RETURN(const auto tag, ReplacePart("tag", image, tag_begin, tag_end,
                                                        wanted.tag + "@" + wanted.digest));
    if (tag) result.push_back(*tag);
    return result;
  }
  DROVER_ASSIGN_OR_RETURN(const auto tag,
                          ReplacePart("tag", image, tag_begin, tag_end, wanted.tag));
  if (tag) result.push_back(*tag);
  if (!present.digest.empty()) {
    DROVER_ASSIGN_OR_RETURN(const auto digest, ReplacePart("digest", image, tag_end + 1,
                                                           image.text.size(), wanted.digest));
    if (digest) result.push_back(*digest);
  }
  return result;
}

StatusOr<ImageReference> Comparable(const std::string& wanted, const ImageReference& present) {
  DROVER_ASSIGN_OR_RETURN(const ImageReference image, ParseImageReference(wanted));
  if (image.Repository() != present.Repository()) {
    return InvalidArgument("The wanted image " + wanted + " is of another repository than " +
                           present.name + "; only the tag is replaced");
  }
  if (image.tag.empty() && image.digest.empty()) {
    return InvalidArgument("The wanted image " + wanted + " has no tag; give one");
  }
  if (!present.digest.empty() && image.digest.empty()) {
    return FailedPrecondition("The present image " + present.name + " is pinned by " +
                              present.digest.substr(0, 19) +
                              "…, which a new tag alone would not change; give the wanted image "
                              "with its digest (name:tag@sha256:…)");
  }
  return image;
}

// All services whose image resolves, with what it resolves to.
std::map<std::string, std::string> AllImages(const ProjectFiles& files) {
  std::map<std::string, std::string> result;
  for (const std::string& service : ServiceNames(files)) {
    const StatusOr<TracedText> image = TraceImage(files, service);
    if (image.ok()) result[service] = image->text;
  }
  return result;
}

// What the edit would make of the project, read again from its new bytes.
Status CheckOutcome(const ProjectPlace& place, const Variables::Environment& environment,
                    const ProjectFiles& before, const ImageEdit& edit, const std::string& service,
                    const std::string& wanted) {
  DROVER_ASSIGN_OR_RETURN(const ProjectFiles after,
                          LoadProjectFiles(place, environment, {{edit.path, edit.new_text}}));
  const std::map<std::string, std::string> old_images = AllImages(before);
  std::map<std::string, std::string> new_images = AllImages(after);
  if (!SameImage(new_images[service], wanted)) {
    return FailedPrecondition("With its tag replaced in " + edit.path + " the service " + service +
                              " would have the image \"" + new_images[service] + "\" and not " +
                              wanted);
  }
  std::string others;
  for (const auto& [name, image] : old_images) {
    if (name == service || new_images[name] == image) continue;
    others += (others.empty() ? "" : ", ") + name;
  }
  if (others.empty()) return OkStatus();
  return FailedPrecondition("The tag of " + service + " in " + edit.path +
                            " is shared with other services whose image would change too: " +
                            others + "; give each service a tag of its own");
}

}  // namespace

StatusOr<std::string> ResolveImage(const ProjectFiles& files, const std::string& service) {
  DROVER_ASSIGN_OR_RETURN(const ImageSite site, FindImageSite(files, service));
  if (!site.node.IsScalar()) {
    return InvalidArgument(Where(files, site.file, site.node.Mark()) + ": the image is not a text");
  }
  const TracedText scalar = TracedText::Of(site.node.Scalar(), ByteOrigin::kFixed, 0);
  DROVER_ASSIGN_OR_RETURN(const TracedText image, site.variables->Interpolate(scalar));
  return image.text;
}

StatusOr<ImageEdit> PlanImageEdit(const ProjectPlace& place,
                                  const Variables::Environment& environment,
                                  const std::string& service, const std::string& wanted,
                                  const std::string& expect) {
  DROVER_ASSIGN_OR_RETURN(const ProjectFiles files, LoadProjectFiles(place, environment));
  DROVER_ASSIGN_OR_RETURN(const std::string resolved, ResolveImage(files, service));
  ImageEdit edit;
  edit.old_image = resolved;
  DROVER_ASSIGN_OR_RETURN(const ImageReference present, ParseImageReference(resolved));
  if (SameImage(resolved, wanted)) {
    edit.already_set = true;
    DROVER_ASSIGN_OR_RETURN(const ImageSite site, FindImageSite(files, service));
    edit.path = files.files[static_cast<size_t>(site.file)].real_path;
    edit.old_text = edit.new_text = TextOf(files, site.file);
    return edit;
  }
  if (!SameImage(resolved, expect)) {
    return Aborted("The service " + service + " in " + files.files[0].path + " has the image " +
                   resolved + " and not " + expect + "; look at what changed it, and plan again");
  }
  DROVER_ASSIGN_OR_RETURN(const ImageReference image, Comparable(wanted, present));
  DROVER_ASSIGN_OR_RETURN(const TracedText traced, TraceImage(files, service));
  DROVER_ASSIGN_OR_RETURN(std::vector<Replacement> changes, Replacements(traced, present, image));
  if (changes.empty()) return Internal("There is nothing to replace in " + resolved);
  std::sort(changes.begin(), changes.end(),
            [](const Replacement& a, const Replacement& b) { return a.offset > b.offset; });
  edit.path = files.files[static_cast<size_t>(changes[0].file)].real_path;
  edit.old_text = TextOf(files, changes[0].file);
  edit.new_text = edit.old_text;
  for (const Replacement& change : changes) {
    if (change.file != changes[0].file) return Scattered("tag and digest", traced);
    edit.new_text.replace(change.offset, change.size, change.bytes);
  }
  DROVER_RETURN_IF_ERROR(CheckOutcome(place, environment, files, edit, service, wanted));
  return edit;
}

}  // namespace drover::agent
