#pragma once

#include "modes/compare/sim/playback.hpp"
#include "modes/compare/sim/swarm_limits.hpp"
#include "modes/compare/sim/swarm_state.hpp"

#include <deque>
#include <unordered_map>

namespace interswarm::compare {

/// The overlays' own peers: trackers tell them of each other, they connect, wait for their turns,
/// fetch pieces from several, give what they have while they are online, and give up. What is left
/// out: tit for tat, choices by rate, protocol overhead on the links.
class swarms final : public event_owner, public transfer_owner {
public:
  swarms(world& w, transport& t, std::vector<request_record>& records);

  /// The peers come online as the plan says, with what they hold.
  void begin();
  /// The plan's request number `r` is made now.
  void request(std::uint32_t r);

  /// The overlay's server enters as a party that gives all of the content; it dials the seekers.
  member_id serve(overlay_id o, content_id c, supplier& from);
  void withdraw(member_id m);
  void supplied(member_id m, std::uint32_t piece);
  std::size_t clients(member_id m) const;

  /// The overlay's server takes from the swarm what is wanted, until it is dropped.
  download_id fetch(overlay_id o, content_id c, fetch_watcher& w);
  /// `first` comes before `more`. Outside of supplier::wanted, `settle` must follow.
  void want(download_id d, piece_set first, piece_set more);
  /// Nothing but `still` is wanted any more; what is under way comes.
  void want_only(download_id d, piece_set still);
  void drop(download_id d);
  piece_set have(download_id d) const { return members_[downloads_[d].self].have; }
  /// Bytes that came, also of pieces that are not whole yet.
  std::uint64_t arrived(download_id d) const;

  /// What `world` says of a node has changed.
  void went_down(node_id n);
  void came_up(node_id n);

  std::uint32_t seeds(overlay_id o, content_id c) const;
  std::size_t seekers(overlay_id o, content_id c) const;
  /// Downloads that were completed there.
  std::uint32_t completed(overlay_id o, content_id c) const;
  const pieces& cut_of(content_id c) const { return cuts_[c]; }
  const swarm& swarm_of_member(member_id m) const { return swarms_[members_[m].swarm]; }

  struct sums {
    std::uint32_t running = 0;
    std::uint64_t satisfied = 0;
    std::uint64_t failed = 0;
    std::uint64_t received = 0;
    std::uint64_t crossed = 0;
  };
  const sums& so_far() const { return sums_; }
  /// The run is over: what has come of pieces under way counts, and players that stand still have
  /// stood until now.
  void end();

  /// Does what was put off, so that nothing calls itself in the middle of its work.
  void settle();
  void happen(const occasion& o) override;
  void begun(transfer_id id) override;
  void ended(transfer_id id, std::uint64_t received, bool whole) override;

private:
  enum event : std::uint32_t { presence, answered, announcing, connected, patience, turn };

  // swarms.cpp: who is there
  swarm_id swarm_of(overlay_id o, content_id c);
  member_id join(node_id n, swarm_id s, piece_set have);
  void enter(member_id m);
  void leave(member_id m);
  piece_set counted(const member& m) const {
    return m.have | (m.fetching != nobody ? downloads_[m.fetching].begun : 0);
  }
  void change_presence(node_id peer);
  void announce(download_id d);
  void told(download_id d);
  // swarm_downloads.cpp: what is fetched
  download_id new_download(member_id self);
  void resume(download_id d);
  void interrupt(download_id d);
  void stop_seeking(download_id d);
  void credit(download& d, member_id from, std::uint64_t bytes);
  void piece_done(download_id d, std::uint32_t piece, moment begun);
  void finish(download_id d, outcome how);
  void be_patient(download_id d);
  begun_piece* part_of(download& d, std::uint32_t piece);
  void hand_back(download_id d, std::uint32_t piece, std::uint64_t bytes);
  // swarm_connections.cpp: whom it is fetched from
  void look(download_id d);
  void open(download_id d, member_id m);
  void close(download_id d, std::uint32_t c);
  void feed(download_id d, std::uint32_t c, transfer_id again = nobody);
  void feed_from_server(download_id d, std::uint32_t c, transfer_id again);
  void move(download_id d, std::uint32_t c, std::uint32_t piece, std::uint64_t bytes,
            transfer_id again);
  void wait_for(download_id d, member_id m);
  std::size_t most_sources(const download& d) const {
    return d.request == nobody ? swarm_limits::fetch_sources : swarm_limits::peer_sources;
  }
  void serve_waiting(node_id n);
  void end_turn(node_id n);
  void look_later(download_id d);
  void serve_later(node_id n);
  std::size_t slots(node_id n) const;
  // swarm_choice.cpp: which piece
  struct choice {
    std::uint32_t piece = 0;
    std::uint64_t bytes = 0; // 0: none
  };
  piece_set missing(const download& d, const member& m) const;
  bool useful(const download& d, member_id m) const;
  choice choose(download& d, std::uint32_t c, bool may_split);
  choice take_over(download& d, std::uint32_t c, piece_set of);

  world& world_;
  transport& transport_;
  std::vector<request_record>& records_;
  std::vector<pieces> cuts_;
  std::vector<swarm_id> swarm_numbers_; // by overlay and content
  std::deque<swarm> swarms_;
  std::deque<member> members_;
  std::vector<member_id> first_member_; // by node
  std::vector<std::uint32_t> next_presence_;
  std::deque<download> downloads_;
  std::vector<download_id> unused_;
  std::vector<giving> giving_; // by node
  std::deque<shelf> shelves_;
  std::unordered_map<std::uint32_t, playback> players_; // by request
  std::vector<download_id> looks_;
  std::vector<node_id> freed_;
  bool settling_ = false;
  std::uint32_t stamps_ = 0;
  sums sums_;
};

} // namespace interswarm::compare
