#pragma once

#include "actors/overlays/ppsp/tracker_contacts.hpp"
#include "actors/overlays/ppsp/tracker_options.hpp"
#include "actors/overlays/ppsp/tracker_states.hpp"
#include "schema/ppsp/tracker_response.hpp"

#include <list>
#include <memory>

namespace interswarm::ppsp {

struct tracked_swarm {
  bytes id;
  /// Without this node's own peer. `sources` are seeders that can be reached.
  std::uint32_t seeders = 0;
  std::uint32_t sources = 0;
  std::uint32_t leechers = 0;
  /// Peers that were leeches of it and came back as seeders.
  std::uint32_t completed = 0;
  bool own = false;
  bool known = false;
};

struct tracker_totals {
  std::uint64_t swarms = 0;
  /// Registered and tracked ones.
  std::uint64_t registered = 0;
  std::uint64_t tracking = 0;
  /// About; what max_memory_bytes bounds.
  std::uint64_t memory_bytes = 0;
  /// What peers reported; never more than 2^64 - 1.
  std::uint64_t uploaded_bytes = 0;
  std::uint64_t downloaded_bytes = 0;
};

/// The state of a tracker (RFC 7846): peers, swarms, timers, and what is answered. No clock, no
/// socket, no JSON; for one thread. `now_ms` is any steady clock that starts at a minute or more.
///
/// A peer id is shown to others, so it proves nothing: requests in the name of a known one are
/// forbidden (03) unless they come from the address (IPv6: the /64) that it was registered from, or
/// are `trusted`.
class tracker_book {
public:
  /// `secret` keys the hash tables; it must not be known outside.
  tracker_book(tracker_book_options options, own_party own, std::array<std::uint64_t, 2> secret);
  ~tracker_book();
  tracker_book(const tracker_book&) = delete;
  tracker_book& operator=(const tracker_book&) = delete;

  struct asker {
    ip_address seen;
    /// Our address as the asker knows it: stands in for an own peer that listens anywhere.
    ip_address local{};
    bool trusted = false;
  };
  /// Answers a request and does what it says. `refused`: what the credentials said, one for each
  /// action of a CONNECT, one for the others; empty: nothing is refused. A CONNECT that is refused
  /// in part is successful, each result for itself; a retry, known by its transaction id and
  /// actions, changes nothing and is answered as the first was, with peers of now.
  tracker_response answer(const tracker_request& r, const asker& from,
                          std::span<const tracker_error> refused, std::uint64_t now_ms,
                          std::uint64_t random);

  struct found_peer {
    endpoint at;
    std::string peer_id;
  };
  /// Peers without entering anybody, seeders first; never our own.
  tracked_swarm find(byte_view swarm_id, std::size_t want, std::uint64_t random,
                     std::vector<found_peer>& peers) const;
  tracked_swarm status(byte_view swarm_id) const;

  /// Enters this node's own peer, or says anew as what; never a source. `denied` by the lists,
  /// `no_room` where the tables are full.
  result<void> enter_own(byte_view swarm_id, bool seeder);
  void withdraw_own(byte_view swarm_id);

  /// Swarms with demand since the last call, at most `limit`.
  std::vector<tracked_swarm> take_demands(std::size_t limit);
  bool has_demands() const { return !demands_.empty(); }
  /// Called when demands begin to wait.
  void on_demand(std::function<void()> wake) { wake_ = std::move(wake); }

  /// Forgets peers whose timer ran out, and in about `count` swarms empty ones; repeats lasting
  /// demands there. Calls in a row go round. At most `count` peers of each timer.
  void sweep(std::uint64_t now_ms, std::size_t count);

  /// Replace the lists; swarms that are not allowed any more are dropped at once. `too_large` above
  /// `tracker_limits::listed_names`.
  result<void> set_allowed(const std::vector<bytes>& swarms);
  result<void> set_denied(const std::vector<bytes>& swarms);

  /// START for a peer id that is not known.
  tracker_state state_of(std::string_view peer_id) const;
  tracker_totals totals() const;
  const tracker_book_options& options() const { return options_; }

private:
  struct membership;
  struct peer;
  struct swarm;
  struct tables;

  tracker_response connect(const tracker_request& r, const asker& from,
                           std::span<const tracker_error> refused, std::uint64_t now_ms,
                           std::uint64_t random);
  tracker_response find(const tracker_request& r, const asker& from,
                        std::span<const tracker_error> refused, std::uint64_t now_ms,
                        std::uint64_t random);
  tracker_response report(const tracker_request& r, const asker& from,
                          std::span<const tracker_error> refused, std::uint64_t now_ms);
  /// The results of the actions; makes the peer where the first swarm takes it.
  std::vector<tracker_error> act(peer*& p, const tracker_request& r, const asker& from,
                                 std::span<const tracker_error> refused, std::uint64_t now_ms);
  std::vector<tracker_error> act_again(const peer& p, const connect_request& c) const;
  tracker_error join(peer*& p, const std::string& peer_id, const swarm_action& a, const asker& from,
                     std::uint64_t now_ms);
  void renew(peer& p, const connect_request& c, const asker& from);
  void note(swarm_result& out, peer& p, const swarm& s, bool seeder,
            const std::optional<peer_num>& numbers, const asker& from, std::uint64_t random);
  std::vector<tracker_peer> choose(const swarm& s, const peer& p, bool seeder, std::size_t want,
                                   const asker& from, std::uint64_t random) const;
  std::optional<tracker_peer> own_peer(const swarm& s, bool seeder, const asker& from,
                                       const peer_reach& reach) const;
  tracker_error refusal_of(byte_view swarm_id) const;
  void drop_refused();
  void demand(swarm& s, std::uint64_t now_ms);
  std::uint64_t mark_of(const tracker_request& r, const connect_request& c) const;
  bool speaks_for(const peer& p, const asker& from) const;

  tracker_book_options options_;
  own_party own_;
  std::unique_ptr<tables> tables_;
  std::vector<tracked_swarm> demands_;
  std::function<void()> wake_;
  std::uint64_t uploaded_bytes_ = 0;
  std::uint64_t downloaded_bytes_ = 0;
};

} // namespace interswarm::ppsp
