#pragma once

#include "modes/compare/measure/measure.hpp"

#include <initializer_list>
#include <span>

namespace interswarm::compare {

/// Metrics as they are written down; each part of `measure` adds its own.
class sheet {
public:
  explicit sheet(std::vector<metric>& out) : out_(out) {}

  /// The topic of all that follow.
  void begin(topic t) { topic_ = t; }

  struct options {
    bool headline = false;
    centre kind = centre::mean;
  };
  void add(std::string name, std::string label, unit u, better b, std::optional<double> value,
           options o);
  void add(std::string name, std::string label, unit u, better b, std::optional<double> value) {
    add(std::move(name), std::move(label), u, b, value, options{});
  }
  void headline(std::string name, std::string label, unit u, better b,
                std::optional<double> value) {
    add(std::move(name), std::move(label), u, b, value, options{true, centre::mean});
  }

private:
  std::vector<metric>& out_;
  topic topic_ = topic::requests;
};

/// a / b; nothing where b is 0.
std::optional<double> ratio(double a, double b);

/// Faults after the first few are told in the table of all figures only.
inline constexpr std::size_t max_headline_faults = 8;

// The parts of `measure`, in the order of the report.
void measure_requests(const plan& p, const run_record& r, sheet& out);
void measure_times(const plan& p, const run_record& r, sheet& out,
                   std::vector<distribution>& distributions);
void measure_traffic(const plan& p, const run_record& r, sheet& out);
void measure_servers(const plan& p, const run_record& r, sheet& out);
void measure_faults(const plan& p, const run_record& r, sheet& out);

} // namespace interswarm::compare
