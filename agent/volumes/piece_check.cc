#include "agent/volumes/piece_check.h"

#include <unistd.h>

#include <cstring>
#include <utility>

namespace drover::agent {
namespace {

// So many pieces wait at most: 8 MiB.
constexpr size_t kMaxWaiting = 32;

}  // namespace

PieceCheck::PieceCheck() : read_back_(kPieceBytes), thread_([this] { Work(); }) {}

PieceCheck::~PieceCheck() {
  {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    done_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

PieceCheck::Buffer PieceCheck::TakeBuffer() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return std::make_unique<std::vector<char>>(kPieceBytes);
  Buffer buffer = std::move(free_.back());
  free_.pop_back();
  return buffer;
}

Status PieceCheck::Add(Piece piece) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < kMaxWaiting || !failed_.ok(); });
  if (!failed_.ok()) return failed_;
  waiting_.push_back(std::move(piece));
  lock.unlock();
  changed_.notify_all();
  return OkStatus();
}

StatusOr<std::string> PieceCheck::Finish() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (!failed_.ok()) return failed_;
  return digest_.Hex();
}

Status PieceCheck::Compare(const Piece& piece) {
  size_t got = 0;
  while (got < piece.size) {
    const ssize_t n = ::pread(piece.copy->get(), read_back_.data() + got, piece.size - got,
                              piece.at + static_cast<off_t>(got));
    if (n < 0) return FileFailure("The copy", "read back");
    if (n == 0) break;
    got += static_cast<size_t>(n);
  }
  if (got == piece.size && std::memcmp(read_back_.data(), piece.bytes->data(), got) == 0) {
    return OkStatus();
  }
  return DataLoss("What was written is not what is read back; check the disk and its memory");
}

void PieceCheck::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !waiting_.empty() || done_; });
    if (waiting_.empty()) return;
    Piece piece = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    changed_.notify_all();
    digest_.Add(piece.text);
    if (piece.bytes) digest_.Add({piece.bytes->data(), piece.size});
    const Status compared = piece.copy ? Compare(piece) : OkStatus();
    piece.copy.reset();
    lock.lock();
    if (piece.bytes) free_.push_back(std::move(piece.bytes));
    if (compared.ok()) continue;
    failed_ = compared;
    waiting_.clear();
    lock.unlock();
    changed_.notify_all();
    return;
  }
}

}  // namespace drover::agent
