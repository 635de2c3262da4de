#pragma once

#include "actors/bridge/policy.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

/// `interswarm compare`: the same workload without integration, through bridges, and through the
/// service-oriented architecture.
namespace interswarm::compare {

/// Seconds since the start of the run.
using moment = double;
inline constexpr moment never = std::numeric_limits<double>::infinity();

/// How the overlays of a run are joined.
enum class solution : std::uint8_t { isolated, bridge, soa };
inline constexpr solution all_solutions[] = {solution::isolated, solution::bridge, solution::soa};

/// Numbers of things in a plan's lists.
using domain_id = std::uint32_t;
using overlay_id = std::uint32_t;
using content_id = std::uint32_t;
using peer_id = std::uint32_t;

/// A network that is run and paid for by one operator.
struct domain_plan {
  std::string name;
};

/// What joins two domains in one direction, or the inside of one.
struct path_plan {
  double delay_s = 0;
  /// Bytes/s that all transfers from the one to the other share; may be infinite.
  double rate = std::numeric_limits<double>::infinity();
  double price_per_gib = 0;
  /// Share of packets, 0 to below 1, that are lost and sent again.
  double loss = 0;
};

struct overlay_plan {
  std::string name;
  /// What the live engine speaks there: "bittorrent" or "ed2k".
  std::string kind;
  /// Where its tracker is, and its bridge or access node.
  domain_id domain = 0;
};

struct content_plan {
  std::uint64_t size = 0;
  /// Its provider puts it into the storage network, or has it pulled from the origin.
  bool published = true;
  /// Where its provider's origin server is.
  domain_id origin = 0;
};

/// From `begin` to before `end`.
struct interval {
  moment begin = 0;
  moment end = never;
};

struct peer_plan {
  overlay_id overlay = 0;
  domain_id domain = 0;
  /// Bytes/s.
  double up = 0;
  double down = 0;
  /// Cannot be dialled: two such peers exchange nothing.
  bool behind_nat = false;
  /// In order, without overlap.
  std::vector<interval> online;
  /// What it has at the start, wholly.
  std::vector<content_id> holds;
  /// The finished program that it is in a live run, of `client_kinds`; empty: this program's own
  /// peer. Simulated peers are all alike.
  std::string client{};
};

struct request_plan {
  moment at = 0;
  peer_id peer = 0;
  content_id content = 0;
  /// Bytes/s at which it is played while it is fetched in order; 0: any order, no playback.
  double playback = 0;
};

/// What can be out of order for a time.
enum class fault_kind : std::uint8_t {
  tracker,      // of overlay `target`
  bridge,       // the bridge node of overlay `target`
  access,       // the access node of overlay `target`
  storage_node, // storage node `target`
  origin,       // the origin servers in domain `target`
  domain_cut,   // domain `target` reaches no other
  slow_path     // from domain `target` to `other` and back, at `factor` of its rate
};

struct fault_plan {
  fault_kind kind = fault_kind::tracker;
  std::uint32_t target = 0;
  std::uint32_t other = 0;
  double factor = 0;
  interval when;
};

/// Rates and memory of one server.
struct server_plan {
  domain_id domain = 0;
  double up = std::numeric_limits<double>::infinity();
  double down = std::numeric_limits<double>::infinity();
};

/// What bridge mode is run with: one node for each overlay, in the overlay's domain.
struct bridge_plan {
  bridge::policy policy;
  /// By overlay.
  std::vector<server_plan> nodes;
  /// Bytes that a node's spool keeps of what it has fetched.
  std::uint64_t spool_bytes = std::uint64_t{64} << 30;
};

/// What SOA mode is run with: one access node for each overlay, and the storage network.
struct soa_plan {
  std::vector<server_plan> access; // by overlay
  std::vector<server_plan> storage;
  /// Bytes/s of each domain's origin servers together, by domain.
  std::vector<server_plan> origins;
  std::uint32_t copies = 2;
  std::uint64_t cache_bytes = std::uint64_t{256} << 20;
  double repair_bytes_per_second = 32e6;
  /// False: contents are pulled from their origins when they are first asked for.
  bool publish_first = true;
  double price_per_gib_stored_month = 0;
};

/// Everything that happens in one run from outside, drawn already: the same for each solution and
/// each engine, so that nothing but the solution differs between two runs of one repetition.
struct plan {
  std::uint64_t seed = 0;
  moment duration = 0;
  /// Of the time series.
  double sample_every = 10;
  /// A request that has had nothing new for so long is given up.
  double patience = 120;

  std::vector<domain_plan> domains;
  /// From domain f to t at f * domains.size() + t.
  std::vector<path_plan> paths;
  std::vector<overlay_plan> overlays;
  std::vector<content_plan> contents;
  std::vector<peer_plan> peers;
  /// In order of time.
  std::vector<request_plan> requests;
  std::vector<fault_plan> faults;
  bridge_plan bridge;
  soa_plan soa;

  const path_plan& path(domain_id from, domain_id to) const {
    return paths[from * domains.size() + to];
  }
};

} // namespace interswarm::compare
