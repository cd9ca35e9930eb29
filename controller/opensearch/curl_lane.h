// HTTP transfers over libcurl; transfer_failure.cc words its errors.
#ifndef DROVER_CONTROLLER_OPENSEARCH_CURL_LANE_H_
#define DROVER_CONTROLLER_OPENSEARCH_CURL_LANE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "controller/opensearch/connection_settings.h"

namespace drover::opensearch {

// In place of a CURLcode: the transfer went another way, and curl_detail says what is wrong.
inline constexpr int kNotByCurl = -1;

// One HTTP exchange: what is asked, and after CurlLane::Run what came of it.
struct Transfer {
  std::string url;  // without credentials
  std::string method = "GET";
  std::string body;  // JSON; empty: none
  Millis timeout{};  // of the whole exchange, connecting included
  Millis connect_timeout{};
  // Never over a kept connection. libcurl sends a request again by itself where a kept connection
  // turns out to be closed; this is for requests that must not be sent twice.
  bool fresh_connection = false;

  int curl_code = 0;        // CURLcode; 0 where an answer came
  std::string curl_detail;  // libcurl's own words
  int os_errno = 0;         // of a failed connect
  long verify_result = 0;   // X509_V_ERR_*; 0 where the certificate was good
  bool sent = false;        // at least a part of the request went out
  bool too_long = false;    // the answer passed the limit and was given up
  long status = 0;
  std::string answer;
  // Of the certificate that the server showed; nothing over a connection that was kept.
  std::optional<Time> certificate_ends = std::nullopt;
  size_t endpoint = 0;  // the caller's own note
};

// Runs transfers side by side and keeps their connections open for the next Run. One thread at a
// time.
class CurlLane {
 public:
  CurlLane();
  ~CurlLane();
  CurlLane(const CurlLane&) = delete;
  CurlLane& operator=(const CurlLane&) = delete;

  // Returns when every transfer has ended or timed out. `answer_limit` is in bytes for each.
  void Run(const ConnectionSettings& settings, size_t answer_limit,
           std::vector<Transfer>& transfers);

 private:
  void* multi_;  // CURLM, owned; holds the connections
};

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_CURL_LANE_H_
