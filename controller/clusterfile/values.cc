#include "controller/clusterfile/values.h"

#include <algorithm>
#include <cctype>
#include <regex>

namespace drover::clusterfile {
namespace {

constexpr size_t kLongestUrl = 300;

}  // namespace

std::string NameProblem(const std::string& name) {
  static const std::regex form("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  if (std::regex_match(name, form)) return "";
  return "expected letters, digits, \"-\", \"_\" and \".\", at most 64, a letter or digit first";
}

std::string EndpointProblem(const std::string& url) {
  static const std::string expected = "expected http://HOST:PORT or https://HOST:PORT";
  if (url.size() > kLongestUrl) return expected;
  if (url.find('@') != std::string::npos) {
    return "a user or password in an address is refused; use auth: {username: …, password_file: …}";
  }
  static const std::regex form(
      "(https?)://([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\])(:([0-9]{1,5}))?/"
      "?",
      std::regex::icase);
  std::smatch parts;
  if (!std::regex_match(url, parts, form)) return expected;
  if (!parts[5].matched) return "";
  const int port = std::stoi(parts[5].str());
  return port >= 1 && port <= 65535 ? "" : "expected a port from 1 to 65535";
}

std::string NormalizedEndpoint(const std::string& url) {
  std::string plain = url;
  std::transform(plain.begin(), plain.end(), plain.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  while (!plain.empty() && plain.back() == '/') plain.pop_back();
  return plain;
}

}  // namespace drover::clusterfile
