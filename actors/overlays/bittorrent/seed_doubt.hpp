#pragma once

#include <algorithm>
#include <cstdint>

namespace interswarm::bittorrent {

/// How many parties of one swarm that call themselves complete are not believed, by what a tracker
/// says in scrapes: a client with nothing but a magnet link may do so (aria2). Who came without a
/// completed download is doubted for a while, and so are a few that were there already where nobody
/// ever completed one.
class seed_doubt {
public:
  struct rules {
    /// How long new ones are doubted.
    std::uint32_t suspect_s = 600;
    /// So few that were there at the first scrape: the first seeker may have come just before.
    std::uint32_t first_suspects = 3;
  };
  /// Complete parties besides ourselves, and downloads completed ever.
  struct counts {
    std::uint32_t complete = 0;
    std::uint32_t completed = 0;
  };

  void scraped(counts now, counts before, std::uint64_t now_ms, const rules& r) {
    if (!scraped_ && now.completed == 0 && now.complete <= r.first_suspects) {
      unproven_ = now.complete;
      since_ms_ = now_ms;
    } else if (scraped_ && now.complete > before.complete) {
      const auto finished = now.completed - std::min(now.completed, before.completed);
      const auto fresh = now.complete - before.complete;
      if (fresh > finished) {
        unproven_ += fresh - finished;
        since_ms_ = now_ms;
      }
    }
    if (now_ms - since_ms_ > r.suspect_s * std::uint64_t{1000}) unproven_ = 0;
    unproven_ = std::min(unproven_, now.complete);
    scraped_ = true;
  }

  std::uint32_t unproven() const { return unproven_; }

private:
  std::uint64_t since_ms_ = 0;
  std::uint32_t unproven_ = 0;
  /// There was a scrape before: what came since can be told from what was there.
  bool scraped_ = false;
};

} // namespace interswarm::bittorrent
