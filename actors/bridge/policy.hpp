#pragma once

#include <chrono>
#include <cstdint>

namespace interswarm::bridge {

/// How the status manager chooses and the message handler keeps: data from the configuration,
/// section [bridge]. A weight of 0 takes its figure out of the choice.
struct policy {
  /// For each doubling of the measured rate (bytes/s) of that domain and overlay.
  double rate_weight = 1.0;
  /// For each doubling of the number of sources offered.
  double sources_weight = 0.5;
  /// Taken off for a fully loaded giver (load 1).
  double load_weight = 2.0;
  /// Taken off for each unit of price per GiB.
  double price_weight = 1.0;
  /// Added for an overlay of this very node.
  double local_weight = 1.0;
  /// Taken off for each recent failure; failures fade with a half-life of a minute.
  double failure_weight = 2.0;
  /// Bytes/s assumed of a pair that was never measured.
  double assumed_rate = 1'000'000;

  /// Sources an overlay must show for a content before it is bridged into another.
  std::uint32_t min_sources = 1;
  /// A swarm with this many sources of its own is left alone.
  std::uint32_t enough_sources = 1;
  /// A gateway that nobody has used, and nobody has sought the name of, for this long is closed.
  std::chrono::seconds linger{60};
  /// A source that has delivered nothing for this long while it was asked is replaced.
  std::chrono::seconds no_progress{10};
  /// The same for a source that has not delivered anything yet: clients let a newcomer wait before
  /// they give (15 s in BitTorrent's choke rounds), and giving it up in between would begin the
  /// wait anew.
  std::chrono::seconds first_delivery{30};
  /// A name for which no offer was found is not asked for again before this has passed; twice as
  /// long with each further refusal in a row, up to `refusal_life`.
  std::chrono::seconds first_refusal{2};
  std::chrono::seconds refusal_life{60};
  /// Bytes that a gateway opened for a demand reads at once, from the content's beginning: a
  /// source's own introductions (BitTorrent's choke round, ed2k's queue) then run beside the
  /// client's and not after them. 0 reads nothing before a client does.
  std::uint64_t warm_up_bytes = 1 << 20;
  /// What was fetched stays on the spool for this long after its last use.
  std::chrono::seconds keep_fetched{600};
};

} // namespace interswarm::bridge
