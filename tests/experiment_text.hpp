#pragma once

#include "modes/compare/experiment/draw.hpp"
#include "modes/compare/experiment/experiment_file.hpp"
#include "tests/catch.hpp"

#include <string>
#include <vector>

/// What is wrong with an experiment's text; empty if nothing is.
inline std::string wrong_with(const std::string& text, std::vector<std::string> settings = {}) {
  const auto read = interswarm::compare::parse_experiment({"t.toml", text, std::move(settings)});
  return read ? "" : read.error().text;
}

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Checks that the text is refused with a line that begins and goes on so.
inline void refused(const std::string& text, const std::string& begin, const std::string& part) {
  const auto why = wrong_with(text);
  INFO(text << "\n=> " << why);
  CHECK(why.starts_with(begin));
  CHECK(has(why, part));
  CHECK_FALSE(has(why, "\n"));
}

inline interswarm::compare::experiment experiment_of(const std::string& text,
                                                     std::vector<std::string> settings = {}) {
  auto read = interswarm::compare::parse_experiment({"t.toml", text, std::move(settings)});
  INFO((read ? "" : read.error().text));
  REQUIRE(read);
  return *read;
}

inline interswarm::compare::plan plan_of(const std::string& text, std::uint64_t seed = 1) {
  auto drawn = interswarm::compare::draw(experiment_of(text), seed);
  INFO((drawn ? "" : drawn.error().text));
  REQUIRE(drawn);
  return std::move(*drawn);
}
