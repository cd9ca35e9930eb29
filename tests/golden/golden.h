// Compares text with a golden file (README.md here).
#ifndef DROVER_TESTS_GOLDEN_GOLDEN_H_
#define DROVER_TESTS_GOLDEN_GOLDEN_H_

#include <string>

namespace drover::golden {

// Fails the test where tests/golden/`path` is not `text`. With DROVER_UPDATE_GOLDEN set it writes
// the file instead.
void Expect(const std::string& path, const std::string& text);

}  // namespace drover::golden

#endif  // DROVER_TESTS_GOLDEN_GOLDEN_H_
