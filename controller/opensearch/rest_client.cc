#include "controller/opensearch/rest_client.h"

#include <chrono>
#include <utility>

#include "common/base/log.h"
#include "controller/opensearch/json_access.h"
#include "controller/opensearch/transfer_failure.h"

namespace drover::opensearch {
namespace {

constexpr size_t kMaxIdleLanes = 8;
constexpr size_t kQuotedBytes = 200;

const RestRequest& IdentityRequest() {
  static const RestRequest request{.path = "/"};
  return request;
}

// Without the query: it says nothing to a reader and can be long.
std::string Name(const RestRequest& request) {
  return request.method + " " + request.path.substr(0, request.path.find('?'));
}

bool MeansAskAnother(long status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

// Endpoints that hang one after the other do not add up for ever.
std::chrono::steady_clock::time_point GiveUpAt(const RestRequest& request) {
  return std::chrono::steady_clock::now() + 2 * request.timeout;
}

std::string Quoted(const std::string& body) {
  std::string text;
  for (const char c : body.substr(0, kQuotedBytes)) {
    text += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return text;
}

}  // namespace

std::string Escape(const std::string& name) {
  std::string escaped;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      escaped += c;
      continue;
    }
    char hex[4];
    std::snprintf(hex, sizeof(hex), "%%%02X", static_cast<unsigned char>(c));
    escaped += hex;
  }
  return escaped;
}

std::string FailureReason(const RestAnswer& answer) {
  const nlohmann::json body = ParseJson(answer.body);
  const nlohmann::json& error = At(body, {"error"});
  if (error.is_string()) return Text(error);
  if (!error.is_object()) return Quoted(answer.body);
  std::string reason = Text(At(error, {"type"})) + ": " + Text(At(error, {"reason"}));
  const nlohmann::json& cause = At(error, {"caused_by"});
  if (cause.is_object()) {
    reason += " (" + Text(At(cause, {"type"})) + ": " + Text(At(cause, {"reason"})) + ")";
  }
  return reason;
}

Status FailureStatus(const RestRequest& request, const RestAnswer& answer) {
  const std::string reason = FailureReason(answer);
  const std::string message = answer.endpoint + " answered " + Name(request) + " with " +
                              std::to_string(answer.status) + ": " + reason;
  const bool no_manager = reason.find("not_discovered_exception") != std::string::npos;
  return no_manager ? Unavailable(message) : FailedPrecondition(message);
}

RestClient::RestClient(rollout::ClusterSpec spec, RestOptions options,
                       std::shared_ptr<Transport> transport)
    : spec_(std::move(spec)),
      options_(options),
      transport_(std::move(transport)),
      endpoints_(spec_.endpoints, options.endpoint_memory) {}

StatusOr<RestAnswer> RestClient::Call(const RestRequest& request,
                                      const std::vector<std::string>& avoid_nodes) {
  return CallSome(request, avoid_nodes, endpoints_.size());
}

StatusOr<RestAnswer> RestClient::CallOnce(const RestRequest& request,
                                          const std::vector<std::string>& avoid_nodes) {
  return CallSome(request, avoid_nodes, 1);
}

StatusOr<RestAnswer> RestClient::CallSome(const RestRequest& request,
                                          const std::vector<std::string>& avoid_nodes,
                                          size_t attempts) {
  DROVER_ASSIGN_OR_RETURN(const ConnectionSettings settings, LoadConnectionSettings(spec_));
  const auto give_up = GiveUpAt(request);
  std::vector<std::string> reasons;
  for (const size_t endpoint : endpoints_.Order(avoid_nodes)) {
    if (reasons.size() == attempts) break;
    if (!reasons.empty() && std::chrono::steady_clock::now() >= give_up) break;
    std::vector<Transfer> transfers{MakeTransfer(request, endpoint)};
    Run(settings, transfers);
    Judgement judgement = Judge(request, endpoint, transfers[0]);
    Note(endpoint, judgement);
    if (judgement.verdict == Verdict::kAnswered) endpoints_.Prefer(endpoint);
    if (judgement.verdict != Verdict::kAskNext) return std::move(judgement.result);
    reasons.push_back(Message(judgement.result.status()));
  }
  return NoneAnswered(Name(request), reasons);
}

StatusOr<RestClient::Survey> RestClient::AskAll(const std::vector<RestRequest>& requests) {
  DROVER_ASSIGN_OR_RETURN(const ConnectionSettings settings, LoadConnectionSettings(spec_));
  Survey survey;
  std::vector<size_t> unknown;
  for (size_t i = 0; i < endpoints_.size(); ++i) {
    const std::optional<std::string> reason = endpoints_.LatelyTimedOut(i);
    survey.identities.push_back(Unavailable(reason.value_or("was not asked")));
    if (!reason) unknown.push_back(i);
  }
  const auto give_up = GiveUpAt(requests.front());
  std::vector<std::string> reasons;
  for (const size_t endpoint : endpoints_.Order({})) {
    if (!reasons.empty() && std::chrono::steady_clock::now() >= give_up) break;
    const Judgement judgement = AskRound(settings, requests, endpoint, unknown, survey);
    unknown.clear();
    if (judgement.failure.empty()) {
      endpoints_.Prefer(endpoint);
      return survey;
    }
    reasons.push_back(Message(judgement.result.status()));
  }
  return NoneAnswered("what it was asked", reasons);
}

RestClient::Judgement RestClient::AskRound(const ConnectionSettings& settings,
                                           const std::vector<RestRequest>& requests,
                                           size_t endpoint, const std::vector<size_t>& unknown,
                                           Survey& survey) {
  std::vector<Transfer> transfers;
  for (const RestRequest& request : requests) transfers.push_back(MakeTransfer(request, endpoint));
  for (const size_t other : unknown) {
    transfers.push_back(MakeTransfer(IdentityRequest(), other));
    transfers.back().timeout = options_.identity_timeout;
  }
  Run(settings, transfers);
  for (size_t i = 0; i < unknown.size(); ++i) {
    Judgement judgement = Judge(IdentityRequest(), unknown[i], transfers[requests.size() + i]);
    // What the one that was asked everything is worth, the rest of its answers tells.
    if (unknown[i] != endpoint) Note(unknown[i], judgement);
    survey.identities[unknown[i]] = std::move(judgement.result);
  }
  survey.answers.clear();
  Judgement whole;
  for (size_t i = 0; i < requests.size(); ++i) {
    Judgement judgement = Judge(requests[i], endpoint, transfers[i]);
    survey.answers.push_back(judgement.result);
    if (whole.failure.empty()) whole = std::move(judgement);
  }
  Note(endpoint, whole);
  return whole;
}

Transfer RestClient::MakeTransfer(const RestRequest& request, size_t endpoint) const {
  Transfer transfer;
  transfer.url = endpoints_.url(endpoint) + request.path;
  transfer.endpoint = endpoint;
  transfer.method = request.method;
  transfer.body = request.body;
  transfer.timeout = request.timeout;
  transfer.connect_timeout = options_.connect_timeout;
  transfer.fresh_connection = !request.repeatable;
  return transfer;
}

void RestClient::RunByTransport(std::vector<Transfer>& transfers) {
  for (Transfer& transfer : transfers) {
    const size_t base = endpoints_.url(transfer.endpoint).size();
    StatusOr<WireAnswer> answer = transport_->Send(
        {transfer.method, transfer.url.substr(base), transfer.body, transfer.timeout});
    if (answer.ok()) {
      transfer.status = answer->status;
      transfer.answer = std::move(answer->body);
    } else {
      transfer.curl_code = kNotByCurl;
      transfer.curl_detail = Message(answer.status());
      transfer.sent = answer.status().code() != StatusCode::kNotFound;
    }
  }
}

void RestClient::Run(const ConnectionSettings& settings, std::vector<Transfer>& transfers) {
  if (transport_ != nullptr) return RunByTransport(transfers);
  std::unique_ptr<CurlLane> lane;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_lanes_.empty()) {
      lane = std::move(idle_lanes_.back());
      idle_lanes_.pop_back();
    }
  }
  if (!lane) lane = std::make_unique<CurlLane>();
  lane->Run(settings, options_.answer_limit, transfers);
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const Transfer& transfer : transfers) {
    if (transfer.certificate_ends) {
      certificate_ends_[transfer.endpoint] = *transfer.certificate_ends;
    }
  }
  if (idle_lanes_.size() < kMaxIdleLanes) idle_lanes_.push_back(std::move(lane));
}

