#pragma once

#include "schema/base/range.hpp"

namespace interswarm::ppsp {

/// How far to fetch beyond what a reader asks for: further and further while it reads on in order,
/// not at all once it jumps.
class read_ahead {
public:
  explicit read_ahead(std::uint64_t most) : most_(most) {}
  /// What to fetch beyond `range`, not cut to the content.
  byte_range after(const byte_range& range);

private:
  std::uint64_t most_;
  std::uint64_t bytes_ = 0;
  std::uint64_t end_ = 0;
};

} // namespace interswarm::ppsp
