#pragma once

#include "modes/compare/live/board.hpp"
#include "modes/compare/live/counters.hpp"

namespace interswarm::compare {

/// One line of a node's ledger.
struct ledger_line {
  /// Nodes.
  std::string from_domain;
  std::string to_domain;
  /// "bittorrent", "ed2k", or what a cluster calls its storage.
  std::string from_overlay;
  std::string to_overlay;
  bool giver = false;
  std::uint64_t bytes = 0;
};
/// What `interswarm ledger --json` prints. Fails `malformed`.
result<std::vector<ledger_line>> parse_ledger(std::string_view json);

/// What came to a peer since the start, payload only.
struct peer_intake {
  std::uint64_t from_peers = 0;
  /// From the bridge or access node.
  std::uint64_t from_servers = 0;
};
peer_intake intake_of(const lab_plan& lab, const site_counts& counts);

/// One request as the board and the kernel showed it.
struct seen_request {
  request_state state = request_state::waiting;
  moment first_byte = never;
  moment finished = never;
  std::uint64_t received = 0;
  double startup_delay = never;
  double stalled_s = 0;
  std::uint32_t stalls = 0;
  /// At its peer while it ran.
  peer_intake intake;
};
seen_request look_at(const request_slot& slot);

/// All that one live run showed.
struct observations {
  solution how = solution::isolated;
  std::uint32_t repetition = 0;
  std::vector<seen_request> requests;
  /// Since the start.
  lab_counts counts;
  /// While contents were published, before it.
  lab_counts publishing;
  std::vector<ledger_line> ledgers;
  std::vector<sample> samples;
  std::vector<process_use> processes;
  deployment deployed;
  std::uint64_t stored_bytes = 0;
  std::uint64_t duplicate_bytes = 0;
};

/// Below this share of what came to a peer, one side's bytes are taken for its protocol's messages
/// and not for content.
inline constexpr double chatter_share = 0.02;

/// The record. A request's bytes are told apart as what came to its peer while it ran was: the own
/// overlay's share and the servers', or all from one of them where the other only chatted. Traffic
/// is what TCP carried between peers and servers, so with the protocols' own messages, which are
/// small beside it; that with trackers and between a cluster's nodes is in `messages`, by packets.
/// What publishing moved counts as traffic: a provider's upload goes through the cluster's service,
/// so of what that gave to storage nodes one copy is the origin's, and the others are copies.
/// Fails `internal` where a ledger names nobody of the run.
result<run_record> assemble(const plan& p, const lab_plan& lab, const observations& seen);

} // namespace interswarm::compare
