#pragma once

#include "modes/compare/measure/statistics.hpp"
#include "modes/compare/plan/plan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace interswarm::compare {

/// What a figure is counted in.
enum class unit : std::uint8_t {
  bytes,
  seconds,
  share, // 0 to 1
  count,
  price // whatever unit the experiment's prices have
};

/// Which way is better for whoever runs or uses the system.
enum class better : std::uint8_t {
  higher,
  lower,
  neither // says something, but nothing to be judged
};

/// Under which heading it is shown.
enum class topic : std::uint8_t {
  requests,
  times,
  playback,
  traffic,
  price,
  storage,
  control,
  faults,
  machines,
  deployment
};
inline constexpr topic all_topics[] = {
    topic::requests, topic::times,   topic::playback, topic::traffic,  topic::price,
    topic::storage,  topic::control, topic::faults,   topic::machines, topic::deployment};

/// One figure of one run.
struct metric {
  /// Stable, for programs: "download_time.p95". Those that depend on the experiment end in its
  /// words: "charged.films>music".
  std::string name;
  /// For people, without its unit.
  std::string label;
  topic about = topic::requests;
  unit of = unit::count;
  better is = better::neither;
  /// Of how many repetitions are summed up.
  centre kind = centre::mean;
  /// Belongs into the first table.
  bool headline = false;
  /// Infinite: never, that is not within the run. Nothing: there was nothing to measure.
  std::optional<double> value{};

  friend bool operator==(const metric&, const metric&) = default;
};

/// The words of the results' files: "bytes", "lower", "mean", "clear", "soa".
std::string_view word(unit u);
std::string_view word(better b);
std::string_view word(centre c);
std::string_view word(certainty c);
std::string_view word(solution s);
/// A heading: "Download and start".
std::string_view word(topic t);

} // namespace interswarm::compare
