#pragma once

#include "actors/overlays/bittorrent/seed_doubt.hpp"
#include "actors/overlays/bittorrent/swarm_store.hpp"
#include "schema/bittorrent/tracker.hpp"

#include <deque>
#include <unordered_map>
#include <unordered_set>

namespace interswarm::bittorrent {

/// How a registrar treats a foreign tracker. Times in seconds.
struct registrar_timing {
  /// Between two scrapes of a followed name; a tracker's own `min_request_interval` counts where it
  /// is longer.
  std::uint32_t scrape_interval_s = 30;
  /// Names that were followed newly (linked or imported a moment ago) are looked at more often for
  /// a while: whoever linked them waits.
  std::uint32_t fresh_interval_s = 5;
  std::uint32_t fresh_s = 120;
  /// Names in one scrape; at most 74.
  std::uint32_t scrape_names = 50;
  /// A name that is sought with fewer sources among others than this is a demand.
  std::uint32_t min_sources = 1;
  /// Announce interval where the tracker gives none, and what its own is cut to at most.
  std::uint32_t default_interval_s = 1800;
  std::uint32_t longest_interval_s = 7200;
  /// Two announces of one name are never closer than this.
  std::uint32_t shortest_interval_s = 15;
  /// How long we stay entered as a seeker after the last `find` of a name.
  std::uint32_t seek_linger_s = 600;
  seed_doubt::rules doubt{};
  /// Tries at an unreachable tracker: the first pause, doubled up to the longest.
  std::uint32_t first_pause_s = 5;
  std::uint32_t longest_pause_s = 300;
};

/// What a registrar wants of one foreign tracker over one address family, and when. No clock, no
/// socket: wishes and answers go in with the time, requests and news come out of `take`.
class registrar_desk {
public:
  struct self {
    peer_id id{};
    std::uint32_t key = 0;
    std::uint16_t port = 0;
    /// Addresses under which the tracker may list ourselves.
    std::vector<ip_address> addresses;
  };
  registrar_desk(registrar_timing timing, self own, bool can_scrape);

  // Wishes.

  /// Replaces the names that are scraped.
  void follow(const std::vector<info_hash>& names, std::uint64_t now_ms);
  /// Keeps us entered with `left` bytes missing, until as many `withdraw` as `enter` came.
  void enter(const info_hash& name, std::uint64_t left, std::uint64_t now_ms);
  void withdraw(const info_hash& name, std::uint64_t now_ms);
  /// Peers of a name: a `settled` follows, at once where the last answer is young enough.
  void seek(const info_hash& name, std::uint32_t want, std::uint64_t now_ms);
  /// One scrape beside the rounds: each name comes out as `looked`, answered or not.
  void look(const std::vector<info_hash>& names, std::uint64_t now_ms);
  /// Everything is withdrawn; what `take` gives then are the farewells.
  void leave(std::uint64_t now_ms);

  // What comes out.

  enum class kind : std::uint8_t { announce, scrape };
  struct task {
    std::uint64_t id = 0;
    kind what = kind::announce;
    announce_request announce;
    std::string tracker_id;
    std::vector<info_hash> names;
  };
  /// The outcome of an announce, for whoever waits for that name.
  struct settled {
    info_hash name{};
    /// `denied` when the tracker refused, `unavailable` when it cannot be reached.
    std::optional<error> failure;
  };
  struct news {
    std::vector<task> tasks;
    std::vector<settled> outcomes;
    std::vector<swarm_status> demands;
    /// Names whose scrape has ended, well or not.
    std::vector<info_hash> looked;
    /// Now and then a line for the log: the tracker cannot be reached, or can again.
    std::string status_line;
  };
  news take(std::uint64_t now_ms);

  // Answers to tasks; an unknown id is passed over.

