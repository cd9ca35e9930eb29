// Text that knows from which byte of which file each of its bytes comes.
#ifndef DROVER_AGENT_COMPOSE_TRACED_TEXT_H_
#define DROVER_AGENT_COMPOSE_TRACED_TEXT_H_

#include <cstddef>
#include <string>
#include <vector>

namespace drover::agent {

// `file` is an index into ProjectFiles::files, or kFixed for what no file holds (a variable of the
// agent's own environment).
struct ByteOrigin {
  static constexpr int kFixed = -1;
  int file = kFixed;
  size_t offset = 0;
};

struct TracedText {
  std::string text;
  std::vector<ByteOrigin> origins;  // as long as text

  void Append(char c, ByteOrigin origin) {
    text += c;
    origins.push_back(origin);
  }
  void Append(const TracedText& other) {
    text += other.text;
    origins.insert(origins.end(), other.origins.begin(), other.origins.end());
  }
  TracedText Part(size_t begin, size_t end) const {
    TracedText part;
    part.text = text.substr(begin, end - begin);
    part.origins.assign(origins.begin() + static_cast<std::ptrdiff_t>(begin),
                        origins.begin() + static_cast<std::ptrdiff_t>(end));
    return part;
  }
  // `bytes` as they stand at `offset` of `file`.
  static TracedText Of(const std::string& bytes, int file, size_t offset) {
    TracedText result;
    result.text = bytes;
    for (size_t i = 0; i < bytes.size(); ++i) {
      result.origins.push_back({file, file == ByteOrigin::kFixed ? 0 : offset + i});
    }
    return result;
  }
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_TRACED_TEXT_H_
