#pragma once

#include "modes/compare/experiment/experiment_file.hpp"
#include "schema/base/result.hpp"

#include <toml++/toml.h>
#include <vector>

namespace interswarm::compare {

/// A parsed experiment file with its settings, in which keys can be given other values.
class source_tree {
public:
  /// Parses the text and puts the settings in. Fails `configuration`, `too_large`.
  static result<source_tree> make(const experiment_source& source);

  /// The keys of [sweep] with their values as people would write them. Fails `configuration`.
  result<std::vector<sweep_axis>> axes() const;
  /// Gives each swept key its value of that number, by the order of `axes`.
  result<void> choose(const std::vector<std::size_t>& values);
  /// All but [sweep].
  toml::table take() { return std::move(root_); }

private:
  source_tree(std::string file, toml::table root)
      : file_(std::move(file)), root_(std::move(root)) {}
  result<void> set(const std::string& setting);
  result<void> take_sweep();
  tl::unexpected<error> wrong(const toml::node& where, const std::string& why) const;

  std::string file_;
  toml::table root_;
  toml::table sweep_;
};

} // namespace interswarm::compare
