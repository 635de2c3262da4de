#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/endpoint.hpp"

#include <atomic>
#include <chrono>
#include <thread>

namespace interswarm::bittorrent::testing {

/// A seed on 127.0.0.1 that unchokes everybody, says that it takes 64 requests (BEP 10), answers
/// when no more come for a moment, and has the faults of its script, which no real client shows on
/// demand.
class scripted_seed {
public:
  struct script {
    /// After so many answers its first connection forgets all requests, as clients do that give no
    /// reject for what was cancelled.
    int answers = 1 << 30;
    /// Its side of each handshake comes so late.
    std::chrono::milliseconds shy_for{0};
  };

  scripted_seed(byte_view info_hash, bytes data, std::uint32_t piece_length, script faults);
  ~scripted_seed();

  endpoint at() const { return at_; }
  /// Those that spoke plain BitTorrent of this torrent.
  int connections() const { return connections_; }
  /// The most requests that waited at once.
  int most_waiting() const { return most_waiting_; }

private:
  void run();
  void serve(int fd);
  void answer(int fd, byte_view request);

  bytes hash_;
  bytes data_;
  std::uint32_t piece_length_;
  script faults_;
  int listener_ = -1;
  endpoint at_;
  std::atomic<int> connections_{0};
  std::atomic<int> most_waiting_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

} // namespace interswarm::bittorrent::testing
