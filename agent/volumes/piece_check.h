// The second half of a copy, on a thread of its own just behind the first: reads each piece while
// it is still in memory, hashes it, and compares it with what was written.
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
  static constexpr size_t kPieceBytes = 512 * 1024;

  struct Piece {
    // Hashed: `text`, or the `size` bytes at `at` of `source`.
    std::string text = {};
    std::shared_ptr<const Descriptor> source = {};
    // Holds the same bytes at the same place, or the check fails. Null: nothing to compare.
    std::shared_ptr<const Descriptor> copy = {};
    off_t at = 0;
    size_t size = 0;  // at most kPieceBytes
  };

  PieceCheck();
  PieceCheck(const PieceCheck&) = delete;
  PieceCheck& operator=(const PieceCheck&) = delete;
  // Drops what waits.
  ~PieceCheck();

  // Blocks while many pieces wait. DATA_LOSS once a copy was not equal or a source too short,
  // INTERNAL once one could not be read.
  Status Add(Piece piece);
  // Waits for all that was added: SHA-256 of it, or what Add says. Called once, at the end.
  StatusOr<std::string> Finish();

 private:
  void Work();
  Status Check(const Piece& piece);

  crypto::Sha256 digest_;            // the thread's own
  std::vector<char> source_, copy_;  // the thread's own
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> waiting_;
  Status failed_;
  bool done_ = false;
  std::thread thread_;  // last: it begins with all the others there
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_VOLUMES_PIECE_CHECK_H_
