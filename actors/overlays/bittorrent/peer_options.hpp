#pragma once

#include "schema/base/endpoint.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace interswarm::bittorrent {

/// How the BitTorrent peer behaves. The defaults suit a bridge beside other people's trackers: the
/// tracker or registrar announces, and nothing else tells the world of us.
struct peer_options {
  /// Where serving listens, TCP and uTP; port 0 takes a free one. A port in use is an error.
  std::vector<endpoint> listen;
  /// What `describe` names instead of a wildcard in `listen`.
  std::vector<ip_address> public_addresses;
  /// Shown to clients (BEP 10 `v`).
  std::string user_agent = "Interswarm/0.1";
  /// First 8 bytes of our peer ids.
  std::string peer_id_prefix = "-IS0100-";
  /// Connections of the serving side and of the fetching side, each.
  std::uint32_t connections = 400;
  /// Clients that are served at the same time; the others wait choked.
  std::uint32_t upload_slots = 64;
  /// Payload and protocol bytes a second to clients; 0 = unbounded.
  std::uint32_t upload_bytes_per_second = 0;
  /// Where fetched bytes lie until the content is let go; a file there never outlives us.
  std::string spool_directory = "/tmp";
  /// Checked pieces kept for all served torrents together.
  std::uint64_t piece_cache_bytes = 64u << 20;
  /// How long a client's request may wait for the source before it is rejected.
  std::uint32_t source_deadline_ms = 30000;
  /// Bytes that are fetched ahead of a reader that goes on in order.
  std::uint64_t read_ahead_bytes = 32u << 20;
  /// A fetch that nobody reads drops its connections after this.
  std::uint32_t idle_ms = 30000;
  /// Threads for hashing and the spool.
  std::uint32_t worker_threads = 2;
  /// Ways to find peers that libtorrent has of its own.
  bool dht = false;
  bool local_discovery = false;
  bool port_mapping = false;
  bool peer_exchange = false;
  /// Dial over uTP first (incoming uTP is always taken). libtorrent gives TCP its turn only 10 s
  /// later, and many clients have uTP off.
  bool outgoing_utp = false;
  /// Several clients behind one address: tests, and networks behind one NAT.
  bool several_connections_per_address = false;
};

} // namespace interswarm::bittorrent
