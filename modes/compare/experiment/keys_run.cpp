#include "modes/compare/experiment/fields.hpp"
#include "modes/compare/experiment/keys.hpp"
#include "modes/compare/experiment/limits.hpp"

#include <algorithm>

namespace interswarm::compare {

namespace {

constexpr std::string_view engines[] = {"sim", "live"};
const std::vector<std::string> solutions{"isolated", "bridge", "soa"};
/// Seeds are written as TOML integers, which have a sign.
constexpr std::uint64_t most_seed = (std::uint64_t{1} << 63) - 1;

void read_seeds(config_reader& file, experiment& out) {
  std::uint64_t seed = out.seeds.front();
  std::uint32_t repetitions = static_cast<std::uint32_t>(out.seeds.size());
  std::vector<std::uint64_t> seeds;
  file.read("seed", seed);
  fields::count(file, "repetitions", repetitions, 1, limits::repetitions);
  file.read("seeds", seeds);
  if (!file.has("seeds")) {
    if (repetitions > limits::repetitions) return; // told already
    if (seed > most_seed - repetitions) file.reject("seed", "a smaller number is wanted");
    for (std::uint32_t i = 0; i < repetitions; ++i) seeds.push_back(seed + i);
  } else if (file.has("seed") || file.has("repetitions")) {
    file.reject("seeds", "stands for seed and repetitions; leave them out");
  }
  auto sorted = seeds;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    file.reject("seeds", "different ones are wanted: equal ones give equal runs");
  if (seeds.empty() || seeds.size() > limits::repetitions)
    file.reject("seeds", "1 to " + std::to_string(limits::repetitions) + " are wanted");
  out.seeds = std::move(seeds);
}

} // namespace

namespace keys {

void read_run(config_reader& file, experiment& out) {
  fields::text(file, "name", out.name, limits::name_bytes);
  if (!fields::is_name(out.name))
    file.reject("name", "1 to 63 of a-z, 0-9, \"-\" and \"_\" are wanted");
  fields::text(file, "question", out.question, limits::question_bytes);
  fields::time(file, "duration", out.duration, 1, limits::duration);
  fields::time(file, "sample_every", out.sample_every, 0.1, limits::duration);
  fields::time(file, "patience", out.patience, 1, limits::duration);
  if (const auto how = fields::one_of(file, "engine", engines)) out.how = static_cast<engine>(*how);
  if (const auto which = fields::some_of(file, "solutions", solutions)) {
    out.solutions.clear();
    for (const auto s : *which) out.solutions.push_back(static_cast<solution>(s));
    if (which->empty()) file.reject("solutions", "at least one is wanted");
  }
  read_seeds(file, out);
  if (out.duration / out.sample_every > limits::samples)
    file.reject("sample_every",
                "more than 100000 samples in the duration; a longer time is wanted");
}

} // namespace keys

void read_keys(config_reader& file, reading& shared, experiment& out) {
  keys::read_run(file, out);
  keys::context c{shared, {}, {}, {}, {}};
  keys::read_names(file, c);
  keys::read_network(file, c, out);
  keys::read_peers(file, c);
  keys::read_demand(file, c, out);
  keys::read_overlays(file, c, out);
  keys::read_contents(file, c, out);
  keys::read_crowds(file, c, out);
  keys::read_modes(file, c, out);
  keys::read_faults(file, c, out);
  keys::check_together(file, out);
  // Taken out before, see expand; known nevertheless.
  file.table("sweep", [](config_reader&) {});
}

} // namespace interswarm::compare
