#include "agent/volumes/piece_check.h"

#include <unistd.h>

#include <cstring>
#include <utility>

namespace drover::agent {
namespace {

// So many pieces wait at most: 16 MiB.
constexpr size_t kMaxWaiting = 32;

// False where the file ends before.
StatusOr<bool> ReadWhole(const Descriptor& file, off_t at, char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t got = ::pread(file.get(), bytes, size, at);
    if (got < 0) return FileFailure("A file of the copy", "read");
    if (got == 0) return false;
    bytes += got;
    at += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

}  // namespace

PieceCheck::PieceCheck() : source_(kPieceBytes), copy_(kPieceBytes), thread_([this] { Work(); }) {}

PieceCheck::~PieceCheck() {
  {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    done_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
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

Status PieceCheck::Check(const Piece& piece) {
  digest_.Add(piece.text);
  if (!piece.source) return OkStatus();
  DROVER_ASSIGN_OR_RETURN(const bool whole,
                          ReadWhole(*piece.source, piece.at, source_.data(), piece.size));
  if (!whole) return DataLoss("A file became shorter while it was copied; does something write?");
  digest_.Add({source_.data(), piece.size});
  if (!piece.copy) return OkStatus();
  DROVER_ASSIGN_OR_RETURN(const bool there,
                          ReadWhole(*piece.copy, piece.at, copy_.data(), piece.size));
  if (there && std::memcmp(copy_.data(), source_.data(), piece.size) == 0) return OkStatus();
  return DataLoss(
      "What was written is not what is read back; does something write, or is the disk "
      "or the memory of this host damaged?");
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
    const Status checked = Check(piece);
    piece = {};
    lock.lock();
    if (checked.ok()) continue;
    failed_ = checked;
    waiting_.clear();
    lock.unlock();
    changed_.notify_all();
    return;
  }
}

}  // namespace drover::agent
