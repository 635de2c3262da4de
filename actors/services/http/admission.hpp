#pragma once

#include "schema/base/endpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace interswarm::http {

/// Counts connections, in total and by address. Of IPv6 a /64 counts as one address: that is what
/// one household gets.
class admission {
public:
  admission(std::size_t total, std::size_t per_address)
      : total_limit_(total), per_address_limit_(per_address) {}

  /// False: there are too many; then `leave` must not follow.
  bool enter(const ip_address& from);
  void leave(const ip_address& from);
  std::size_t total() const { return total_; }

private:
  std::size_t total_limit_;
  std::size_t per_address_limit_;
  std::size_t total_ = 0;
  std::unordered_map<ip_address, std::size_t> by_address_;
};

/// Keeps one connection to a rate. A second's worth may go at once.
class pacer {
public:
  /// Bytes a second; 0: no limit.
  explicit pacer(std::uint64_t rate) : rate_(rate) {}

  /// Bytes that one write may have at most, so that a slow rate does not come in lumps.
  std::size_t write_limit(std::size_t limit) const;
  /// Microseconds to wait after so many bytes were written at `now_us` of a steady clock.
  std::uint64_t wait_us(std::uint64_t bytes, std::uint64_t now_us);

private:
  std::uint64_t rate_;
  /// When all that was written would have been at just the rate.
  std::uint64_t due_us_ = 0;
};

} // namespace interswarm::http
