#include "modes/compare/experiment/random.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace interswarm::compare {

namespace {

xoshiro256ss seeded(std::uint64_t key) {
  // As xoshiro's authors recommend: a generator of another kind fills the state.
  splitmix64 fill(key);
  std::array<std::uint64_t, 4> state{};
  for (auto& word : state) word = fill.next();
  return xoshiro256ss(state);
}

} // namespace

std::uint64_t splitmix64::next() {
  state_ += 0x9E3779B97F4A7C15ull;
  auto z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

std::uint64_t xoshiro256ss::next() {
  auto& s = state_;
  const auto out = std::rotl(s[1] * 5, 7) * 9;
  const auto shifted = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= shifted;
  s[3] = std::rotl(s[3], 45);
  return out;
}

std::uint64_t random_key(std::uint64_t seed, concern what, std::uint64_t a, std::uint64_t b) {
  // Each step is a bijection of what is added, so that no two neighbours share a key.
  auto key = splitmix64(seed).next();
  key = splitmix64(key ^ static_cast<std::uint64_t>(what)).next();
  key = splitmix64(key ^ a).next();
  return splitmix64(key ^ b).next();
}

random_stream::random_stream(std::uint64_t seed, concern what, std::uint64_t a, std::uint64_t b)
    : source_(seeded(random_key(seed, what, a, b))) {}

double random_stream::uniform() { return (static_cast<double>(next() >> 12) + 0.5) * 0x1p-52; }

std::uint64_t random_stream::below(std::uint64_t n) {
  const auto out = static_cast<std::uint64_t>(uniform() * static_cast<double>(n));
  return std::min(out, n - 1);
}

std::vector<std::uint32_t> random_order(std::uint64_t seed, concern what, std::uint64_t b,
                                        std::uint32_t n) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> keys(n);
  for (std::uint32_t i = 0; i < n; ++i) keys[i] = {random_key(seed, what, i, b), i};
  std::sort(keys.begin(), keys.end());
  std::vector<std::uint32_t> out(n);
  for (std::uint32_t i = 0; i < n; ++i) out[i] = keys[i].second;
  return out;
}

} // namespace interswarm::compare
