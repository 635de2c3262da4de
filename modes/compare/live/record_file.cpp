#include "modes/compare/live/record_file.hpp"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace interswarm::compare {

namespace {

using nlohmann::json;

/// JSON has no infinity: it is null.
json of(double x) { return std::isfinite(x) ? json(x) : json(nullptr); }
double number(const json& j) { return j.is_null() ? never : j.get<double>(); }

json of(const request_record& r) {
  return {static_cast<int>(r.end), of(r.first_byte), of(r.finished), of(r.startup_delay), r.stalls,
          of(r.stalled_s),         r.from_own,       r.from_other};
}
void take(const json& j, request_record& r) {
  r.end = static_cast<outcome>(j.at(0).get<int>());
  r.first_byte = number(j.at(1));
  r.finished = number(j.at(2));
  r.startup_delay = number(j.at(3));
  r.stalls = j.at(4);
  r.stalled_s = number(j.at(5));
  r.from_own = j.at(6);
  r.from_other = j.at(7);
}

json of(const traffic& t) {
  return {static_cast<int>(t.from),
          static_cast<int>(t.to),
          t.from_overlay,
          t.to_overlay,
          t.from_domain,
          t.to_domain,
          t.sent,
          t.received,
          t.lost};
}
void take(const json& j, traffic& t) {
  t.from = static_cast<station>(j.at(0).get<int>());
  t.to = static_cast<station>(j.at(1).get<int>());
  t.from_overlay = j.at(2);
  t.to_overlay = j.at(3);
  t.from_domain = j.at(4);
  t.to_domain = j.at(5);
  t.sent = j.at(6);
  t.received = j.at(7);
  t.lost = j.at(8);
}

json of(const charge& c) {
  return {c.from, c.to, c.from_domain, c.to_domain, c.giver_bytes, c.taker_bytes};
}
void take(const json& j, charge& c) {
  c.from = j.at(0);
  c.to = j.at(1);
  c.from_domain = j.at(2);
  c.to_domain = j.at(3);
  c.giver_bytes = j.at(4);
  c.taker_bytes = j.at(5);
}

json of(const sample& s) {
  return {of(s.at),   s.running, s.satisfied, s.failed,
          s.received, s.crossed, s.stored,    s.missing_copies};
}
void take(const json& j, sample& s) {
  s.at = number(j.at(0));
  s.running = j.at(1);
  s.satisfied = j.at(2);
  s.failed = j.at(3);
  s.received = j.at(4);
  s.crossed = j.at(5);
  s.stored = j.at(6);
  s.missing_copies = j.at(7);
}

json of(const process_use& u) { return {u.name, of(u.cpu_s), u.peak_memory}; }
void take(const json& j, process_use& u) {
  u.name = j.at(0);
  u.cpu_s = number(j.at(1));
  u.peak_memory = j.at(2);
}

template <class T>
json all(const std::vector<T>& values) {
  auto out = json::array();
  for (const auto& v : values) out.push_back(of(v));
  return out;
}
template <class T>
void take_all(const json& j, std::vector<T>& values) {
  for (const auto& one : j) take(one, values.emplace_back());
}

} // namespace

result<void> write_record(const std::string& file, const run_record& r) {
  json out{{"how", static_cast<int>(r.how)}, {"live", r.live},
           {"repetition", r.repetition},     {"seed", r.seed},
           {"duration", of(r.duration)},     {"requests", all(r.requests)},
           {"traffics", all(r.traffics)},    {"charges", all(r.charges)},
           {"samples", all(r.samples)},      {"processes", all(r.processes)},
           {"stored", r.stored_bytes},       {"duplicate", r.duplicate_bytes},
           {"lookups", r.name_lookups},      {"hits", r.name_hits}};
  out["messages"] = json::object();
  for (const auto& [kind, m] : r.messages) out["messages"][kind] = {m.count, m.bytes};
  out["deployed"] = {r.deployed.processes, r.deployed.touched, r.deployed.configuration_lines};
  out["recovered"] = json::array();
  for (const double s : r.recovered_after) out["recovered"].push_back(of(s));
  std::ofstream to(file, std::ios::trunc);
  to << out.dump(-1, ' ', false, json::error_handler_t::replace);
  if (to.flush()) return {};
  return fail(errc::io, file + ": cannot be written");
}

result<run_record> read_record(const std::string& file) {
  std::ifstream in(file);
  if (!in) return fail(errc::io, file + ": cannot be read");
  try {
    const auto j = json::parse(in);
    run_record r;
    r.how = static_cast<solution>(j.at("how").get<int>());
    r.live = j.at("live");
    r.repetition = j.at("repetition");
    r.seed = j.at("seed");
    r.duration = number(j.at("duration"));
    take_all(j.at("requests"), r.requests);
    take_all(j.at("traffics"), r.traffics);
    take_all(j.at("charges"), r.charges);
    take_all(j.at("samples"), r.samples);
    take_all(j.at("processes"), r.processes);
    r.stored_bytes = j.at("stored");
    r.duplicate_bytes = j.at("duplicate");
    r.name_lookups = j.at("lookups");
    r.name_hits = j.at("hits");
    for (const auto& [kind, m] : j.at("messages").items())
      r.messages[kind] = {m.at(0).get<std::uint64_t>(), m.at(1).get<std::uint64_t>()};
    r.deployed.processes = j.at("deployed").at(0);
    r.deployed.touched = j.at("deployed").at(1).get<std::vector<std::string>>();
    r.deployed.configuration_lines = j.at("deployed").at(2);
    for (const auto& s : j.at("recovered")) r.recovered_after.push_back(number(s));
    return r;
  } catch (const json::exception& e) {
    return fail(errc::malformed, file + ": " + e.what());
  }
}

} // namespace interswarm::compare
