#pragma once

#include "modes/compare/experiment/setup.hpp"
#include "modes/compare/experiment/trace.hpp"

#include <memory>
#include <string>
#include <vector>

namespace interswarm::compare {

enum class engine : std::uint8_t { sim, live };

/// A key that takes several values: each gives a variant.
struct sweep_axis {
  std::string key;
  std::vector<std::string> values;
};

struct experiment_source;

/// What an experiment file says.
struct experiment {
  std::string name;
  std::string question;
  moment duration = 3600;
  double sample_every = 10;
  double patience = 120;
  engine how = engine::sim;
  std::vector<solution> solutions{solution::isolated, solution::bridge, solution::soa};
  /// One a repetition.
  std::vector<std::uint64_t> seeds{1, 2, 3, 4, 5, 6};

  std::vector<domain_plan> domains;
  std::vector<path_plan> paths; // as in `plan`
  std::vector<overlay_setup> overlays;
  contents_setup contents;
  std::vector<content_group> groups;
  /// When requests are made, but those of traces and crowds.
  interval demand;
  bool poisson = true;
  std::shared_ptr<const trace> traced;
  std::vector<crowd_setup> crowds;
  std::vector<fault_plan> faults;
  bridge_setup bridge;
  soa_setup soa;

  std::vector<sweep_axis> sweep;
  /// The text, for reports and for `expand`.
  std::shared_ptr<const experiment_source> source;

  std::uint32_t content_count() const;
};

} // namespace interswarm::compare
