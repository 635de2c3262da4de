#pragma once

#include "schema/base/endpoint.hpp"

#include <vector>

namespace interswarm::runtime {

/// Bounds how often one IPv4 address or IPv6 /64 may ask: a fixed table of token buckets. Two
/// addresses that meet in a slot push each other out, which errs on the generous side. For one
/// thread.
class address_limiter {
public:
  /// `per_second` 0 = no limit. Bursts of two seconds' worth pass.
  address_limiter(std::uint32_t per_second, std::size_t slots, std::uint64_t seed);

  bool admit(const ip_address& from, std::uint64_t now_ms);

private:
  struct bucket {
    std::uint64_t group = 0;
    std::uint64_t at_ms = 0;
    double tokens = 0;
  };

  std::uint32_t per_second_;
  std::uint64_t seed_;
  std::vector<bucket> buckets_;
};

} // namespace interswarm::runtime
