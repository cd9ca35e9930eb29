#include "tests/unit/agent/docker/fake_engine_server.h"

#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <filesystem>
#include <list>
#include <mutex>
#include <thread>

namespace drover::agent {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Socket = asio::local::stream_protocol::socket;

std::string MakeFolder() {
  char name[] = "/tmp/drover-engine-XXXXXX";
  return mkdtemp(name);
}

}  // namespace

struct FakeEngineServer::State {
  std::string folder = MakeFolder();
  std::string path = folder + "/docker.sock";
  asio::io_context context;
  asio::local::stream_protocol::acceptor acceptor{context,
                                                  asio::local::stream_protocol::endpoint(path)};
  mutable std::mutex mutex;
  std::map<std::string, FakeAnswer> answers;
  std::vector<std::string> requests;
  std::list<std::shared_ptr<Socket>> open;
  std::thread thread;

  void Serve() {
    acceptor.async_accept([this](boost::system::error_code error, Socket socket) {
      if (error) return;
      AnswerOne(std::make_shared<Socket>(std::move(socket)));
      Serve();
    });
  }

  FakeAnswer Find(const std::string& request) {
    const std::lock_guard<std::mutex> lock(mutex);
    requests.push_back(request);
    auto it = answers.find(request);
    if (it == answers.end()) it = answers.find(request.substr(0, request.find('?')));
    if (it != answers.end()) return it->second;
    return {404, {"{\"message\":\"page not found: " + request + "\"}"}};
  }

  void AnswerOne(const std::shared_ptr<Socket>& socket) {
    boost::beast::flat_buffer buffer;
    http::request<http::string_body> request;
    boost::system::error_code error;
    http::read(*socket, buffer, request, error);
    if (error) return;
    const FakeAnswer answer =
        Find(std::string(request.method_string()) + " " + std::string(request.target()));
    http::response<http::empty_body> head{static_cast<http::status>(answer.status), 11};
    // The Engine gives a length for short answers and chunks for streams.
    const bool whole = answer.pieces.size() == 1 && !answer.stay_open;
    if (whole) {
      head.content_length(answer.pieces[0].size());
    } else {
      head.chunked(true);
    }
    http::response_serializer<http::empty_body> serializer{head};
    http::write_header(*socket, serializer, error);
    if (whole) {
      asio::write(*socket, asio::buffer(answer.pieces[0]), error);
      return;
    }
    for (const std::string& piece : answer.pieces) {
      asio::write(*socket, http::make_chunk(asio::buffer(piece)), error);
    }
    if (answer.stay_open) {
      open.push_back(socket);
    } else {
      asio::write(*socket, http::make_chunk_last(), error);
    }
  }
};

FakeEngineServer::FakeEngineServer() : state_(std::make_unique<State>()) {
  state_->Serve();
  state_->thread = std::thread([this] { state_->context.run(); });
  Set("GET /version",
      {200, {R"({"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"})"}});
  Set("GET /v1.41/info", {200, {R"({"DockerRootDir":"/var/lib/docker"})"}});
}

FakeEngineServer::~FakeEngineServer() {
  Stop();
  std::filesystem::remove_all(state_->folder);
}

void FakeEngineServer::Stop() {
  state_->context.stop();
  if (state_->thread.joinable()) state_->thread.join();
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
  state_->open.clear();
}

const std::string& FakeEngineServer::socket_path() const { return state_->path; }

void FakeEngineServer::Set(const std::string& request, FakeAnswer answer) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->answers[request] = std::move(answer);
}

std::vector<std::string> FakeEngineServer::Requests() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->requests;
}

}  // namespace drover::agent
