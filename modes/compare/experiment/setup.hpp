#pragma once

#include "modes/compare/experiment/law.hpp"
#include "modes/compare/plan/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace interswarm::compare {

// The parts of an experiment with what holds where its file says nothing: then nothing happens that
// is not asked for, no churn, no NAT, no loss, no fault and no price.

/// `weight` of all weights together are such peers.
struct bandwidth_class {
  double weight = 1;
  double up = 1.25e6;   // bytes/s
  double down = 6.25e6; // bytes/s
};
struct peer_place {
  domain_id domain = 0;
  double weight = 1;
};

struct peers_setup {
  std::uint32_t count = 100;
  std::vector<bandwidth_class> bandwidth{bandwidth_class{}};
  /// Empty: where the overlay is.
  std::vector<peer_place> places;
  /// Share that cannot be dialled.
  double nat = 0;
  /// Seconds; without them all are online all the time.
  std::optional<law> session;
  std::optional<law> pause;
};

/// What the peers of one overlay ask for.
struct demand_setup {
  double requests_per_hour = 1; // of each peer while it is online
  /// Share of requests that are only for what the overlay holds at the start.
  double local = 0;
  /// Share of requests that are played while they are fetched, and their bytes/s.
  double streaming = 0;
  double playback = 625e3;
};

/// So many peers of an overlay are finished programs in a live run.
struct client_count {
  /// As in peer_plan::client.
  std::string program;
  std::uint32_t count = 0;
};

struct overlay_setup {
  std::string name;
  std::string kind;
  domain_id domain = 0;
  /// How much of the contents it has at first, in proportion to the others' weights.
  double contents = 1;
  peers_setup peers;
  demand_setup demand;
  std::vector<client_count> clients{};
};

/// Contents that are drawn. Numbers go on after those of the groups.
struct contents_setup {
  std::uint32_t count = 100;
  /// In turn; if empty, `size`.
  std::vector<double> sizes;
  law size{law::kind::fixed, 100 * 1024 * 1024.0, 0, 0, never};
  /// Of popularity, which falls with the content's number.
  double zipf = 0.8;
  /// Share of them that `overlap_in` overlays hold at the start, and not one.
  double overlap = 0.1;
  std::uint32_t overlap_in = 2;
  /// Peers that hold a content at the start, in each overlay that has it.
  std::uint32_t seeders = 3;
  bool seeders_stay = false;
  /// Share that providers publish in SOA mode.
  double published = 1;
  std::vector<domain_id> origins; // in turn
};

/// Contents that the file names: [[content]].
struct content_group {
  std::uint32_t count = 1;
  double size = 100 * 1024 * 1024.0;
  std::vector<overlay_id> held_by;
  std::uint32_t seeders = 1;
  bool published = true;
  domain_id origin = 0;
};

/// Many want one content at once, the more the earlier: [[crowd]].
struct crowd_setup {
  moment at = 0;
  content_id content = 0;
  std::uint32_t requests = 100;
  double decay = 600; // seconds until the rate is 1/e
  std::vector<overlay_id> overlays;
};

struct bridge_setup {
  bridge::policy policy;
  double up = 125e6;   // bytes/s
  double down = 125e6; // bytes/s
  double spool = 64.0 * 1024 * 1024 * 1024;
};

struct soa_setup {
  std::uint32_t copies = 2;
  double access_up = 125e6, access_down = 125e6;
  std::uint32_t storage_nodes = 3;
  double storage_up = 125e6, storage_down = 125e6;
  std::vector<domain_id> storage_domains; // in turn
  double cache = 256.0 * 1024 * 1024;
  double repair = 32e6;
  bool publish_first = true;
  double price_per_gib_stored_month = 0;
  double origin_up = 125e6, origin_down = 125e6;
};

} // namespace interswarm::compare
