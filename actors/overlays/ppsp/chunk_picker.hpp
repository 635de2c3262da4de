#pragma once

#include "actors/overlays/ppsp/instant.hpp"
#include "schema/ppsp/chunk_address.hpp"
#include "storage/range_set.hpp"

#include <map>
#include <optional>
#include <vector>

namespace interswarm::ppsp {

using peer_number = std::uint32_t;

/// Which chunks are asked of which peer next. Urgent ones go first and in order, as a player needs
/// them; the others by group (64 chunks, the smallest subtree that is kept), those that the fewest
/// peers have first. Nothing is asked for that nobody wants. A chunk is asked of one peer at a
/// time, but an urgent one also of a second when the first takes longer than its time.
class chunk_picker {
public:
  enum class tier : std::uint8_t { urgent, asked };
  static constexpr std::uint64_t group_chunks = 64;

  void want(const chunk_range& r, tier at);
  /// Nobody waits for these any more. What is under way stays so until it comes or is late.
  void unwant(const chunk_range& r);
  /// Verified, or lost again.
  void hold(const chunk_range& r);
  void lose(const chunk_range& r);
  const range_set& held() const { return held_; }

  void add_peer(peer_number p);
  void remove_peer(peer_number p);
  /// The peer's HAVE.
  void peer_has(peer_number p, const chunk_range& r);
  const range_set& haves_of(peer_number p) const;
  /// A live peer's discard window moved: it has nothing before `chunk`.
  void peer_dropped(peer_number p, std::uint64_t before);

  /// Up to `most` chunks for the peer to send, which count as asked of it from `now` on and are due
  /// at `due`.
  std::vector<chunk_range> assign(peer_number p, std::uint64_t most, instant now, instant due);
  /// Asked of this peer and not come.
  std::uint64_t under_way(peer_number p) const;
  /// The peer will not send what was asked of it (CHOKE).
  void release(peer_number p);
  /// Chunks whose time is over: they are free to be asked for again. The peers that owe them, each
  /// with how many.
  std::vector<std::pair<peer_number, std::uint64_t>> late(instant now);
  /// When `late` has something next.
  std::optional<instant> next_late() const;
  /// Peers beside `but` of which these chunks were asked: they get a CANCEL.
  std::vector<peer_number> owing(const chunk_range& r, peer_number but) const;

  bool wants_anything() const;

private:
  struct batch {
    range_set chunks;
    instant asked{};
    instant due{};
  };
  struct peer {
    range_set has;
    std::vector<batch> asked;
  };

  std::uint64_t take(const range_set& candidates, std::uint64_t most,
                     std::vector<chunk_range>& into) const;
  range_set others_owe(peer_number but, instant now) const;
  std::size_t holders(std::uint64_t group) const;
  void came(const chunk_range& r);

  range_set urgent_;
  range_set asked_;
  range_set held_;
  std::map<peer_number, peer> peers_;
};

} // namespace interswarm::ppsp
