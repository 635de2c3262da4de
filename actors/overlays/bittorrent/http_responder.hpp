#pragma once

#include "actors/overlays/bittorrent/tracker_options.hpp"
#include "actors/overlays/bittorrent/udp_responder.hpp"
#include "actors/runtime/address_limiter.hpp"

namespace interswarm::bittorrent {

/// Counters of the UDP and the HTTP side, for /stats and /metrics.
struct tracker_stats {
  struct side {
    std::uint64_t connects = 0, announces = 0, scrapes = 0, refused = 0, dropped = 0;
  };
  swarm_totals swarms;
  side udp;
  side http;
};

/// {"swarms":…,"peers":…,"memory_bytes":…,"udp":{…},"http":{…}}
std::string to_json(const tracker_stats& s);
/// Prometheus' text format.
std::string to_prometheus(const tracker_stats& s);

/// What the HTTP tracker answers to a request. No socket, no clock; for one thread.
class http_responder {
public:
  http_responder(swarm_store& store, const tracker_options& options, std::uint64_t seed);

  struct question {
    /// Only GET is served.
    bool is_get = true;
    /// Path with query, "/announce?info_hash=…".
    std::string_view url;
    /// The connection's other end, and ours.
    ip_address from;
    ip_address local{};
    /// X-Forwarded-For, empty where there is none. Believed only from configured proxies.
    std::string_view forwarded_for{};
  };
  struct answer {
    unsigned status = 200;
    const char* type = "text/plain";
    bytes body;
  };
  /// `udp` is shown in /stats.
  answer respond(const question& q, std::uint64_t now_ms, const tracker_stats::side& udp);

  tracker_stats::side count() const;

private:
  answer announce(std::string_view query, const question& q, const ip_address& client,
                  std::uint64_t now_ms);
  answer scrape(std::string_view query);
  answer refuse(std::string_view reason, bool for_good);
  std::optional<ip_address> client_of(const question& q) const;

  swarm_store* store_;
  tracker_options options_;
  runtime::address_limiter limiter_;
  std::uint64_t random_;
  tracker_counters counters_;
  bytes peers_;
  bytes peers6_;
};

} // namespace interswarm::bittorrent
