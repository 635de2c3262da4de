#pragma once

#include "modes/compare/experiment/limits.hpp"
#include "modes/compare/plan/plan.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace interswarm::compare {

/// Requests that somebody measured or made up: a text file whose first line is
/// "at,overlay,peer,content" and whose others are a request each, in any order: seconds since the
/// start, the overlay's name, the number of the peer in its overlay (empty: any), the content's
/// number. Empty lines and lines that begin with # are passed over.
struct trace {
  static constexpr std::uint32_t any_peer = static_cast<std::uint32_t>(-1);

  struct row {
    moment at = 0;
    /// In `overlays`.
    std::uint32_t overlay = 0;
    std::uint32_t peer = any_peer;
    content_id content = 0;
    std::uint32_t line = 0;
  };

  std::string file;
  std::vector<std::string> overlays;
  std::vector<row> rows;
};

/// Fails `configuration` with the file, the line and what is wanted; `too_large` with more than
/// `most` requests.
result<trace> parse_trace(std::string_view text, const std::string& file,
                          std::size_t most = limits::trace_rows);
/// The same of a file; fails `io`, too.
result<trace> read_trace(const std::string& file);

} // namespace interswarm::compare
