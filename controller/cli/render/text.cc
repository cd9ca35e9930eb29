#include "controller/cli/render/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace drover::cli {
namespace {

struct Glyph {
  uint32_t code;
  size_t bytes;
};

Glyph Decode(const std::string& text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const uint32_t lead = byte(at);
  const size_t length = lead < 0x80   ? 1
                        : lead < 0xC2 ? 0
                        : lead < 0xE0 ? 2
                        : lead < 0xF0 ? 3
                        : lead < 0xF5 ? 4
                                      : 0;
  if (length == 0 || at + length > text.size()) return {0xFFFD, 1};
  if (length == 1) return {lead, 1};
  uint32_t code = lead & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80U) return {0xFFFD, 1};
    code = code << 6U | (byte(at + i) & 0x3FU);
  }
  return {code, length};
}

// The C library's wcwidth() depends on a locale, which a static program on any Linux may not have.
int GlyphWidth(uint32_t code) {
  using Range = std::pair<uint32_t, uint32_t>;
  static constexpr std::array<Range, 8> kZero = {{{0x0300, 0x036F},
                                                  {0x0483, 0x0489},
                                                  {0x0591, 0x05BD},
                                                  {0x200B, 0x200F},
                                                  {0x20D0, 0x20FF},
                                                  {0xFE00, 0xFE0F},
                                                  {0xFE20, 0xFE2F},
                                                  {0xE0100, 0xE01EF}}};
  static constexpr std::array<Range, 10> kWide = {{{0x1100, 0x115F},
                                                   {0x2E80, 0x303E},
                                                   {0x3041, 0x33FF},
                                                   {0x3400, 0x4DBF},
                                                   {0x4E00, 0xA4CF},
                                                   {0xAC00, 0xD7A3},
                                                   {0xF900, 0xFAFF},
                                                   {0xFF00, 0xFF60},
                                                   {0x1F300, 0x1FAFF},
                                                   {0x20000, 0x3FFFD}}};
  const auto in = [code](const Range& r) { return code >= r.first && code <= r.second; };
  if (std::any_of(kZero.begin(), kZero.end(), in)) return 0;
  if (std::any_of(kWide.begin(), kWide.end(), in)) return 2;
  return 1;
}

// Bytes of the longest beginning of `text` that fits `width` columns.
size_t Fit(const std::string& text, size_t from, int width) {
  int used = 0;
  size_t at = from;
  while (at < text.size()) {
    const Glyph glyph = Decode(text, at);
    used += GlyphWidth(glyph.code);
    if (used > width) break;
    at += glyph.bytes;
  }
  return at - from;
}

void WrapLine(const std::string& line, int width, std::vector<std::string>& out) {
  size_t from = 0;
  while (from < line.size()) {
    size_t take = Fit(line, from, width);
    if (from + take >= line.size()) {
      out.push_back(line.substr(from));
      return;
    }
    if (take == 0) take = Decode(line, from).bytes;
    // The space may stand just behind the line.
    const size_t space = line.rfind(' ', from + take);
    if (space != std::string::npos && space > from) {
      out.push_back(line.substr(from, space - from));
      from = space + 1;
    } else {
      out.push_back(line.substr(from, take));
      from += take;
    }
  }
}

// Bytes of the escape sequence that begins at `at`: colours and titles go as a whole, so that no
// "[31m" is left where a container wrote in colour.
size_t EscapeLength(const std::string& text, size_t at) {
  const char kind = at + 1 < text.size() ? text[at + 1] : '\0';
  if (kind != '[' && kind != ']') return 1;
  for (size_t i = at + 2; i < text.size(); ++i) {
    const char c = text[i];
    if (kind == '[' && c >= 0x40 && c <= 0x7E) return i - at + 1;
    if (kind == ']' && c == '\a') return i - at + 1;
    if (kind == ']' && c == '\x1b') return i - at;
    if (c == '\n') break;
  }
  return 1;
}

}  // namespace

int DisplayWidth(const std::string& text) {
  int width = 0;
  for (size_t at = 0; at < text.size();) {
    const Glyph glyph = Decode(text, at);
    width += GlyphWidth(glyph.code);
    at += glyph.bytes;
  }
  return width;
}

std::string Truncate(const std::string& text, int width) {
  if (DisplayWidth(text) <= width) return text;
  if (width <= 0) return "";
  return text.substr(0, Fit(text, 0, width - 1)) + "…";
}

std::string PadRight(const std::string& text, int width) {
  const int missing = width - DisplayWidth(text);
  return missing > 0 ? text + std::string(static_cast<size_t>(missing), ' ') : text;
}

std::vector<std::string> Wrap(const std::string& text, int width) {
  std::vector<std::string> out;
  size_t from = 0;
  while (from <= text.size()) {
    const size_t end = std::min(text.find('\n', from), text.size());
    const std::string line = text.substr(from, end - from);
    if (width < 1 || line.empty()) {
      out.push_back(line);
    } else {
      WrapLine(line, width, out);
    }
    from = end + 1;
  }
  return out;
}

std::string Sanitize(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '\x1b') {
      at += EscapeLength(text, at);
      continue;
    }
    const Glyph glyph = Decode(text, at);
    if (glyph.code == '\t') {
      out += ' ';
    } else if (glyph.code == '\n' || (glyph.code >= 0x20 && glyph.code < 0x7F) ||
               (glyph.code >= 0xA0 && glyph.code != 0xFFFD)) {
      out += text.substr(at, glyph.bytes);
    } else if (glyph.code == 0xFFFD) {
      out += "\uFFFD";
    }
    at += glyph.bytes;
  }
  return out;
}

std::string Join(const std::vector<std::string>& parts, const std::string& separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

std::string Count(size_t n, const std::string& noun) {
  return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
}

}  // namespace drover::cli
