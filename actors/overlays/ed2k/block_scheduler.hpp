#pragma once

#include "actors/overlays/ed2k/instant.hpp"
#include "schema/ed2k/geometry.hpp"
#include "storage/range_set.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace interswarm::ed2k {

using source_id = std::uint64_t;

/// Which block is fetched from which source next. Wanted are, in this order: urgent ranges, other
/// ranges that a reader asked for, and what lies ahead of sequential readers; nothing else is ever
/// fetched. Within one tier blocks go in order of the asking, so a reader's first byte comes first;
/// where a reader wants a whole run at once, parts that fewer sources have come first. No block is
/// fetched twice, unless everything wanted is under way (end-game).
class block_scheduler {
public:
  enum class tier : std::uint8_t { urgent, asked, ahead };

  explicit block_scheduler(std::uint64_t size) : size_(size) {}

  /// Wants `range`; wanting again at a higher tier moves it up. Bytes that are held are passed
  /// over.
  void want(const byte_range& range, tier at);
  /// Drops everything wanted at `ahead`, before it is set anew.
  void clear_ahead() { ahead_.clear(); }
  /// Stops wanting what no reader waits for any more.
  void unwant(const byte_range& range);
  bool wants_anything() const;

  /// `part_status` of a source: whether it has the part.
  void add_source(source_id source, std::function<bool(std::uint64_t part)> has_part);
  /// Its blocks go back; so for a stalled source.
  void release(source_id source);
  void remove_source(source_id source);
  /// Blocks of its own choosing that the source will never be asked for again (it sent them wrong).
  void avoid(source_id source, const byte_range& range);

  /// From now on `part` comes from one source alone, whichever is assigned a block of it first, so
  /// that a second failure of its hash has one culprit. Ends with `shared`, and is handed on when
  /// that source is released or removed.
  void alone(std::uint64_t part) { alone_[part] = std::nullopt; }
  void shared(std::uint64_t part) { alone_.erase(part); }

  /// The next block for a source, which it now holds; nothing when it has none that is wanted.
  std::optional<byte_range> assign(source_id source);
  /// `run`, a block or a run of one, came. When its block is whole: the other sources that were
  /// fetching it too.
  std::vector<source_id> received(source_id source, const byte_range& run);
  /// Bytes turned out wrong: they are no longer held and are wanted again at `at`.
  void lost(const byte_range& range, tier at);

  const range_set& held() const { return held_; }
  /// Marks bytes as held that came from elsewhere.
  void hold(const byte_range& range) { held_.add(range); }
  bool under_way(const byte_range& block) const { return fetchers_.contains(block.begin); }
  std::uint64_t size() const { return size_; }

private:
  struct source_state {
    std::function<bool(std::uint64_t)> has_part;
    range_set avoided;
  };

  std::optional<byte_range> pick(source_id source, const source_state& s,
                                 std::size_t fetchers_allowed) const;
  std::optional<byte_range> pick_from(const range_set& wanted, source_id source,
                                      const source_state& s, std::size_t fetchers_allowed) const;
  bool may_fetch(source_id source, const source_state& s, const byte_range& block,
                 std::size_t fetchers_allowed) const;
  std::size_t holders(std::uint64_t part) const;

  std::uint64_t size_;
  range_set held_;
  // Urgent and asked ranges keep the order of the asking; ahead goes upward.
  std::deque<byte_range> urgent_;
  std::deque<byte_range> asked_;
  range_set ahead_;
  std::map<source_id, source_state> sources_;
  std::map<std::uint64_t, std::vector<source_id>> fetchers_;
  std::map<std::uint64_t, std::optional<source_id>> alone_;
};

} // namespace interswarm::ed2k
