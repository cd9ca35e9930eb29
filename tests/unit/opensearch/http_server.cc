#include "tests/unit/opensearch/http_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>

namespace drover::opensearch {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

tcp::endpoint AnyPort() { return {asio::ip::make_address("127.0.0.1"), 0}; }

}  // namespace

HttpServer::HttpServer(Handler handler, const ServerTls* tls)
    : handler_(std::move(handler)), acceptor_(io_, AnyPort()) {
  if (tls != nullptr) {
    tls_ = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    tls_->use_certificate_chain(asio::buffer(tls->certificate));
    tls_->use_private_key(asio::buffer(tls->key), asio::ssl::context::pem);
    if (!tls->client_ca.empty()) {
      tls_->add_certificate_authority(asio::buffer(tls->client_ca));
      tls_->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
    }
  }
  accept_thread_ = std::thread([this] { Accept(); });
}

HttpServer::~HttpServer() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    for (Socket& socket : sockets_) ::shutdown(socket.native_handle(), SHUT_RDWR);
  }
  // Wakes the accept thread.
  boost::system::error_code ignored;
  Socket(io_).connect(acceptor_.local_endpoint(), ignored);
  accept_thread_.join();
  for (std::thread& thread : threads_) thread.join();
}

std::string HttpServer::url() const {
  return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") +
         std::to_string(acceptor_.local_endpoint().port());
}

std::vector<SeenRequest> HttpServer::requests() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

int HttpServer::Count(const std::string& line) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<int>(std::count_if(requests_.begin(), requests_.end(),
                                        [&](const auto& seen) { return seen.Line() == line; }));
}

int HttpServer::connections() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return connections_;
}

bool HttpServer::Await(const std::string& line, int count) const {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [&] {
    return std::count_if(requests_.begin(), requests_.end(),
                         [&](const auto& seen) { return seen.Line() == line; }) >= count;
  });
}

void HttpServer::Accept() {
  while (true) {
    boost::system::error_code error;
    Socket socket(io_);
    acceptor_.accept(socket, error);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return;
    if (error) continue;
    ++connections_;
    sockets_.push_back(std::move(socket));
    threads_.emplace_back([this, &kept = sockets_.back()] { Serve(kept); });
  }
}

void HttpServer::Serve(Socket& socket) {
  if (tls_) {
    asio::ssl::stream<Socket&> stream(socket, *tls_);
    boost::system::error_code error;
    stream.handshake(asio::ssl::stream_base::server, error);
    if (!error) Talk(stream);
  } else {
    Talk(socket);
  }
  ::shutdown(socket.native_handle(), SHUT_RDWR);
}

template <typename Stream>
void HttpServer::Talk(Stream& stream) {
  boost::beast::flat_buffer buffer;
  while (true) {
    boost::system::error_code error;
    http::request<http::string_body> request;
    http::read(stream, buffer, request, error);
    if (error && error != http::error::end_of_stream && error != asio::error::eof) {
      // As a web server does to what is not HTTP, a TLS greeting for example.
      asio::write(stream, asio::buffer(std::string("HTTP/1.1 400 Bad Request\r\n\r\n")), error);
      return;
    }
    if (error) return;
    SeenRequest seen{std::string(request.method_string()), std::string(request.target()),
                     request.body(), std::string(request[http::field::authorization])};
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      requests_.push_back(seen);
    }
    changed_.notify_all();
    const Reply reply = handler_(seen);
    if (reply.hang_up) return;
    http::response<http::string_body> response;
    response.version(11);
    response.result(reply.status);
    response.set(http::field::content_type, "application/json");
    if (reply.status >= 300 && reply.status < 400) {
      response.set(http::field::location, "http://127.0.0.1:1/");
    }
    response.body() = reply.body;
    response.prepare_payload();
    http::write(stream, response, error);
    if (error) return;
  }
}

std::string RefusingUrl() {
  asio::io_context io;
  const tcp::acceptor acceptor(io, AnyPort());
  return "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
}

}  // namespace drover::opensearch
