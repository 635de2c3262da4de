#pragma once

#include "actors/bridge/policy.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace interswarm::bridge {

/// Monotonic time, handed in by whoever has a clock.
using instant = std::chrono::steady_clock::time_point;

/// What the choice looks at of one offer.
struct candidate {
  std::string domain;
  std::string overlay;
  std::uint32_t sources = 0;
  double load = 0;
  double price_per_gib = 0;
  bool local = false;
};

/// What is known of how well a domain's overlay delivers.
struct measured {
  /// Exponentially averaged bytes/s while something was asked; 0 = never measured.
  double bytes_per_second = 0;
  /// Recent failures, fading by half each minute.
  double failures = 0;
  instant failures_at{};
};

/// Status management as a plain class: measures the other overlays and orders offers by policy.
class status_board {
public:
  explicit status_board(policy p) : policy_(p) {}

  /// `bytes` were delivered within `took` while at least one read was waiting.
  void delivered(const std::string& domain, const std::string& overlay, std::uint64_t bytes,
                 std::chrono::duration<double> took);
  /// A read failed or made no progress.
  void failed(const std::string& domain, const std::string& overlay, instant now);

  /// Higher is better. Only differences mean something.
  double score(const candidate& c, instant now) const;
  /// Indices of `offers` that policy admits, best first; equal scores keep their order.
  std::vector<std::size_t> rank(const std::vector<candidate>& offers, instant now) const;

  measured look(const std::string& domain, const std::string& overlay) const;

private:
  measured& entry(const std::string& domain, const std::string& overlay);

  policy policy_;
  std::unordered_map<std::string, measured> measured_;
};

} // namespace interswarm::bridge