  void announced(std::uint64_t id, const announce_response& r, std::uint64_t now_ms);
  void scraped(std::uint64_t id, const scrape_response& r, std::uint64_t now_ms);
  /// No answer: `reason` is one line.
  void failed(std::uint64_t id, const std::string& reason, std::uint64_t now_ms);

  // State.

  struct standing {
    bool in_force = false;
    /// The tracker's last word, or why there is none.
    std::string note;
  };
  standing standing_of(const info_hash& name) const;
  /// From the last announce, without ourselves.
  std::vector<tracker_peer> peers_of(const info_hash& name) const;
  /// From the last scrape or announce, without ourselves.
  swarm_status status_of(const info_hash& name) const;
  bool reachable() const { return failures_ == 0; }

private:
  struct entry {
    std::uint32_t keepers = 0;
    std::uint64_t left = 0;
    /// As the tracker knows us.
    std::uint64_t told_left = 0;
    std::uint64_t due_ms = 0;
    std::uint64_t answered_ms = 0;
    std::uint64_t sought_until_ms = 0;
    std::uint32_t want = 0;
    std::uint32_t min_interval_s = 0;
    std::uint32_t refusals = 0;
    bool started = false;
    bool completed = false;
    bool in_flight = false;
    bool in_force = false;
    bool seeking = false;
    std::string note;
    std::vector<tracker_peer> peers;
  };
  struct known {
    swarm_status status;
    std::uint64_t demanded_ms = 0;
    /// Who is doubted counts as a seeker in demands, and as told in all else.
    seed_doubt doubt;
  };
  struct hash_of {
    std::size_t operator()(const info_hash& h) const noexcept;
  };

  bool is_wanted(const entry& e, std::uint64_t now_ms) const;
  /// What is told to be missing: trackers give seeds no seeds, and who seeks wants them, though it
  /// serves the content from elsewhere meanwhile.
  static std::uint64_t left_of(const entry& e, std::uint64_t now_ms);
  void add_announce(const info_hash& name, entry& e, announce_event event, std::uint64_t now_ms,
                    news& out);
  void add_announces(std::uint64_t now_ms, std::size_t limit, news& out);
  void add_fresh(std::uint64_t now_ms, std::size_t limit, news& out);
  void add_scrapes(std::uint64_t now_ms, std::size_t limit, news& out);
  bool is_self(const endpoint& e) const;
  void learn(const info_hash& name, std::uint32_t seeders, std::uint32_t leechers,
             std::uint32_t completed, std::uint64_t now_ms);
  template <class Iterator>
  void add_scrape(Iterator begin, Iterator end, news& out);
  void suspect(const info_hash& name, std::uint32_t seeders, std::uint32_t completed,
               std::uint64_t now_ms);
  void reached();
  void refused(entry& e, const tracker_failure& f, std::uint64_t now_ms);
  bool has_room(std::size_t limit) const { return in_flight_.size() < limit; }

  registrar_timing timing_;
  self own_;
  bool can_scrape_;
  std::unordered_map<info_hash, entry, hash_of> entries_;
  std::unordered_map<info_hash, known, hash_of> known_;
  std::vector<info_hash> followed_;
  std::unordered_set<info_hash, hash_of> followed_set_;
  std::size_t next_followed_ = 0;
  struct fresh_name {
    info_hash hash{};
    std::uint64_t since_ms = 0;
  };
  /// The latest of them, no more than fit one scrape.
  std::deque<fresh_name> fresh_;
  std::uint64_t fresh_round_ms_ = 0;
  bool following_ = false;
  std::vector<info_hash> asked_;
  std::uint64_t scrape_round_ms_ = 0;
  std::uint32_t tracker_scrape_interval_s_ = 0;
  std::unordered_map<std::uint64_t, task> in_flight_;
  std::uint64_t next_id_ = 1;
  std::string tracker_id_;
  std::uint32_t failures_ = 0;
  std::uint64_t retry_ms_ = 0;
  news waiting_;
};

} // namespace interswarm::bittorrent
