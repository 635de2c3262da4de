#pragma once

#include "actors/bridge/demand_desk.hpp"
#include "modes/compare/sim/name_book.hpp"
#include "modes/compare/sim/soa_store.hpp"

namespace interswarm::compare {

/// SOA mode's access nodes: each enters its overlay as a party that has all that is published and
/// has a name there, reads chunks from the storage network when a client asks, and keeps what it
/// read in its cache. What is served when, bridge::demand_desk decides (the storage network is one
/// more overlay, docs/decisions/0112); whom a chunk is read from, storage::node_board and
/// storage::hedged_read.
class soa_access final : public event_owner,
                         public transfer_owner,
                         public supplier,
                         public chunk_watcher {
public:
  soa_access(world& w, transport& t, swarms& s, name_book& names, soa_store& store);

  void begin();
  void went_down(overlay_id o);
  void came_up(overlay_id o);
  void storage_went_down(std::size_t i);
  void storage_came_up(std::size_t i);

  void happen(const occasion& o) override;
  void ended(transfer_id id, std::uint64_t received, bool whole) override;
  bool wanted(member_id m, std::uint32_t piece) override;
  void chunk_here(content_id c, std::uint32_t chunk) override;

private:
  enum event : std::uint32_t { tick, hear, hedge, again };

  /// One chunk that is being read, by whoever wants it.
  struct reading {
    struct way {
      transfer_id moving = nobody;
      std::size_t node = 0;
      moment since = 0;
    };
    bool alive = false;
    std::uint32_t stamp = 0;
    overlay_id overlay = 0;
    content_id content = 0;
    std::uint32_t chunk = 0;
    storage::hedged_read plan{{}};
    std::vector<way> ways;
    /// Pieces that clients wait for.
    piece_set pieces = 0;
    bool is_over = false;
  };
  struct access_node {
    access_node(const bridge::policy& p, std::uint64_t cache_bytes) : desk(p), cache(cache_bytes) {}

    bridge::demand_desk desk;
    storage::node_board board{storage::node_board::timing{}};
    piece_cache cache;
    std::map<content_id, member_id> serving;
    std::map<std::pair<content_id, std::uint32_t>, std::uint32_t> reads;
    /// Where a reader that goes on in order would go on.
    std::map<content_id, std::uint32_t> next;
    /// What counts already in the open gateway's ledger.
    std::map<content_id, piece_set> taken;
  };

  bool reaches(overlay_id o, std::size_t i) const {
    return world_.can_talk(world_.server_of(o), world_.storage(i));
  }
  access_node fresh_node(overlay_id o);
  void stand(overlay_id o);
  void read(overlay_id o, content_id c, std::uint32_t chunk, piece_set pieces);
  void ask_storage(std::uint32_t r);
  void read_done(std::uint32_t r);
  void let_go(std::uint32_t r);
  void enter(overlay_id o, content_id c, std::uint32_t piece);
  std::string key(overlay_id o, content_id c) const;
  bridge::instant clock() const;
  storage::instant milliseconds() const;

  world& world_;
  transport& transport_;
  swarms& swarms_;
  name_book& names_;
  soa_store& store_;
  std::vector<access_node> nodes_; // by overlay
  std::vector<reading> reads_;
  std::vector<std::uint32_t> unused_;
};

} // namespace interswarm::compare
