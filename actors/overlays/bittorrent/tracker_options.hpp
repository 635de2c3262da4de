#pragma once

#include "actors/overlays/bittorrent/swarm_store.hpp"

namespace interswarm::bittorrent {

/// Section [bittorrent.tracker]: our own tracker.
struct tracker_options {
  /// Addresses with ports, each for UDP and HTTP alike; port 0 lets the system choose one for each.
  /// 0.0.0.0 and [::] take every address of the machine, but naming the address is faster.
  std::vector<endpoint> listen{{ip_address::v4(0x7F000001), 6969}};
  bool udp = true;
  bool http = true;
  /// Threads that take UDP packets, per address.
  std::uint32_t udp_threads = 1;
  /// UDP packets a second that one address (IPv6: one /64) may send to one thread; 0 = any number.
  std::uint32_t udp_packets_per_address = 1000;
  /// HTTP requests a second of one address; 0 = any number.
  std::uint32_t http_requests_per_address = 200;
  std::uint32_t http_connections = 4096;
  /// Reverse proxies whose X-Forwarded-For is believed (its last entry is the client).
  std::vector<ip_address> http_proxies;
  /// GET /stats: counters as JSON, as Prometheus text at /metrics. Only for loopback askers unless
  /// set.
  bool stats_for_everybody = false;
  /// BEP 31: minutes after which a refused HTTP client may ask again; 0 = never.
  std::uint32_t retry_minutes = 60;
  /// BEP 48: seconds that clients are asked to leave between two scrapes; 0 = not said.
  std::uint32_t scrape_interval_s = 15;
  /// File with one hexadecimal info-hash (40 characters) a line; the tracker then tracks only
  /// these. Read again within seconds of a change.
  std::string allow_list_file;
  /// As above: info-hashes that are refused.
  std::string deny_list_file;
  /// File that keeps the swarms over restarts; empty: they are forgotten. Holds clients' addresses.
  std::string state_file;
  /// Intervals, sizes and limits of the swarms.
  swarm_store_options swarms;
};

/// How this node's BitTorrent peer presents itself to trackers, our own and foreign ones.
struct own_peer_options {
  peer_id id{};
  /// Recognises us when our address changes; not 0.
  std::uint32_t key = 0;
  /// Where clients reach the peer. An unspecified address (0.0.0.0, ::) stands for "the address
  /// under which the client knows the tracker".
  std::vector<endpoint> listen;
};

} // namespace interswarm::bittorrent