std::optional<Time> RestClient::CertificateEnds(size_t endpoint) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = certificate_ends_.find(endpoint);
  if (found == certificate_ends_.end()) return std::nullopt;
  return found->second;
}

RestClient::Judgement RestClient::Judge(const RestRequest& request, size_t endpoint,
                                        Transfer& transfer) const {
  if (transfer.curl_code != 0) return JudgeFailure(request, endpoint, transfer);
  return JudgeAnswer(request, endpoint, transfer);
}

RestClient::Judgement RestClient::JudgeFailure(const RestRequest& request, size_t endpoint,
                                               const Transfer& transfer) const {
  const std::string reason = DescribeTransferFailure(transfer, spec_);
  const std::string& url = endpoints_.url(endpoint);
  if (transfer.too_long) {
    return {Verdict::kGiveUp,
            FailedPrecondition(url + " answered " + Name(request) + " with more than " +
                               std::to_string(options_.answer_limit) + " bytes")};
  }
  // A slow answer to another question says nothing about how fast it can say who it is.
  const bool costly = TimedOut(transfer) && (!transfer.sent || request.path == "/");
  if (request.repeatable || !transfer.sent) {
    return {Verdict::kAskNext, Unavailable(url + ": " + reason), reason, costly};
  }
  return {Verdict::kGiveUp,
          Unavailable(url + ": " + reason + "; whether " + Name(request) +
                      " was done is not known: look before it is sent again"),
          reason, costly};
}

