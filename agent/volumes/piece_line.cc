#include "agent/volumes/piece_line.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace drover::agent {
namespace {

constexpr size_t kBuffers = 24;
constexpr size_t kMaxUnderWay = 1024;

void LeaveDirect(CopiedFile* copy) {
  ::fcntl(copy->file.get(), F_SETFL, ::fcntl(copy->file.get(), F_GETFL) & ~O_DIRECT);
  copy->direct = false;
}

// True where the file system took O_DIRECT but does not take this.
bool RefusesDirect(const CopiedFile& copy) { return errno == EINVAL && copy.direct; }

bool IsCompared(const Piece& piece) {
  return piece.at / static_cast<off_t>(PieceBuffer::kBytes) % Piece::kCompareEach == 0;
}

Status WritePiece(const Piece& piece) {
  CopiedFile* copy = piece.copy.get();
  // The rest of the last block is cut off below.
  size_t length = copy->direct ? PieceBuffer::InBlocks(piece.size) : piece.size;
  for (size_t done = 0; done < length;) {
    const ssize_t n = ::pwrite(copy->file.get(), piece.buffer->get() + done, length - done,
                               piece.at + static_cast<off_t>(done));
    if (n >= 0) {
      done += static_cast<size_t>(n);
    } else if (RefusesDirect(*copy)) {
      LeaveDirect(copy);
      length = piece.size;
    } else {
      return FileFailure("The copy of " + copy->source, "written");
    }
  }
  const off_t end = piece.at + static_cast<off_t>(piece.size);
  if (length == piece.size || ::ftruncate(copy->file.get(), end) == 0) return OkStatus();
  return FileFailure("The copy of " + copy->source, "written");
}

Status ComparePiece(const Piece& piece, const PieceBuffer& read_back) {
  CopiedFile* copy = piece.copy.get();
  size_t length = copy->direct ? PieceBuffer::InBlocks(piece.size) : piece.size;
  size_t done = 0;
  while (done < piece.size) {
    const ssize_t n = ::pread(copy->file.get(), read_back.get() + done, length - done,
                              piece.at + static_cast<off_t>(done));
    if (n == 0) break;
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (RefusesDirect(*copy)) {
      LeaveDirect(copy);
      length = piece.size;
    } else {
      return FileFailure("The copy of " + copy->source, "read back");
    }
  }
  if (done >= piece.size && std::memcmp(piece.buffer->get(), read_back.get(), piece.size) == 0) {
    return OkStatus();
  }
  return DataLoss("The copy of " + copy->source +
                  ": what was written is not what is read back; does something write there, or is "
                  "the disk or the memory of this host damaged?");
}

}  // namespace

PieceBuffer::PieceBuffer()
    : bytes_(static_cast<char*>(::operator new (kBytes, std::align_val_t{kBlock}))) {}

void PieceBuffer::Free::operator()(char* bytes) const {
  ::operator delete (bytes, std::align_val_t{kBlock});
}

PieceLine::PieceLine() : free_(kBuffers) {
  const auto stages = {kSum, kWrite, kWrite, kCompare};
  for (const Stage stage : stages) ++working_[stage];
  for (const Stage stage : stages) {
    threads_.emplace_back([this, stage] { Run(stage); });
  }
}

PieceLine::~PieceLine() {
  {
    const std::lock_guard lock(mutex_);
    if (failed_.ok()) failed_ = MakeStatus(StatusCode::kCancelled, "The copy was given up");
  }
  End();
}

StatusOr<PieceBuffer> PieceLine::TakeBuffer() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !free_.empty() || !failed_.ok(); });
  if (!failed_.ok()) return failed_;
  PieceBuffer buffer = std::move(free_.front());
  free_.pop_front();
  return buffer;
}

Status PieceLine::Add(Piece piece) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ < kMaxUnderWay || !failed_.ok(); });
    if (!failed_.ok()) return failed_;
    ++under_way_;
    waiting_[kSum].push_back(std::move(piece));
  }
  changed_.notify_all();
  return OkStatus();
}

Status PieceLine::Drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return under_way_ == 0 || !failed_.ok(); });
  return failed_;
}

StatusOr<std::string> PieceLine::Finish() {
  End();
  if (!failed_.ok()) return failed_;
  return digest_.Hex();
}

void PieceLine::End() {
  {
    const std::lock_guard lock(mutex_);
    ended_[kSum] = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

// Null at the end.
std::optional<Piece> PieceLine::Take(Stage stage, bool* failed) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this, stage] { return !waiting_[stage].empty() || ended_[stage]; });
  *failed = !failed_.ok();
  if (!waiting_[stage].empty()) {
    Piece piece = std::move(waiting_[stage].front());
    waiting_[stage].pop_front();
    return piece;
  }
  if (--working_[stage] == 0 && stage != kCompare) ended_[stage + 1] = true;
  lock.unlock();
  changed_.notify_all();
  return std::nullopt;
}

void PieceLine::HandOn(Stage stage, Piece piece, const Status& done) {
  {
    const std::lock_guard lock(mutex_);
    if (failed_.ok()) failed_ = done;
    const bool written = piece.copy && stage == kWrite;
    if ((piece.copy && stage == kSum) || (written && IsCompared(piece))) {
      waiting_[stage + 1].push_back(std::move(piece));
    } else {
      if (piece.buffer) free_.push_back(*std::move(piece.buffer));
      --under_way_;
    }
  }
  changed_.notify_all();
}

Status PieceLine::Do(Stage stage, const Piece& piece) {
  switch (stage) {
    case kSum:
      digest_.Add(piece.text);
      if (piece.buffer) digest_.Add({piece.buffer->get(), piece.size});
      return OkStatus();
    case kWrite:
      return WritePiece(piece);
    default:
      return ComparePiece(piece, read_back_);
  }
}

// After a failure the pieces only pass through, so that nobody waits for them.
void PieceLine::Run(Stage stage) {
  bool failed = false;
  while (std::optional<Piece> piece = Take(stage, &failed)) {
    const Status done = failed ? OkStatus() : Do(stage, *piece);
    HandOn(stage, *std::move(piece), done);
  }
}

}  // namespace drover::agent
