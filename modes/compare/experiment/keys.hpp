#pragma once

#include "modes/compare/experiment/experiment_file.hpp"
#include "modes/config_reader.hpp"

#include <string>
#include <vector>

/// The steps of `read_keys`, in their order. Each may use what those before it have read.
namespace interswarm::compare::keys {

/// What the file calls things, and what it says of all overlays.
struct context {
  reading& shared;
  std::vector<std::string> domains;
  std::vector<std::string> overlays;
  peers_setup peers;
  demand_setup demand;
};

/// name, question, duration, engine, solutions, seeds …
void read_run(config_reader& file, experiment& out);
/// The names of [domain.NAME] and [overlay.NAME], or of what there is without them.
void read_names(config_reader& file, context& c);
/// [network], [domain.NAME], [[path]].
void read_network(config_reader& file, const context& c, experiment& out);
/// [peers], [demand].
void read_peers(config_reader& file, context& c);
void read_demand(config_reader& file, context& c, experiment& out);
/// [overlay.NAME].
void read_overlays(config_reader& file, const context& c, experiment& out);
/// [contents], [[content]].
void read_contents(config_reader& file, const context& c, experiment& out);
/// [[crowd]].
void read_crowds(config_reader& file, const context& c, experiment& out);
/// [bridge], [soa].
void read_modes(config_reader& file, const context& c, experiment& out);
/// [[fault]].
void read_faults(config_reader& file, const context& c, experiment& out);
/// What several keys together make too large or impossible.
void check_together(config_reader& file, const experiment& e);

} // namespace interswarm::compare::keys
