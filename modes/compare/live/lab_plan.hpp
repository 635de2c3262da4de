#pragma once

#include "modes/compare/record/record.hpp"
#include "schema/base/endpoint.hpp"
#include "schema/base/result.hpp"

#include <optional>

namespace interswarm::compare {

/// What the live engine takes of a machine; see `lay_out`.
inline constexpr std::size_t max_live_peers = 256;
inline constexpr std::size_t max_live_domains = 64;
inline constexpr std::size_t max_live_contents = 500;
inline constexpr std::size_t max_live_requests = 10'000;
inline constexpr std::uint64_t max_live_bytes = std::uint64_t{64} << 30;
inline constexpr double max_live_seconds = 24 * 3600;

/// What stands at one address of the live engine's network.
enum class site_role : std::uint8_t { peer, tracker, bridge, access, service, storage };

struct site {
  site_role role = site_role::peer;
  /// Of the peer, overlay or storage node, from 0.
  std::uint32_t number = 0;
  /// "peer-7", "tracker-ed2k", "bridge-bittorrent", "service", "storage-0".
  std::string name;
  domain_id domain = 0;
  /// Of peers, trackers, bridges and access nodes.
  overlay_id overlay = 0;
  ip_address address;
  /// Bytes/s of its link, headers included; may be infinite.
  double up = std::numeric_limits<double>::infinity();
  double down = std::numeric_limits<double>::infinity();
  bool behind_nat = false;
};

/// A path that is more than a cable: what goes from the one domain to the other passes a process
/// that delays, bounds and loses it (see line_queue.hpp).
struct line_plan {
  domain_id from = 0;
  domain_id to = 0;
  path_plan path;
};

struct lab_plan {
  std::vector<site> sites;
  std::vector<line_plan> lines;

  /// The first site of that role and number; nothing without one.
  const site* find(site_role role, std::uint32_t number) const;
  std::optional<std::size_t> index_of(const ip_address& address) const;
};

/// Addresses that no network of the machine has to have: each run has its own. They are none of the
/// private ones, which clients such as aMule refuse. 45.DOMAIN.x.y; `nth` is the number within the
/// domain.
ip_address address_of(domain_id domain, std::uint32_t nth);

/// Which sites and lines a solution needs. Fails `malformed` or `too_large` for a plan that is none
/// (sim/plan_check.hpp), and `unimplemented`, with what to change, for what real nodes cannot do:
/// - an overlay of another kind than "bittorrent" and "ed2k", or two of one kind;
/// - a client that is none of its overlay's kind, or that is to play what it fetches;
/// - contents that are pulled when they are first asked for, and origins that fail;
/// - a bound on the bridges' spools below the contents' size;
/// - prices between domains that depend on who pays, under a price weight;
/// - more than a machine takes: the limits above.
result<lab_plan> lay_out(const plan& p, solution how);

} // namespace interswarm::compare
