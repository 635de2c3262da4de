#pragma once

#include "schema/base/bytes.hpp"

#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

namespace interswarm::bittorrent {

/// Which pieces are kept in memory, for all served torrents together, within a fixed number of
/// bytes. A piece takes its bytes when its loading is admitted and gives them back when it is
/// dropped; what does not fit waits in line. One piece alone may exceed the budget, else it could
/// never be served.
class piece_cache {
public:
  using key = std::uint64_t;
  static constexpr key key_of(std::uint32_t torrent, std::uint32_t piece) {
    return (key{torrent} << 32) | piece;
  }

  explicit piece_cache(std::uint64_t budget_bytes) : budget_(budget_bytes) {}

  /// The bytes of a loaded piece, marked as used now.
  const slice* find(key k, std::uint64_t now_ms);
  bool known(key k) const { return entries_.count(k) != 0; }

  /// Makes room for a piece somebody waits for. True: load it. False: it is in line and comes out
  /// of `next` later. Not for a piece that is `known`.
  bool admit(key k, std::uint64_t bytes);
  /// The same for a piece that somebody will want soon: only takes room that is free or was not
  /// used for `unused_ms`, and never waits in line.
  bool admit_early(key k, std::uint64_t bytes, std::uint64_t now_ms, std::uint64_t unused_ms);

  /// A piece of `admit` was loaded.
  void store(key k, slice data, std::uint64_t now_ms);
  /// Loading failed, or nobody wants it any more; also takes it out of the line.
  void drop(key k);
  /// The next piece in line that fits now. Ask until nothing comes, after `store` and `drop`.
  std::optional<key> next();
  /// Forgets all of a torrent.
  void drop_torrent(std::uint32_t torrent);

  std::uint64_t used_bytes() const { return used_; }
  std::size_t waiting() const { return line_.size(); }

private:
  struct entry {
    std::uint64_t bytes = 0;
    std::uint64_t used_ms = 0;
    bool loaded = false;
    slice data;
    std::list<key>::iterator age;
  };
  struct waiting_piece {
    key k;
    std::uint64_t bytes;
  };

  bool make_room(std::uint64_t bytes, std::optional<std::uint64_t> used_before_ms);
  void take(key k, std::uint64_t bytes);

  std::uint64_t budget_;
  std::uint64_t used_ = 0;
  std::unordered_map<key, entry> entries_;
  std::list<key> ages_; // loaded pieces, least recently used first
  std::deque<waiting_piece> line_;
};

} // namespace interswarm::bittorrent
