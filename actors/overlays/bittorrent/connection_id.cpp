#include "actors/overlays/bittorrent/connection_id.hpp"

#include <bit>

namespace interswarm::bittorrent {

namespace {

struct sip_state {
  std::uint64_t v0, v1, v2, v3;

  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1;
      v1 = std::rotl(v1, 13) ^ v0;
      v0 = std::rotl(v0, 32);
      v2 += v3;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
  }
  void absorb(std::uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
};

std::uint64_t load_little(const byte* from, std::size_t count) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < count; ++i) out |= std::uint64_t{from[i]} << (8 * i);
  return out;
}

} // namespace

std::uint64_t siphash(const std::array<std::uint64_t, 2>& key, byte_view data) {
  sip_state s{key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
              key[0] ^ 0x6c7967656e657261ull, key[1] ^ 0x7465646279746573ull};
  std::size_t at = 0;
  for (; at + 8 <= data.size(); at += 8) s.absorb(load_little(data.data() + at, 8));
  s.absorb(load_little(data.data() + at, data.size() - at) | std::uint64_t{data.size()} << 56);
  s.v2 ^= 0xFF;
  s.rounds(4);
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

std::uint64_t connection_ids::make(const ip_address& address, std::uint64_t window) const {
  std::array<byte, 24> data{};
  std::memcpy(data.data(), address.mapped().data(), 16);
  std::memcpy(data.data() + 16, &window, 8);
  // The low bits tell the window, so that checking costs one hash and not three.
  return (siphash(secret_, data) & ~std::uint64_t{3}) | (window & 3);
}

std::uint64_t connection_ids::issue(const ip_address& to, std::uint64_t now_ms) const {
  return make(to, now_ms / window_ms);
}

bool connection_ids::is_good(std::uint64_t id, const ip_address& from, std::uint64_t now_ms) const {
  const auto now = now_ms / window_ms;
  const auto back = (now - id) & 3;
  return back <= windows_back && back <= now && make(from, now - back) == id;
}

} // namespace interswarm::bittorrent
