#pragma once

#include "actors/bridge/delivery.hpp"
#include "actors/bridge/demand_desk.hpp"
#include "actors/overlays/bittorrent/seed_doubt.hpp"
#include "modes/compare/sim/bridge_limits.hpp"
#include "modes/compare/sim/piece_cache.hpp"
#include "modes/compare/sim/swarms.hpp"

#include <map>
#include <set>

/// What the bridge model remembers.
namespace interswarm::compare {

/// One crossing: what both ends enter under one receipt.
struct crossing {
  overlay_id from = 0;
  overlay_id to = 0;
  content_id content = 0;
  /// Pieces that count already.
  piece_set taken = 0;
};

/// Who offers a content, as status management sees it.
struct sim_offer {
  overlay_id from = 0;
  bridge::candidate what;
};

/// A search for offers.
struct quest {
  bool alive = false;
  overlay_id into = 0;
  content_id content = 0;
  /// Of the gateway that asks; 0: a demand does.
  std::uint32_t gateway = 0;
  std::uint32_t waits_for = 0;
  std::uint64_t message = 0;
  std::vector<sim_offer> offers;
};

/// A content that a bridge node serves to its overlay while another's fetches it.
struct sim_gateway {
  struct reading {
    std::uint32_t piece = 0;
    bool asked = false;
    transfer_id moving = nobody;
    std::uint32_t crossing = 0;
  };
  std::uint32_t stamp = 0;
  member_id member = nobody;
  bridge::delivery delivery;
  /// Of the last answer: who gives, and under which receipt.
  std::vector<std::uint32_t> givers;
  std::vector<reading> reads;
  bool finding = false;
  bool ticks = false;
  moment find_after = 0;
  moment asked_since = 0;
  std::uint64_t seen = 0;
  std::uint64_t bytes_since_report = 0;
};

/// What a bridge node takes out of its own overlay for others. What came stays on its spool.
struct spooled {
  struct reader {
    overlay_id into = 0;
    std::uint32_t gateway = 0;
    std::uint32_t piece = 0;
  };
  download_id fetch = nobody;
  moment used_at = 0;
  /// Where a reader that goes on in order would go on, and how far ahead of it is fetched.
  std::uint32_t next = 0;
  std::uint64_t ahead = 0;
  std::vector<reader> readers;
};

/// What a tracker said of a swarm last, and who of its seeds is not believed.
struct watched_swarm {
  bittorrent::seed_doubt doubt;
  bittorrent::seed_doubt::counts told;
};

struct bridge_node {
  bridge_node(const bridge::policy& p, std::uint64_t cache_bytes)
      : desk(p), board(p), cache(cache_bytes) {}

  bridge::demand_desk desk;
  bridge::status_board board;
  /// Checked pieces of what it serves.
  piece_cache cache;
  std::map<content_id, sim_gateway> open;
  std::map<content_id, spooled> fetching;
  std::uint64_t spool_bytes = 0;
  /// By content, at a tracker that says who seeks.
  std::vector<watched_swarm> watched;
  /// When its tracker is asked next for all names, and for those that were linked last.
  moment scrape_at = 0;
  moment fresh_at = 0;
  moment fresh_until = bridge_limits::fresh_until_s;
  /// When everything is offered next to a standing overlay.
  moment stand_at = 0;
  /// Crossings of which the giver has not heard all.
  std::vector<std::pair<std::uint32_t, std::uint64_t>> unsettled;
  /// Neighbours with whom something crossed since ledgers were compared.
  std::set<overlay_id> crossed_with;
  std::uint64_t ticks = 0;
};

} // namespace interswarm::compare
