#include "agent/docker/log_frames.h"

#include <algorithm>

namespace drover::agent {
namespace {

constexpr size_t kHeader = 8;

size_t PayloadSize(const std::string& header) {
  size_t size = 0;
  for (size_t i = 4; i < kHeader; ++i) size = size << 8 | static_cast<unsigned char>(header[i]);
  return size;
}

}  // namespace

std::string LogFrames::Feed(const std::string& bytes) {
  if (tty_) return bytes;
  std::string result;
  size_t at = 0;
  while (at < bytes.size()) {
    if (payload_left_ == 0) {
      const size_t take = std::min(kHeader - header_.size(), bytes.size() - at);
      header_.append(bytes, at, take);
      at += take;
      if (header_.size() < kHeader) break;
      payload_left_ = PayloadSize(header_);
      header_.clear();
      continue;
    }
    const size_t take = std::min(payload_left_, bytes.size() - at);
    result.append(bytes, at, take);
    at += take;
    payload_left_ -= take;
  }
  return result;
}

}  // namespace drover::agent
