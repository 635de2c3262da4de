#pragma once

#include "schema/base/endpoint.hpp"
#include "schema/base/hash.hpp"
#include "schema/base/result.hpp"
#include "schema/bittorrent/tracker.hpp"

#include <functional>
#include <vector>

namespace interswarm::bittorrent {

/// A peer of a swarm as it is kept over a restart of the tracker.
struct saved_peer {
  endpoint at;
  std::uint64_t identity = 0;
  /// Seconds since it was heard of, when it was saved.
  std::uint32_t age_s = 0;
  bool seed = false;

  friend bool operator==(const saved_peer&, const saved_peer&) = default;
};

struct saved_swarm {
  info_hash hash{};
  std::uint32_t completed = 0;
  bool is_private = false;
  std::vector<saved_peer> peers;

  friend bool operator==(const saved_swarm&, const saved_swarm&) = default;
};

struct snapshot_header {
  /// Unix seconds.
  std::uint64_t saved_at_s = 0;
  /// What the identities were made under. Not for others' eyes.
  std::array<std::uint64_t, 2> secret{};
};

/// Writes a snapshot piece by piece: header, swarms, an end mark, SHA-256 of all before it.
/// Integers are little-endian; an IPv4 peer takes 18 bytes, an IPv6 peer 30.
class snapshot_writer {
public:
  /// `sink` takes what is ready, in order.
  snapshot_writer(const snapshot_header& header, std::function<void(byte_view)> sink);
  void add(const saved_swarm& s);
  /// Hands on what was added. Never called by `add`, which may stand under a lock.
  void flush();
  void finish();

private:
  std::function<void(byte_view)> sink_;
  hasher digest_{hash_algorithm::sha256};
  bytes out_;
};

/// The header, and each swarm to `take`. Nothing is given before the whole was checked. Fails
/// `malformed` for anything that a writer did not finish.
result<snapshot_header> read_snapshot(byte_view data,
                                      const std::function<void(const saved_swarm&)>& take);

} // namespace interswarm::bittorrent
