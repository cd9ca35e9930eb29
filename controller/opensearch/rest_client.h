// Requests to a cluster through whichever of its endpoints answers.
#ifndef DROVER_CONTROLLER_OPENSEARCH_REST_CLIENT_H_
#define DROVER_CONTROLLER_OPENSEARCH_REST_CLIENT_H_

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "controller/opensearch/curl_lane.h"
#include "controller/opensearch/endpoint_pool.h"
#include "controller/opensearch/transport.h"
#include "controller/rollout/cluster_spec.h"

namespace drover::opensearch {

struct RestRequest {
  std::string method = "GET";
  std::string path = {};   // with query, from the first "/"
  std::string body = {};   // JSON; empty: none
  Millis timeout{20'000};  // of one attempt
  // Sending it twice does no more than sending it once. Where not, it goes to another endpoint only
  // if not a byte of it was sent.
  bool repeatable = true;
};

// Whatever the cluster answered, but for 401, 403, a redirect and (where the request is repeatable)
// 429, 502, 503 and 504.
struct RestAnswer {
  long status = 0;
  std::string body;
  std::string endpoint;
};

struct RestOptions {
  Millis connect_timeout{3'000};
  Millis identity_timeout{5'000};
  Millis endpoint_memory{5'000};  // how long a failed endpoint stays behind the others
  size_t answer_limit = 64 * 1024 * 1024;
};

// Thread safe. Every call reads the spec's files (CA, certificate, password) afresh and fails with
// NOT_FOUND, PERMISSION_DENIED or INVALID_ARGUMENT where they cannot be used; the other errors are
// those of cluster_api.h.
class RestClient {
 public:
  // With a `transport` every request goes by it, whatever the endpoints' addresses are.
  RestClient(rollout::ClusterSpec spec, RestOptions options,
             std::shared_ptr<Transport> transport = nullptr);

  // Asks one endpoint after the other until one answers.
  StatusOr<RestAnswer> Call(const RestRequest& request,
                            const std::vector<std::string>& avoid_nodes = {});

  // The same with the best endpoint alone; the next call takes another one where it failed.
  StatusOr<RestAnswer> CallOnce(const RestRequest& request,
                                const std::vector<std::string>& avoid_nodes);

  struct Survey {
    std::vector<StatusOr<RestAnswer>> answers;     // as the requests, all from one endpoint
    std::vector<StatusOr<RestAnswer>> identities;  // GET / of every endpoint
  };
  // All requests side by side at one endpoint, and at every endpoint the question who it is, at the
  // same time. Where that endpoint fails on the way, all requests are asked again at the next one.
  // An endpoint that timed out lately is not asked who it is.
  StatusOr<Survey> AskAll(const std::vector<RestRequest>& requests);

  // When the certificate ends that the endpoint showed last; nothing where it has shown none.
  std::optional<Time> CertificateEnds(size_t endpoint);

  EndpointPool& endpoints() { return endpoints_; }
  const rollout::ClusterSpec& spec() const { return spec_; }

 private:
  enum class Verdict { kAnswered, kAskNext, kGiveUp };
  struct Judgement {
    Verdict verdict = Verdict::kAnswered;
    StatusOr<RestAnswer> result = RestAnswer{};
    std::string failure = {};  // what is wrong with the endpoint; empty where it works
    bool costly = false;       // the failure took a whole time-out
  };

  StatusOr<RestAnswer> CallSome(const RestRequest& request,
                                const std::vector<std::string>& avoid_nodes, size_t attempts);
  // Asks `endpoint` everything and each of `unknown` who it is; the first failure of `endpoint`.
  Judgement AskRound(const ConnectionSettings& settings, const std::vector<RestRequest>& requests,
                     size_t endpoint, const std::vector<size_t>& unknown, Survey& survey);
  Transfer MakeTransfer(const RestRequest& request, size_t endpoint) const;
  void Run(const ConnectionSettings& settings, std::vector<Transfer>& transfers);
  void RunByTransport(std::vector<Transfer>& transfers);
  Judgement Judge(const RestRequest& request, size_t endpoint, Transfer& transfer) const;
  Judgement JudgeAnswer(const RestRequest& request, size_t endpoint, Transfer& transfer) const;
  Judgement JudgeFailure(const RestRequest& request, size_t endpoint,
                         const Transfer& transfer) const;
  // Tells the endpoint pool and, where something changed, the log.
  void Note(size_t endpoint, const Judgement& judgement);
  Status NoneAnswered(const std::string& request, const std::vector<std::string>& reasons) const;

  const rollout::ClusterSpec spec_;
  const RestOptions options_;
  const std::shared_ptr<Transport> transport_;
  EndpointPool endpoints_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<CurlLane>> idle_lanes_;  // guarded by mutex_
  std::map<size_t, Time> certificate_ends_;            // guarded by mutex_; by endpoint
};

// The cluster's own reason in an answer that is no success: "type: reason" of its error, or the
// beginning of a text that is no JSON.
std::string FailureReason(const RestAnswer& answer);

// A name as a part of a path.
std::string Escape(const std::string& name);

// FAILED_PRECONDITION with the reason; UNAVAILABLE where the cluster has no elected manager.
Status FailureStatus(const RestRequest& request, const RestAnswer& answer);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_REST_CLIENT_H_
