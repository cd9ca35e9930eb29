// Text measured in terminal columns. UTF-8 in and out; bytes that are no UTF-8 count as one column.
#ifndef DROVER_CONTROLLER_CLI_RENDER_TEXT_H_
#define DROVER_CONTROLLER_CLI_RENDER_TEXT_H_

#include <string>
#include <vector>

namespace drover::cli {

// Columns that a terminal uses for `text`, which holds no escape sequences.
int DisplayWidth(const std::string& text);

// `text` where it fits `width` columns, else its beginning and "…".
std::string Truncate(const std::string& text, int width);

// `text` and spaces up to `width` columns; longer text stays as it is.
std::string PadRight(const std::string& text, int width);

// Lines of at most `width` columns, broken at spaces; a word longer than a line is broken anywhere.
// Line breaks in `text` are kept. Never empty. A width below 1 means no limit.
std::vector<std::string> Wrap(const std::string& text, int width);

// `text` without control characters: what other machines wrote must not drive the terminal. Tabs
// become a space; line feeds are kept.
std::string Sanitize(const std::string& text);

std::string Join(const std::vector<std::string>& parts, const std::string& separator);

// "1 member", "3 members".
std::string Count(size_t n, const std::string& noun);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_RENDER_TEXT_H_
