#include "agent/docker/tar_names.h"

#include <algorithm>
#include <cstring>

namespace drover::agent {
namespace {

// POSIX.1-1988 (ustar): blocks of 512 bytes, the name in the first 100, an octal size from 124.
constexpr size_t kBlock = 512;
constexpr size_t kNameSize = 100;
constexpr size_t kSizeAt = 124, kSizeLength = 12;
constexpr size_t kTypeAt = 156;
constexpr size_t kMagicAt = 257;
constexpr size_t kPrefixAt = 345, kPrefixSize = 155;

std::string FieldOf(const std::string& header, size_t at, size_t size) {
  return std::string(header.c_str() + at, strnlen(header.c_str() + at, size));
}

uint64_t SizeOf(const std::string& header) {
  uint64_t size = 0;
  // Above 8 GiB the field is binary, marked by its first bit.
  if ((static_cast<unsigned char>(header[kSizeAt]) & 0x80) != 0) {
    for (size_t i = 1; i < kSizeLength; ++i) {
      size = size << 8 | static_cast<unsigned char>(header[kSizeAt + i]);
    }
    return size;
  }
  for (size_t i = 0; i < kSizeLength; ++i) {
    const char c = header[kSizeAt + i];
    if (c < '0' || c > '7') continue;
    size = size * 8 + static_cast<uint64_t>(c - '0');
  }
  return size;
}

}  // namespace

void TarNames::ReadHeader() {
  const bool is_end = std::all_of(header_.begin(), header_.end(), [](char c) { return c == 0; });
  if (is_end) return;
  if (header_.compare(kMagicAt, 5, "ustar") != 0) {
    ok_ = false;
    return;
  }
  skip_ = (SizeOf(header_) + kBlock - 1) / kBlock * kBlock;
  // Extended headers carry long names, of files deep below: their folders have entries of their
  // own.
  const char type = header_[kTypeAt];
  if (type == 'x' || type == 'g' || type == 'L' || type == 'K') return;
  std::string name = FieldOf(header_, 0, kNameSize);
  if (const std::string prefix = FieldOf(header_, kPrefixAt, kPrefixSize); !prefix.empty()) {
    name = prefix + "/" + name;
  }
  const size_t begin = name.find('/');
  if (begin == std::string::npos || begin + 1 >= name.size()) return;
  names_.insert(name.substr(begin + 1, name.find('/', begin + 1) - begin - 1));
}

void TarNames::Feed(const std::string& bytes) {
  size_t at = 0;
  while (ok_ && at < bytes.size()) {
    if (skip_ > 0) {
      const size_t now = static_cast<size_t>(std::min<uint64_t>(skip_, bytes.size() - at));
      skip_ -= now;
      at += now;
      continue;
    }
    const size_t now = std::min(kBlock - header_.size(), bytes.size() - at);
    header_.append(bytes, at, now);
    at += now;
    if (header_.size() < kBlock) return;
    ReadHeader();
    header_.clear();
  }
}

}  // namespace drover::agent
