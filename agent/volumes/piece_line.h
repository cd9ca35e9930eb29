// The second half of a copy, in threads behind the one that reads: the first sums, the next two
// write, the last reads some of it back and compares.
#ifndef DROVER_AGENT_VOLUMES_PIECE_LINE_H_
#define DROVER_AGENT_VOLUMES_PIECE_LINE_H_

#include <sys/types.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/volumes/descriptor.h"
#include "common/base/status.h"
#include "common/crypto/crypto.h"

namespace drover::agent {

// The file that a copy is written to; closed when the last of its pieces is through.
struct CopiedFile {
  Descriptor file;
  std::string source;  // for messages
  // It is written and read back past the kernel's memory (O_DIRECT): what is compared is what the
  // disk gives back. The line's own, once the first piece is in it.
  std::atomic<bool> direct = false;
};

// Room for a piece, where O_DIRECT wants it.
class PieceBuffer {
 public:
  static constexpr size_t kBytes = 1024 * 1024;
  // What O_DIRECT asks of addresses, places and sizes on any disk there is.
  static constexpr size_t kBlock = 4096;
  // The next whole number of blocks.
  static constexpr size_t InBlocks(size_t size) { return (size + kBlock - 1) / kBlock * kBlock; }
  PieceBuffer();
  char* get() const { return bytes_.get(); }

 private:
  struct Free {
    void operator()(char* bytes) const;
  };
  std::unique_ptr<char, Free> bytes_;
};

struct Piece {
  // Summed: `text`, or the first `size` bytes of `buffer`.
  std::string text = {};
  std::optional<PieceBuffer> buffer = {};
  size_t size = 0;  // at most PieceBuffer::kBytes
  // Then written to `copy` at `at`, a multiple of PieceBuffer::kBytes; of each file the first piece
  // and every kCompareEach-th after it is compared with what is there then. Null: only summed.
  static constexpr off_t kCompareEach = 16;
  std::shared_ptr<CopiedFile> copy = {};
  off_t at = 0;
};

// One thread adds; the order in which it adds is the order of the sum. Every function says what
// went wrong first: DATA_LOSS where what is read back is not what was written, RESOURCE_EXHAUSTED
// where the disk is full, else INTERNAL.
class PieceLine {
 public:
  PieceLine();
  PieceLine(const PieceLine&) = delete;
  PieceLine& operator=(const PieceLine&) = delete;
  // Drops what waits.
  ~PieceLine();

  // Blocks until one is free.
  StatusOr<PieceBuffer> TakeBuffer();
  // Blocks while much waits.
  Status Add(Piece piece);
  // Blocks until all that was added is through.
  Status Drain();
  // The same, and SHA-256 of it all. Called once, at the end.
  StatusOr<std::string> Finish();

 private:
  enum Stage : size_t { kSum, kWrite, kCompare, kStages };

  void Run(Stage stage);
  std::optional<Piece> Take(Stage stage, bool* failed);
  void HandOn(Stage stage, Piece piece, const Status& done);
  Status Do(Stage stage, const Piece& piece);
  void End();

  crypto::Sha256 digest_;  // kSum's own
  PieceBuffer read_back_;  // kCompare's own
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<PieceBuffer> free_;
  std::array<std::deque<Piece>, kStages> waiting_;
  std::array<bool, kStages> ended_{};   // nothing more comes
  std::array<int, kStages> working_{};  // threads
  size_t under_way_ = 0;
  Status failed_;
  std::vector<std::thread> threads_;  // last: they begin with all the others there
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_VOLUMES_PIECE_LINE_H_
