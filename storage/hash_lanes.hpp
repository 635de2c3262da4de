#pragma once

#include "storage/content_hashes.hpp"

#include <memory>

namespace interswarm {

/// One hash function over one content, fed with blocks. A lane touches nothing but its own state.
class hash_lane {
public:
  /// All blocks but the last have this length.
  static constexpr std::size_t block_size = std::size_t{128} << 10;

  virtual ~hash_lane() = default;
  /// Whether blocks must come one after the other; else any threads may bring any blocks at once.
  virtual bool in_order() const = 0;
  virtual void consume(std::uint64_t offset, byte_view block) = 0;
  /// Called once, after every block; `out.size` is set. Lanes are finished in the order they were
  /// made.
  virtual void finish(content_hashes& out) = 0;
};

/// The lanes that `plan` needs. Lists of independent units (ed2k parts, v1 pieces, AICH leaves) are
/// dealt out to `stride` lanes each, so that more than one thread can work on them.
std::vector<std::unique_ptr<hash_lane>> make_hash_lanes(const hash_plan& plan, unsigned stride);

} // namespace interswarm
