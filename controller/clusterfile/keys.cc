#include "controller/clusterfile/keys.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <numeric>

namespace drover::clusterfile {
namespace {

// Small letters without separators: max-unavailable and maxUnavailable are near max_unavailable.
std::string Plain(const std::string& key) {
  std::string plain;
  for (const char c : key) {
    if (c == '_' || c == '-' || c == '.') continue;
    plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return plain;
}

// Levenshtein's distance.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Nearest(const std::string& word, const std::vector<std::string>& known) {
  const std::string plain = Plain(word);
  std::string nearest;
  size_t best = 1 + std::max<size_t>(1, plain.size() / 3);
  for (const std::string& candidate : known) {
    const size_t distance = Distance(plain, Plain(candidate));
    if (distance >= best) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

bool NamesSecret(const std::string& key) {
  static constexpr std::array<const char*, 9> kSecrets = {"password", "passwd",    "pass",
                                                          "secret",   "secretkey", "token",
                                                          "apikey",   "accesskey", "sastoken"};
  const std::string plain = Plain(key);
  return std::find(kSecrets.begin(), kSecrets.end(), plain) != kSecrets.end() ||
         plain.ends_with("password") || plain.ends_with("secret") || plain.ends_with("secretkey") ||
         plain.ends_with("token") || plain.ends_with("accesskey");
}

}  // namespace drover::clusterfile
