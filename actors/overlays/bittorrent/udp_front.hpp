#pragma once

#include "actors/overlays/bittorrent/tracker_options.hpp"
#include "actors/overlays/bittorrent/udp_responder.hpp"

#include <thread>

namespace interswarm::bittorrent {

/// Milliseconds of the steady clock, an hour ahead so that they start above every age that is
/// looked for.
std::uint64_t tracker_now_ms();

/// The UDP sockets of the tracker with a thread or more for each address. Packets are taken and
/// answered in batches of one system call; the threads share nothing but the store's shards.
class udp_front {
public:
  /// Binds and starts. `configuration` with the address and the system's reason where that cannot
  /// be.
  static result<std::unique_ptr<udp_front>>
  start(const tracker_options& options, swarm_store& store, std::array<std::uint64_t, 2> secret);
  /// Ends the threads within 200 ms.
  ~udp_front();

  /// With the ports that the system chose.
  const std::vector<endpoint>& listening() const { return listening_; }

  struct totals {
    std::uint64_t connects = 0, announces = 0, scrapes = 0, refused = 0, dropped = 0;
  };
  totals count() const;

private:
  struct worker;

  udp_front() = default;

  std::atomic<bool> stop_{false};
  std::vector<endpoint> listening_;
  std::vector<std::unique_ptr<worker>> workers_;
};

} // namespace interswarm::bittorrent