RestClient::Judgement RestClient::JudgeAnswer(const RestRequest& request, size_t endpoint,
                                              Transfer& transfer) const {
  const std::string& url = endpoints_.url(endpoint);
  RestAnswer answer{transfer.status, std::move(transfer.answer), url};
  const std::string& user = spec_.auth.username;
  if (answer.status == 401) {
    return {
        Verdict::kGiveUp,
        Unauthenticated(
            url + (user.empty() ? " asks for a user (401): set auth in the cluster file"
                                : " refused user " + user + " (401): compare auth.username and " +
                                      spec_.auth.password_file + " with the cluster's own"))};
  }
  if (answer.status == 403) {
    return {Verdict::kGiveUp, PermissionDenied(url + " does not allow " + Name(request) +
                                               (user.empty() ? "" : " to user " + user) +
                                               " (403): " + FailureReason(answer) +
                                               "; give it a role that may do this")};
  }
  if (answer.status >= 300 && answer.status < 400) {
    return {Verdict::kGiveUp,
            FailedPrecondition(
                url + " answered " + Name(request) + " with a redirect (" +
                std::to_string(answer.status) +
                "), which is not followed: write the node's own address under endpoints")};
  }
  if (request.repeatable && MeansAskAnother(answer.status)) {
    const std::string reason =
        "answered " + std::to_string(answer.status) + ": " + FailureReason(answer);
    return {Verdict::kAskNext, Unavailable(url + " " + reason), reason};
  }
  return {Verdict::kAnswered, std::move(answer)};
}

void RestClient::Note(size_t endpoint, const Judgement& judgement) {
  const std::string& url = endpoints_.url(endpoint);
  if (judgement.failure.empty()) {
    if (endpoints_.Answered(endpoint)) {
      LogInfo("opensearch", "cluster " + spec_.name + ": " + url + " answers again");
    }
    return;
  }
  const std::string reason = url + ": " + judgement.failure;
  if (endpoints_.Failed(endpoint, reason, judgement.costly)) {
    LogWarning("opensearch", "cluster " + spec_.name + ": " + reason);
  }
}

Status RestClient::NoneAnswered(const std::string& request,
                                const std::vector<std::string>& reasons) const {
  std::string message = "no endpoint of cluster " + spec_.name + " answered " + request;
  std::string separator = ": ";
  for (const std::string& reason : reasons) {
    message += separator + reason;
    separator = "; ";
  }
  return Unavailable(message);
}

}  // namespace drover::opensearch
