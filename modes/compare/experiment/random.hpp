#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace interswarm::compare {

// The standard library's generators are defined to the bit, but not its distributions: these give
// the same plan everywhere.

/// splitmix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
class splitmix64 {
public:
  explicit splitmix64(std::uint64_t state) : state_(state) {}
  std::uint64_t next();

private:
  std::uint64_t state_;
};

/// xoshiro256** 1.0: Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018.
/// The state is not all zero.
class xoshiro256ss {
public:
  explicit xoshiro256ss(const std::array<std::uint64_t, 4>& state) : state_(state) {}
  std::uint64_t next();

private:
  std::array<std::uint64_t, 4> state_;
};

/// What numbers are drawn for. Each has streams of its own, so that changing one thing of an
/// experiment leaves what is drawn for the others as it was: two settings of a sweep differ by
/// their setting and not by chance (common random numbers). Values are never reused.
enum class concern : std::uint8_t {
  size = 1,         // of content a
  home = 2,         // order in which contents get the overlay that holds them
  overlap = 3,      // order in which contents are held in several
  other_home = 4,   // which others: content a, overlay b
  published = 5,    // order in which contents are published
  holder = 6,       // peers that hold content a in overlay b
  place = 7,        // order in which peers of overlay b get domains
  bandwidth = 8,    // ... get bandwidths
  nat = 9,          // ... are behind a NAT
  at_start = 10,    // whether and how long peer a of overlay b is online at first
  session = 11,     // how long peer a of overlay b is online each time
  pause = 12,       // ... is away each time
  arrival = 13,     // when peer a of overlay b asks
  choice = 14,      // for what, see `draw_requests`
  crowd = 15,       // when peers of a flash crowd ask
  crowd_order = 16, // who does
  trace = 17,       // who asks in row a of a trace
  client = 18       // order in which peers of overlay b get real clients
};

/// One number, all of whose bits depend on all of the arguments' bits.
std::uint64_t random_key(std::uint64_t seed, concern what, std::uint64_t a = 0,
                         std::uint64_t b = 0);

/// Numbers for one concern and what its `a` and `b` name.
class random_stream {
public:
  random_stream(std::uint64_t seed, concern what, std::uint64_t a = 0, std::uint64_t b = 0);

  std::uint64_t next() { return source_.next(); }
  /// Above 0 and below 1.
  double uniform();
  /// 0 to n - 1, each with the same probability within n / 2^52. Grows with what `uniform` gave.
  std::uint64_t below(std::uint64_t n);

private:
  xoshiro256ss source_;
};

/// 0 to n - 1 in a random order. What a larger n adds comes in between: the order of the others is
/// the same.
std::vector<std::uint32_t> random_order(std::uint64_t seed, concern what, std::uint64_t b,
                                        std::uint32_t n);

} // namespace interswarm::compare
