// A small HTTP server inside the test: it answers by a function and keeps what it was asked.
#ifndef DROVER_TESTS_UNIT_OPENSEARCH_HTTP_SERVER_H_
#define DROVER_TESTS_UNIT_OPENSEARCH_HTTP_SERVER_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace drover::opensearch {

struct SeenRequest {
  std::string method, target, body, authorization;
  // "GET /_nodes": without the query.
  std::string Line() const { return method + " " + target.substr(0, target.find('?')); }
};

struct Reply {
  unsigned status = 200;
  std::string body = "{}";
  // Closes the connection without an answer.
  bool hang_up = false;
};

// PEM texts; with a client CA a client must show a certificate of it.
struct ServerTls {
  std::string certificate, key, client_ca = {};
};

class HttpServer {
 public:
  using Handler = std::function<Reply(const SeenRequest&)>;

  // Listens on 127.0.0.1. The handler runs on the connection's own thread and may block.
  explicit HttpServer(Handler handler, const ServerTls* tls = nullptr);
  ~HttpServer();

  // "http://127.0.0.1:PORT", with a certificate "https://…".
  std::string url() const;
  std::vector<SeenRequest> requests() const;
  // How many of them were for this Line().
  int Count(const std::string& line) const;
  int connections() const;

  // Returns once `count` requests for this Line() have come; false after ten seconds.
  bool Await(const std::string& line, int count) const;

 private:
  using Socket = boost::asio::ip::tcp::socket;
  void Accept();
  void Serve(Socket& socket);
  template <typename Stream>
  void Talk(Stream& stream);

  Handler handler_;
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::unique_ptr<boost::asio::ssl::context> tls_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<SeenRequest> requests_;  // guarded by mutex_
  std::list<Socket> sockets_;          // guarded by mutex_ but for their use by Serve
  std::vector<std::thread> threads_;   // of the accept thread
  bool stopping_ = false;              // guarded by mutex_
  int connections_ = 0;                // guarded by mutex_
  std::thread accept_thread_;
};

// An address where nothing listens: connections are refused.
std::string RefusingUrl();

}  // namespace drover::opensearch

#endif  // DROVER_TESTS_UNIT_OPENSEARCH_HTTP_SERVER_H_
