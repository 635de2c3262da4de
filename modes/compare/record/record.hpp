#pragma once

#include "modes/compare/plan/plan.hpp"

#include <map>
#include <string>
#include <vector>

namespace interswarm::compare {

/// Who sends or gets bytes.
enum class station : std::uint8_t {
  peer,    // of an overlay
  bridge,  // a bridge node
  access,  // an access node
  storage, // a storage node
  origin   // a provider's own server
};
inline constexpr std::size_t station_kinds = 5;

/// No overlay: a storage node or an origin.
inline constexpr overlay_id no_overlay = static_cast<overlay_id>(-1);

/// All bytes of content that went one way between two kinds of stations.
struct traffic {
  station from = station::peer;
  station to = station::peer;
  overlay_id from_overlay = no_overlay;
  overlay_id to_overlay = no_overlay;
  domain_id from_domain = 0;
  domain_id to_domain = 0;
  /// sent = received + lost; what is sent again because it was lost counts each time.
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t lost = 0;

  friend bool operator==(const traffic&, const traffic&) = default;
};

enum class outcome : std::uint8_t {
  satisfied,
  failed,    // given up, or nobody has it
  unfinished // the run ended before
};

/// How one request of the plan went. Times are seconds since the start of the run.
struct request_record {
  outcome end = outcome::unfinished;
  moment first_byte = never;
  moment finished = never;
  /// With playback: from the request until it began, and how often and how long it stood still.
  double startup_delay = never;
  std::uint32_t stalls = 0;
  double stalled_s = 0;
  /// Bytes of the content that came from peers of its own overlay.
  std::uint64_t from_own = 0;
  /// Bytes through the bridge node or the access node of its overlay.
  std::uint64_t from_other = 0;

  friend bool operator==(const request_record&, const request_record&) = default;
};

/// Messages that peers of one overlay give each other by its own protocol, as they do without us.
/// Told, but no control messages of a solution.
constexpr bool is_among_peers(std::string_view kind) {
  return kind == "handshake" || kind == "request" || kind == "have";
}

/// Kinds of control messages, such as "announce", "find", "offer", "lookup", "publish".
struct message_count {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;

  friend bool operator==(const message_count&, const message_count&) = default;
};

/// One side's entry about what went from one overlay or storage to another overlay: both sides of
/// each pair must agree.
struct charge {
  std::string from; // overlay or "stored"
  std::string to;
  domain_id from_domain = 0;
  domain_id to_domain = 0;
  std::uint64_t giver_bytes = 0;
  std::uint64_t taker_bytes = 0;

  friend bool operator==(const charge&, const charge&) = default;
};

/// What the run looked like at one time.
struct sample {
  moment at = 0;
  std::uint32_t running = 0;        // requests
  std::uint64_t satisfied = 0;      // since the start
  std::uint64_t failed = 0;         // since the start
  std::uint64_t received = 0;       // bytes at the requesting peers since the start
  std::uint64_t crossed = 0;        // of those, through a bridge or access node
  std::uint64_t stored = 0;         // bytes that servers keep: spools, storage nodes, caches
  std::uint32_t missing_copies = 0; // of chunks, until repaired

  friend bool operator==(const sample&, const sample&) = default;
};

/// One process of the live engine.
struct process_use {
  std::string name;
  double cpu_s = 0;
  std::uint64_t peak_memory = 0;

  friend bool operator==(const process_use&, const process_use&) = default;
};

/// What the solution needs beside the systems that are there already.
struct deployment {
  std::uint32_t processes = 0;
  /// Parts of existing systems that had to be told something or changed, such as "tracker of ed2k".
  std::vector<std::string> touched;
  /// Lines of configuration written.
  std::uint32_t configuration_lines = 0;

  friend bool operator==(const deployment&, const deployment&) = default;
};

/// Everything that one run showed. Two runs with the same plan, solution and simulated engine are
/// equal.
struct run_record {
  solution how = solution::isolated;
  bool live = false;
  std::uint32_t repetition = 0;
  std::uint64_t seed = 0;
  moment duration = 0;

  /// As the plan's requests.
  std::vector<request_record> requests;
  std::vector<traffic> traffics;
  std::map<std::string, message_count> messages;
  std::vector<charge> charges;
  std::vector<sample> samples;
  std::vector<process_use> processes;
  deployment deployed;

  /// At the end: bytes that servers keep, and how many of them are copies of others.
  std::uint64_t stored_bytes = 0;
  std::uint64_t duplicate_bytes = 0;
  std::uint64_t name_lookups = 0;
  std::uint64_t name_hits = 0;
  /// Seconds from a fault's end until the rate of satisfied requests is back, by fault; never.
  std::vector<double> recovered_after;

  friend bool operator==(const run_record&, const run_record&) = default;
};

} // namespace interswarm::compare
