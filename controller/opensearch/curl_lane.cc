#include "controller/opensearch/curl_lane.h"

#include <curl/curl.h>

#include <memory>
#include <string_view>

namespace drover::opensearch {
namespace {

constexpr long kKeptConnections = 64;
constexpr long kTcpProbeSeconds = 5;
constexpr int kPollMillis = 1000;

struct Sink {
  Transfer* transfer;
  size_t limit;
};

size_t Collect(char* data, size_t size, size_t count, void* user) {
  Sink& sink = *static_cast<Sink*>(user);
  const size_t bytes = size * count;
  if (sink.transfer->answer.size() + bytes > sink.limit) {
    sink.transfer->too_long = true;
    return 0;
  }
  sink.transfer->answer.append(data, bytes);
  return bytes;
}

void SetBlob(CURL* easy, CURLoption option, const std::string& bytes) {
  if (bytes.empty()) return;
  curl_blob blob{};
  // libcurl does not write to it; the type only lacks the const.
  blob.data = const_cast<char*>(bytes.data());
  blob.len = bytes.size();
  blob.flags = CURL_BLOB_NOCOPY;
  curl_easy_setopt(easy, option, &blob);
}

// "Expire date:Nov 23 10:00:00 2027 GMT" of the first certificate, the server's own.
std::optional<Time> CertificateEnds(CURL* easy) {
  constexpr std::string_view kKey = "Expire date:";
  curl_certinfo* chain = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr ||
      chain->num_of_certs < 1) {
    return std::nullopt;
  }
  for (const curl_slist* entry = chain->certinfo[0]; entry != nullptr; entry = entry->next) {
    const std::string_view text = entry->data;
    if (!text.starts_with(kKey)) continue;
    const time_t seconds = curl_getdate(entry->data + kKey.size(), nullptr);
    if (seconds > 0) return FromUnixMillis(static_cast<int64_t>(seconds) * 1000);
  }
  return std::nullopt;
}

// An easy handle with all it points to.
class Handle {
 public:
  Handle(const ConnectionSettings& settings, size_t limit, Transfer& transfer)
      : easy_(curl_easy_init()), sink_{&transfer, limit}, transfer_(transfer) {
    if (easy_ == nullptr) return;
    SetRequest();
    SetConnection(settings);
  }
  ~Handle() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  CURL* easy() const { return easy_; }

  void Finish(CURLcode code) {
    transfer_.curl_code = static_cast<int>(code);
    transfer_.curl_detail = error_;
    long os_errno = 0;
    long request_bytes = 0;
    curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &os_errno);
    curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &request_bytes);
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &transfer_.status);
    curl_easy_getinfo(easy_, CURLINFO_SSL_VERIFYRESULT, &transfer_.verify_result);
    transfer_.os_errno = static_cast<int>(os_errno);
    transfer_.sent = request_bytes > 0;
    transfer_.certificate_ends = CertificateEnds(easy_);
  }

 private:
  void SetRequest() {
    curl_easy_setopt(easy_, CURLOPT_URL, transfer_.url.c_str());
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, transfer_.method.c_str());
    headers_ = curl_slist_append(headers_, "Accept: application/json");
    if (!transfer_.body.empty()) {
      headers_ = curl_slist_append(headers_, "Content-Type: application/json");
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, transfer_.body.c_str());
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE, static_cast<long>(transfer_.body.size()));
    } else if (transfer_.method == "POST" || transfer_.method == "PUT") {
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, "");
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE, 0L);
    }
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Collect);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &sink_);
    curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_);
    curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
    curl_easy_setopt(easy_, CURLOPT_USERAGENT, "drover");
  }

  void SetConnection(const ConnectionSettings& settings) {
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(transfer_.timeout.count()));
    curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(transfer_.connect_timeout.count()));
    curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, transfer_.fresh_connection ? 1L : 0L);
    // A long poll on a host that lost its power ends by these probes and not by the poll's end.
    curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy_, CURLOPT_TCP_KEEPIDLE, kTcpProbeSeconds);
    curl_easy_setopt(easy_, CURLOPT_TCP_KEEPINTVL, kTcpProbeSeconds);
    // An answer from elsewhere is not the cluster's, and credentials go nowhere else: no redirects,
    // no proxy from the environment.
    curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
    // The store of authorities would otherwise be kept for a day, a replaced file unseen.
    curl_easy_setopt(easy_, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(easy_, CURLOPT_CERTINFO, 1L);
    SetBlob(easy_, CURLOPT_CAINFO_BLOB, settings.ca_pem);
    SetBlob(easy_, CURLOPT_SSLCERT_BLOB, settings.client_certificate_pem);
    SetBlob(easy_, CURLOPT_SSLKEY_BLOB, settings.client_key_pem);
    if (settings.username.empty()) return;
    curl_easy_setopt(easy_, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy_, CURLOPT_USERNAME, settings.username.c_str());
    curl_easy_setopt(easy_, CURLOPT_PASSWORD, settings.password.c_str());
  }

  CURL* easy_;
  curl_slist* headers_ = nullptr;
  char error_[CURL_ERROR_SIZE] = {};
  Sink sink_;
  Transfer& transfer_;
};

void TakeEnded(CURLM* multi) {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    CURL* easy = message->easy_handle;
    void* handle = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &handle);
    static_cast<Handle*>(handle)->Finish(code);
    curl_multi_remove_handle(multi, easy);
  }
}

}  // namespace

CurlLane::CurlLane() {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)initialized;
  multi_ = curl_multi_init();
  curl_multi_setopt(static_cast<CURLM*>(multi_), CURLMOPT_MAXCONNECTS, kKeptConnections);
}

CurlLane::~CurlLane() { curl_multi_cleanup(static_cast<CURLM*>(multi_)); }

void CurlLane::Run(const ConnectionSettings& settings, size_t answer_limit,
                   std::vector<Transfer>& transfers) {
  CURLM* multi = static_cast<CURLM*>(multi_);
  std::vector<std::unique_ptr<Handle>> handles;
  for (Transfer& transfer : transfers) {
    transfer.curl_code = static_cast<int>(CURLE_FAILED_INIT);
    handles.push_back(std::make_unique<Handle>(settings, answer_limit, transfer));
    if (handles.back()->easy() != nullptr) curl_multi_add_handle(multi, handles.back()->easy());
  }
  int running = 1;
  while (running > 0) {
    if (curl_multi_perform(multi, &running) != CURLM_OK) break;
    TakeEnded(multi);
    if (running > 0) curl_multi_poll(multi, nullptr, 0, kPollMillis, nullptr);
  }
  // Only after an error of the multi handle itself is anything left in it; removing twice is
  // harmless.
  for (const auto& handle : handles) curl_multi_remove_handle(multi, handle->easy());
}

}  // namespace drover::opensearch
