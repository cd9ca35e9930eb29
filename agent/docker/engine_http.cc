#include "agent/docker/engine_http.h"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdint>
#include <limits>
#include <optional>

namespace drover::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using std::chrono::steady_clock;

constexpr Millis kCancelTick{200};

}  // namespace

struct HttpExchange::State {
  asio::io_context context{1};
  asio::local::stream_protocol::socket socket{context};
  beast::flat_buffer buffer;
  http::response_parser<http::buffer_body> parser;
  std::array<char, 32 * 1024> piece{};
  // A read that outlived its deadline and goes on at the next call.
  bool reading = false;
  std::optional<beast::error_code> read_result;

  // Runs the pending operation until `done` is set. OK where it is.
  template <typename Done>
  Status RunUntil(const Done& done, const CallLimits& limits) {
    context.restart();
    while (!done()) {
      if (limits.cancel != nullptr && limits.cancel->load()) return Aborted("Canceled");
      const auto now = steady_clock::now();
      if (now >= limits.deadline) {
        return DeadlineExceeded("The Docker Engine did not answer in time");
      }
      auto slice = limits.deadline - now;
      if (limits.cancel != nullptr && slice > kCancelTick) slice = kCancelTick;
      if (context.run_one_for(slice) == 0 && context.stopped()) context.restart();
    }
    return OkStatus();
  }

  void StartRead() {
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    reading = true;
    read_result.reset();
    http::async_read_some(socket, buffer, parser,
                          [this](beast::error_code error, size_t) { read_result = error; });
  }

  void Close() {
    beast::error_code ignored;
    socket.close(ignored);
    context.restart();
    context.poll();  // lets the canceled operation end before the state goes
  }
};

HttpExchange::HttpExchange() : state_(std::make_unique<State>()) {}
HttpExchange::~HttpExchange() { state_->Close(); }

int HttpExchange::status_code() const {
  return static_cast<int>(state_->parser.get().result_int());
}

Status HttpExchange::Begin(const std::string& socket_path, const HttpRequest& request,
                           const CallLimits& limits) {
  State& s = *state_;
  // Not boost::none, which Boost 1.74 takes for a limit of nothing where the length is given.
  s.parser.body_limit(std::numeric_limits<uint64_t>::max());
  http::request<http::string_body> message{http::string_to_verb(request.method), request.target,
                                           11};
  message.set(http::field::host, "docker");
  message.set(http::field::user_agent, "drover-agent");
  message.set(http::field::connection, "close");
  for (const auto& [name, value] : request.headers) message.set(name, value);
  if (!request.json.empty()) {
    message.set(http::field::content_type, "application/json");
    message.body() = request.json;
  }
  message.prepare_payload();

  std::optional<beast::error_code> result;
  const auto take = [&result](beast::error_code error, auto...) { result = error; };
  const auto step = [&](const char* what) -> Status {
    const Status waited = s.RunUntil([&result] { return result.has_value(); }, limits);
    if (!waited.ok()) {
      s.Close();
      return waited;
    }
    if (*result) {
      return Unavailable("The Docker Engine at " + socket_path + " cannot be reached (" + what +
                         ": " + result->message() +
                         "); is it running, and may the agent open its socket?");
    }
    result.reset();
    return OkStatus();
  };
  if (socket_path.size() >= 108) {
    return InvalidArgument("The Docker Engine's socket path " + socket_path + " is too long");
  }
  s.socket.async_connect(asio::local::stream_protocol::endpoint(socket_path), take);
  DROVER_RETURN_IF_ERROR(step("connect"));
  http::async_write(s.socket, message, take);
  DROVER_RETURN_IF_ERROR(step("send"));
  http::async_read_header(s.socket, s.buffer, s.parser, take);
  return step("receive");
}

StatusOr<std::string> HttpExchange::Read(const CallLimits& limits) {
  State& s = *state_;
  for (;;) {
    if (!s.reading) {
      if (s.parser.is_done()) return std::string();
      s.StartRead();
    }
    DROVER_RETURN_IF_ERROR(s.RunUntil([&s] { return s.read_result.has_value(); }, limits));
    s.reading = false;
    const beast::error_code error = *s.read_result;
    std::string bytes(s.piece.data(), s.piece.size() - s.parser.get().body().size);
    if (!bytes.empty()) return bytes;
    if (error == http::error::end_of_stream || error == asio::error::eof) return std::string();
    if (error && error != http::error::need_buffer) {
      return Unavailable("The Docker Engine broke off its answer: " + error.message());
    }
  }
}

StatusOr<HttpAnswer> Exchange(const std::string& socket_path, const HttpRequest& request,
                              const CallLimits& limits, size_t limit) {
  HttpExchange exchange;
  DROVER_RETURN_IF_ERROR(exchange.Begin(socket_path, request, limits));
  HttpAnswer answer;
  answer.status_code = exchange.status_code();
  for (;;) {
    DROVER_ASSIGN_OR_RETURN(const std::string piece, exchange.Read(limits));
    if (piece.empty()) return answer;
    answer.body += piece;
    if (answer.body.size() > limit) {
      return Internal("The Docker Engine's answer to " + request.target + " is too long");
    }
  }
}

}  // namespace drover::agent
