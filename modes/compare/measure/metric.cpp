#include "modes/compare/measure/metric.hpp"

namespace interswarm::compare {

std::string_view word(unit u) {
  switch (u) {
  case unit::bytes: return "bytes";
  case unit::seconds: return "seconds";
  case unit::share: return "share";
  case unit::count: return "count";
  case unit::price: return "price";
  }
  return "?";
}

std::string_view word(better b) {
  switch (b) {
  case better::higher: return "higher";
  case better::lower: return "lower";
  case better::neither: return "neither";
  }
  return "?";
}

std::string_view word(centre c) { return c == centre::mean ? "mean" : "median"; }

std::string_view word(certainty c) {
  switch (c) {
  case certainty::clear: return "clear";
  case certainty::open: return "open";
  case certainty::equal: return "equal";
  case certainty::too_few: return "too few repetitions";
  }
  return "?";
}

std::string_view word(solution s) {
  switch (s) {
  case solution::isolated: return "isolated";
  case solution::bridge: return "bridge";
  case solution::soa: return "soa";
  }
  return "?";
}

std::string_view word(topic t) {
  switch (t) {
  case topic::requests: return "Requests";
  case topic::times: return "Download times";
  case topic::playback: return "Playback";
  case topic::traffic: return "Traffic";
  case topic::price: return "Price";
  case topic::storage: return "Storage";
  case topic::control: return "Control";
  case topic::faults: return "Faults";
  case topic::machines: return "Machines";
  case topic::deployment: return "Deployment";
  }
  return "?";
}

} // namespace interswarm::compare
