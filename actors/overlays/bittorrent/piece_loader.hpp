#pragma once

#include "actors/overlays/bittorrent/content_source.hpp"
#include "actors/overlays/bittorrent/network_thread.hpp"
#include "actors/overlays/bittorrent/torrent_metadata.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <memory>
#include <vector>

namespace interswarm::bittorrent {

/// One source for one file of a torrent. Lives on the network thread.
struct offered_file {
  std::uint64_t id = 0;
  std::uint32_t file = 0;
  std::shared_ptr<content_source> source;
  range_set have;
  /// Failed reads in a row, and until when others are preferred.
  std::uint32_t failures = 0;
  std::uint64_t rest_until_ms = 0;
};

/// Picks the source for `segment`: one that has it, is not resting and failed least; a resting one
/// rather than none. Null when nobody has it.
offered_file* choose_offer(std::vector<std::unique_ptr<offered_file>>& offers,
                           const piece_segment& segment, std::uint64_t now_ms);

/// How long a source rests after its `failures`-th failure in a row: 250 ms doubled up to 8 s.
std::uint64_t rest_ms(std::uint32_t failures);

/// Reads the segments of one piece from sources, puts them together and checks them against the
/// torrent's hashes on a worker.
class piece_load : public std::enable_shared_from_this<piece_load> {
public:
  struct part {
    piece_segment segment;
    std::uint64_t offer = 0;
    std::shared_ptr<content_source> source;
  };
  enum class outcome { good, bad, failed };
  /// Called once on the network thread. `failed_offers`: whose reads failed (outcome `failed`).
  using done_function =
      std::function<void(outcome, slice data, std::vector<std::uint64_t> failed_offers)>;

  piece_load(std::shared_ptr<const torrent_metadata> torrent, std::uint32_t piece,
             std::vector<part> parts, std::shared_ptr<network_thread> network,
             std::weak_ptr<runtime::worker_pool> workers, done_function done);

  /// Sends every read at once.
  void start(std::uint32_t deadline_ms, bool urgent);
  /// Tells the sources what the hashes said.
  void judge(bool good) const;
  /// Whether a source took part.
  bool used(std::uint64_t offer) const;

private:
  struct chunk {
    std::size_t part = 0;
    byte_range range;
    std::uint32_t at = 0;
    slice data;
  };
  void arrived(std::size_t index, result<slice> data);
  void check();

  std::shared_ptr<const torrent_metadata> torrent_;
  std::uint32_t piece_;
  std::vector<part> parts_;
  std::shared_ptr<network_thread> network_;
  std::weak_ptr<runtime::worker_pool> workers_; // jobs must never own the pool that runs them
  done_function done_;
  std::vector<chunk> chunks_;
  std::size_t missing_ = 0;
  std::vector<std::uint64_t> failed_offers_;
};

} // namespace interswarm::bittorrent
