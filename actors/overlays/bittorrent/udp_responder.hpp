#pragma once

#include "actors/overlays/bittorrent/connection_id.hpp"
#include "actors/overlays/bittorrent/swarm_store.hpp"
#include "actors/runtime/address_limiter.hpp"

namespace interswarm::bittorrent {

/// Counters of one thread; read from others.
struct alignas(64) tracker_counters {
  std::atomic<std::uint64_t> connects{0};
  std::atomic<std::uint64_t> announces{0};
  std::atomic<std::uint64_t> scrapes{0};
  /// Answered with an error.
  std::atomic<std::uint64_t> refused{0};
  /// Not answered: malformed, wrong connection id, too often.
  std::atomic<std::uint64_t> dropped{0};

  /// For the one thread that writes: cheaper than an atomic addition.
  static void add(std::atomic<std::uint64_t>& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
};

/// The word for a verdict that a client is shown.
std::string_view refusal_text(swarm_store::verdict v);

/// What the UDP tracker answers to a packet. No socket, no clock; one per thread. Nothing is
/// answered to an address that has not shown, by its connection id, that it receives what is sent
/// to it, but the connection id itself, which is not longer than what asked for it.
class udp_responder {
public:
  udp_responder(swarm_store& store, connection_ids ids, std::uint32_t packets_per_address,
                std::uint64_t seed);

  struct asker {
    ip_address address;
    /// Where the packet was sent to; unspecified where not known.
    ip_address local{};
  };
  /// Writes the answer into `out` (1,500 bytes do) and gives its length, 0 for silence.
  std::size_t respond(byte_view packet, const asker& from, std::uint64_t now_ms,
                      std::span<byte> out);

  const tracker_counters& counters() const { return counters_; }

private:
  std::size_t announce(const announce_request& r, std::uint32_t transaction, const asker& from,
                       std::uint64_t now_ms, std::span<byte> out);
  std::size_t scrape(byte_view hashes, std::uint32_t transaction, std::span<byte> out);
  std::size_t refuse(std::uint32_t transaction, std::string_view text, std::span<byte> out);
  std::uint64_t random();

  swarm_store* store_;
  connection_ids ids_;
  runtime::address_limiter limiter_;
  std::uint64_t random_;
  tracker_counters counters_;
};

} // namespace interswarm::bittorrent
