#pragma once

#include "schema/ppsp/tracker_values.hpp"

#include <functional>

namespace interswarm::ppsp {

/// What a tracker is to be like. RFC 7846 fixes no times.
struct tracker_book_options {
  /// A peer that registered and says nothing more is forgotten after so long: longer than clients
  /// wait before their first report.
  std::uint32_t init_timer_s = 200;
  /// A tracked peer that is not heard of for so long is forgotten.
  std::uint32_t track_timer_s = 300;
  /// A peer that left is remembered for so long, to answer the retry of its last request.
  std::uint32_t linger_s = 30;
  /// Hint to clients when to come again; sooner where a seeker has no source yet.
  std::uint32_t interval_s = 100;
  std::uint32_t hungry_interval_s = 20;
  /// Write the hint, as `swarm_interval`, a member that the RFC does not have.
  bool tell_interval = false;
  /// Peers given to who does not say how many, and at most.
  std::uint16_t default_want = 20;
  std::uint16_t max_want = limits::tracker_peers;
  /// Peers behind one IPv4 address or one IPv6 /64; 0 = any number.
  std::uint32_t peers_per_address = 64;
  std::uint32_t swarms_per_peer = 16;
  std::uint32_t peers_per_swarm = 100'000;
  std::uint64_t max_peers = 1'000'000;
  std::uint64_t max_swarms = 1'000'000;
  std::uint64_t max_memory_bytes = std::uint64_t{1} << 30;
  /// A swarm that is sought with fewer sources than this is a demand.
  std::uint32_t min_sources = 1;
  std::uint32_t demand_period_ms = 5000;
  /// Only swarms given to `allow` are tracked.
  bool allow_list = false;
};

/// This node's own peer, which is entered without HTTP.
struct own_party {
  std::string peer_id;
  /// Where clients reach it. An unspecified address (0.0.0.0, ::) stands for "the address under
  /// which the client knows the tracker".
  std::vector<endpoint> listen;
};

/// What credentials are worth. `trusted`: they prove that the asker is this peer, so it may come
/// from another address than before, and the addresses it claims are believed.
enum class admission : std::uint8_t { allowed, trusted, authentication_required, forbidden };

/// `authorization` is the Authorization header's text, empty where there is none. `swarm_id` is
/// empty for reports, which concern no single swarm.
using admit_function = std::function<admission(std::string_view authorization,
                                               std::string_view peer_id, byte_view swarm_id)>;

struct tracker_responder_options {
  /// Requests a second of one address (IPv6: one /64); 0 = any number.
  std::uint32_t requests_per_address = 50;
  /// Reverse proxies whose X-Forwarded-For is believed (its last entry is the client).
  std::vector<ip_address> proxies;
  /// GET /stats and /metrics: only for loopback askers unless set.
  bool stats_for_everybody = false;
  /// None: everybody is allowed.
  admit_function admit;
};

} // namespace interswarm::ppsp
