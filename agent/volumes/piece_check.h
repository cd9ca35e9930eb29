// The second half of a copy, on a thread of its own beside the first: hashes what was read and
// compares it with what was written.
#ifndef DROVER_AGENT_VOLUMES_PIECE_CHECK_H_
#define DROVER_AGENT_VOLUMES_PIECE_CHECK_H_

#include <sys/types.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/volumes/descriptor.h"
#include "common/base/status.h"
#include "common/crypto/crypto.h"

namespace drover::agent {

// One thread adds; the order in which it adds is the order of the hash.
class PieceCheck {
 public:
  using Buffer = std::unique_ptr<std::vector<char>>;
  static constexpr size_t kPieceBytes = 256 * 1024;

  struct Piece {
    // Hashed: `text`, or the first `size` of `bytes`.
    std::string text = {};
    Buffer bytes = {};
    size_t size = 0;
    // Holds the same bytes at `at`, or the check fails. Null: nothing to compare.
    std::shared_ptr<const Descriptor> copy = {};
    off_t at = 0;
  };

  PieceCheck();
  PieceCheck(const PieceCheck&) = delete;
  PieceCheck& operator=(const PieceCheck&) = delete;
  // Drops what waits.
  ~PieceCheck();

  // Of kPieceBytes; used ones come again.
  Buffer TakeBuffer();
  // Blocks while many pieces wait. DATA_LOSS once a copy was not equal, INTERNAL once one could not
  // be read.
  Status Add(Piece piece);
  // Waits for all that was added: SHA-256 of it, or what Add says. Called once, at the end.
  StatusOr<std::string> Finish();

 private:
  void Work();
  Status Compare(const Piece& piece);

  crypto::Sha256 digest_;        // the thread's own
  std::vector<char> read_back_;  // the thread's own
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> waiting_;
  std::vector<Buffer> free_;
  Status failed_;
  bool done_ = false;
  std::thread thread_;  // last: it begins with all the others there
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_VOLUMES_PIECE_CHECK_H_
