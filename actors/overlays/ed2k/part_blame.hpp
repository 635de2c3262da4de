#pragma once

#include "actors/overlays/ed2k/block_scheduler.hpp"
#include "schema/base/hash.hpp"
#include "schema/ed2k/geometry.hpp"

#include <map>
#include <optional>
#include <span>
#include <vector>

namespace interswarm::ed2k {

/// Who sent which block of the parts under way, and what follows when a part fails its MD4: which
/// blocks are dropped and who is to blame.
class part_blame {
public:
  struct finding {
    /// To be dropped and fetched again.
    std::vector<byte_range> drop;
    /// Sent bytes that are surely wrong.
    std::vector<source_id> culprits;
  };

  explicit part_blame(std::uint64_t size) : size_(size) {}

  /// `run`: a block or a run of one.
  void received(const byte_range& run, source_id from);
  std::optional<source_id> giver(const byte_range& block) const;

  /// The part hashed right. `part` are its bytes: when it had failed before, the blocks that differ
  /// now convict who sent them then.
  finding good(std::uint64_t part, byte_view data);
  /// The part hashed wrong and nothing smaller is known: all of it goes. A single giver is a
  /// culprit; else the digests are kept, to compare them with the right part.
  finding bad(std::uint64_t part, byte_view data);
  /// The part hashed wrong and its AICH leaves are known: just the blocks that differ go, and who
  /// sent them is a culprit. No block differing means the leaves are those of another content:
  /// nothing is found.
  finding bad_with_leaves(std::uint64_t part, byte_view data, std::span<const sha1_digest> leaves);
  /// Every giver of the bytes of `range`, for a reader's own verdict.
  std::vector<source_id> givers(const byte_range& range) const;

private:
  struct suspect {
    std::uint64_t block = 0;
    sha1_digest digest{};
    source_id from = 0;
  };

  std::uint64_t size_;
  std::map<std::uint64_t, source_id> givers_;
  std::map<std::uint64_t, std::vector<suspect>> failed_;
};

} // namespace interswarm::ed2k
