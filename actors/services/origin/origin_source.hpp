#pragma once

#include "actors/services/origin/origin_hub.hpp"
#include "schema/source.gen.hpp"

#include <mutex>

namespace interswarm::origin {

/// One mirror of a content.
struct origin_url {
  std::string url{};
  /// Extra request headers, such as credentials: sent to this URL's server only, never shown.
  std::vector<request_header> headers{};
};

struct origin_request {
  /// Mirrors of the very same bytes, in the provider's order; 1 to `limits::mirrors`.
  std::vector<origin_url> urls{};
};

/// A pull as a status display and the publisher see it.
struct pull_state {
  /// `msg::unknown_size` until learned.
  std::uint64_t size = 0;
  learned_content learned{};
  /// Content bytes that came and were of use, and those that came and were not: thrown away after
  /// a break of an origin without ranges, or come twice.
  std::uint64_t received = 0;
  std::uint64_t discarded = 0;
  std::uint64_t requests = 0;
  /// What the user should know, or empty: which mirrors are left out and why, which have no ranges.
  std::string note{};
  /// What each mirror last did.
  std::string mirrors{};
  /// Why nothing will ever come.
  std::optional<error> failed{};
};

/// Written by the pull, read from any thread.
class pull_report {
public:
  pull_state get() const {
    const std::lock_guard guard(mutex_);
    return state_;
  }
  void set(pull_state s) {
    const std::lock_guard guard(mutex_);
    state_ = std::move(s);
  }

private:
  mutable std::mutex mutex_;
  pull_state state_;
};

struct origin_pull {
  msg::source_actor source;
  std::shared_ptr<const pull_report> report;
};

/// A content source over the mirrors, on the hub's loop; it begins to ask at once and ends with the
/// last handle. Fails `malformed` or `too_large` for URLs and headers that cannot be used.
///
/// What a reader should know beyond the interface: nothing is verified (an origin has no hashes);
/// each byte is kept until the first read that holds it is answered, then it would have to be
/// fetched again. An origin that gives no size: `info` says `unknown_size` until the end has come;
/// a read that passes the end fails `malformed` then, `info` tells the size, and the bytes before
/// the end can still be read.
result<origin_pull> spawn_origin_source(std::shared_ptr<origin_hub> hub, origin_request request);

} // namespace interswarm::origin
