#include "agent/docker/container_http.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <limits>

namespace drover::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

http::request<http::string_body> MessageOf(const ContainerCall& call) {
  http::request<http::string_body> message{http::string_to_verb(call.method), call.target, 11};
  message.set(http::field::host, call.address);
  message.set(http::field::user_agent, "drover-agent");
  message.set(http::field::connection, "close");
  if (!call.json.empty()) {
    message.set(http::field::content_type, "application/json");
    message.body() = call.json;
  }
  message.prepare_payload();
  return message;
}

Status FailureOf(const ContainerCall& call, const beast::error_code& error, size_t limit) {
  const std::string where = call.address + ":" + std::to_string(call.port);
  if (error == beast::error::timeout) {
    return DeadlineExceeded("The container at " + where + " did not answer in time");
  }
  if (error == http::error::body_limit) {
    return MakeStatus(StatusCode::kResourceExhausted,
                      "The container's answer is longer than " + std::to_string(limit) + " bytes");
  }
  return Unavailable("The container at " + where + " does not answer: " + error.message());
}

}  // namespace

StatusOr<HttpAnswer> CallContainer(const ContainerCall& call, const CallLimits& limits,
                                   size_t limit) {
  beast::error_code error;
  const auto address = asio::ip::make_address_v4(call.address, error);
  if (error) return InvalidArgument("\"" + call.address + "\" is not an IPv4 address");
  // What is there at once would be taken all the same.
  if (limits.deadline <= std::chrono::steady_clock::now()) {
    return FailureOf(call, beast::error::timeout, limit);
  }
  asio::io_context context{1};
  beast::tcp_stream stream(context);
  stream.expires_at(limits.deadline);
  // An operation that is past the stream's time ends with beast::error::timeout.
  const auto run = [&context] {
    context.restart();
    context.run();
  };
  const auto take = [&error](const beast::error_code& result, auto...) { error = result; };
  stream.async_connect(asio::ip::tcp::endpoint(address, call.port), take);
  run();
  if (error) return FailureOf(call, error, limit);
  const http::request<http::string_body> message = MessageOf(call);
  http::async_write(stream, message, take);
  run();
  if (error) return FailureOf(call, error, limit);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  // The parser of Boost 1.74 lets a body above its limit pass where the length is given.
  parser.body_limit(std::numeric_limits<uint64_t>::max());
  parser.skip(call.method == "HEAD");
  while (!parser.is_done()) {
    http::async_read_some(stream, buffer, parser, take);
    run();
    if (parser.get().body().size() > limit) error = http::error::body_limit;
    if (error) return FailureOf(call, error, limit);
  }
  return HttpAnswer{static_cast<int>(parser.get().result_int()), parser.get().body()};
}

}  // namespace drover::agent
