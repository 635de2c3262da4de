#pragma once

#include "actors/storage/node_board.hpp"
#include "actors/storage/repair_plan.hpp"
#include "modes/compare/sim/piece_cache.hpp"
#include "modes/compare/sim/swarms.hpp"

#include <deque>

namespace interswarm::compare {

/// What the SOA model takes from the live nodes' actors (actors/storage/*, actors/services/*).
namespace soa_limits {

/// storage_network_options::ask_every, repairer_options, repairer's retry_looks, chunks_at_once.
inline constexpr double ask_every_s = 2;
inline constexpr double look_every_s = 5;
inline constexpr double retry_after_s = 10 * look_every_s;
inline constexpr std::size_t copies_at_once = 4;
inline constexpr std::size_t names_at_once = 512;
/// pull_work: reads_in_flight, pause.
inline constexpr std::size_t pulls_at_once = 4;
inline constexpr double pull_pause_s = 1;
/// stored_source: ahead_chunks.
inline constexpr std::uint32_t ahead_chunks = 3;
/// A read that nobody could answer is tried again with the gateway's tick; a standing node looks
/// for what it should offer so often.
inline constexpr double read_again_s = 0.5;
inline constexpr double stand_every_s = 10;
/// Nodes of one size: what they weigh in placement.
inline constexpr std::uint64_t quota_bytes = std::uint64_t{1} << 44;

} // namespace soa_limits

/// Told when a chunk can be read that could not before.
class chunk_watcher {
public:
  virtual void chunk_here(content_id c, std::uint32_t chunk) = 0;

protected:
  ~chunk_watcher() = default;
};

/// The storage network as its service node sees it, which stands beside the first storage node:
/// which copies lie where, how contents come in (published before the run, or pulled from their
/// origin when they are first read) and how copies are made again. Where a chunk goes and what a
/// repair does, storage::node_board and storage::repair_plan decide. A chunk is 4 MiB, or a piece
/// where that is larger.
class soa_store final : public event_owner, public transfer_owner {
public:
  soa_store(world& w, transport& t, swarms& s);

  void begin();
  void watch(chunk_watcher& w) { watcher_ = &w; }
  /// Storage node `i` is away with what it keeps, or is there again.
  void went_down(std::size_t i);
  void came_up(std::size_t i);

  std::uint32_t chunk_of(content_id c, std::uint32_t piece) const;
  std::uint32_t chunks(content_id c) const;
  std::uint64_t chunk_bytes_of(content_id c, std::uint32_t chunk) const;
  bool has(content_id c, std::uint32_t chunk, std::size_t i) const;
  /// Whether it was ever put.
  bool is_stored(content_id c, std::uint32_t chunk) const {
    return !copies_[c].empty() && !copies_[c][chunk].empty();
  }
  /// Pulls the content from its origin, unless that was begun before.
  void pull(content_id c);

  std::uint64_t stored() const { return stored_; }
  std::uint64_t duplicates() const { return stored_ - distinct_; }
  /// Copies of chunks that should be on nodes that are there, and are not.
  std::uint32_t missing_copies();
  /// What a storage node tells when it joins.
  static msg::storage_state state_of(const world& w, std::size_t i);

  void happen(const occasion& o) override;
  void ended(transfer_id id, std::uint64_t received, bool whole) override;

private:
  enum event : std::uint32_t { ask, look, pull_again };
  enum work : std::uint32_t { pulling, copying, repairing };
  struct put_job {
    content_id content = 0;
    std::uint32_t chunk = 0;
    std::size_t to = 0;
  };
  struct pulled {
    bool begun = false;
    std::uint32_t next = 0;
    std::size_t flying = 0;
    /// Chunks that were interrupted, and how much of them is missing.
    std::vector<std::pair<std::uint32_t, std::uint64_t>> again;
  };

  /// The first piece of a chunk.
  std::uint32_t first_piece(content_id c, std::uint32_t chunk) const;
  storage::instant clock() const;
  void publish(content_id c);
  void put(content_id c, std::uint32_t chunk, std::size_t i);
  void copy_on(content_id c, std::uint32_t chunk, std::size_t from);
  void pull_more(content_id c);
  void ask_nodes();
  // soa_repair.cpp
  void look_at_nodes();
  void begin_pass();
  void put_more();
  void order(content_id c, const storage::repair_plan& plan,
             const std::vector<std::size_t>& members);

  world& world_;
  transport& transport_;
  swarms& swarms_;
  chunk_watcher* watcher_ = nullptr;
  storage::node_board board_{storage::node_board::timing{}};
  /// By content and chunk: storage nodes that have it. Empty for what is not published.
  std::vector<std::vector<std::vector<std::uint16_t>>> copies_;
  std::map<content_id, pulled> pulls_;
  std::uint64_t stored_ = 0;
  std::uint64_t distinct_ = 0;
  std::uint32_t missing_ = 0;
  bool changed_ = true;
  // The repair.
  flow_network::link repair_link_;
  std::vector<char> signature_;
  std::deque<put_job> puts_;
  std::size_t putting_ = 0;
  bool passing_ = false;
  bool left_something_ = false;
  moment retry_at_ = never;
  /// What each transfer is for.
  std::vector<put_job> jobs_;
};

} // namespace interswarm::compare
