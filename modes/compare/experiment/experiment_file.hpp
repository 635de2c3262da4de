#pragma once

#include "modes/compare/experiment/experiment.hpp"
#include "schema/base/result.hpp"

#include <map>
#include <string>
#include <vector>

namespace interswarm {
class config_reader;
}

namespace interswarm::compare {

/// An experiment as text: the file, and what the command line sets over it.
struct experiment_source {
  /// As messages name it; traces are looked for beside it.
  std::string file;
  std::string text;
  /// "key=value" each, where the value is as in the file; a word needs no quotes.
  std::vector<std::string> settings;
};

/// Reads and checks an experiment: unknown keys, wrong types and values out of bounds are errors
/// that name the line. A key in `settings` replaces the file's, and a list for a key that is swept
/// the values that it takes; another value ends the sweep over it.
/// Fails `configuration`, `io`, `too_large`.
result<experiment> read_experiment(const std::string& file, std::vector<std::string> settings = {});
/// The same of a text.
result<experiment> parse_experiment(experiment_source source);

/// One value of each swept key.
struct variant {
  struct setting {
    std::string key;
    std::string value;
    /// What to draw it at, if it is a number, size, rate or duration.
    std::optional<double> number;
  };
  std::vector<setting> settings;
  experiment what;

  /// "contents.overlap = 0.1, peers.nat = 0"; empty without a sweep.
  std::string label() const;
};

/// All combinations of the values of the swept keys, the last key's changing fastest; one variant
/// without a sweep. Fails as read_experiment does, with the line of the value that is wrong.
result<std::vector<variant>> expand(const experiment& e);

/// What several readings of the same source share.
struct reading {
  std::string file;
  std::map<std::string, std::shared_ptr<const trace>> traces;
};

/// Reads all keys but those of [sweep]. The caller finishes `file`.
void read_keys(config_reader& file, reading& shared, experiment& out);

} // namespace interswarm::compare
