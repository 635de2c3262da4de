#pragma once

#include "modes/compare/live/run_live.hpp"
#include "tests/catch.hpp"
#include "tests/unit/compare_plans.hpp"

#include <cstdlib>
#include <iostream>

/// Live runs for tests, and what has to hold in each.
namespace interswarm::compare {

/// INTERSWARM_KEEP: a folder that keeps the runs' files.
inline live_options with_program() {
  live_options out;
  out.program = INTERSWARM_PROGRAM;
  if (const char* const keep = std::getenv("INTERSWARM_KEEP")) {
    out.keep_files = true;
    out.folder = keep;
  }
  return out;
}

inline run_record run(const plan& p, solution how) {
  const auto out = run_live(p, how, with_program());
  if (!out) FAIL(to_string(out.error()));
  CHECK(out->how == how);
  CHECK(out->live);
  REQUIRE(out->requests.size() == p.requests.size());
  return *out;
}

inline void must_be_conserved(const plan& p, const run_record& r) {
  std::vector<std::uint64_t> peers(2), servers(2), own(2), other(2);
  for (const auto& t : r.traffics) {
    CHECK(t.sent == t.received + t.lost);
    if (t.to != station::peer) continue;
    CHECK(t.from_overlay == t.to_overlay);
    (t.from == station::peer ? peers : servers)[t.to_overlay] += t.received;
  }
  for (std::size_t i = 0; i < r.requests.size(); ++i) {
    const auto& q = r.requests[i];
    const auto size = p.contents[p.requests[i].content].size;
    INFO("request " << i);
    if (q.end == outcome::satisfied) CHECK(q.from_own + q.from_other == size);
    CHECK(q.first_byte >= p.requests[i].at);
    const auto o = p.peers[p.requests[i].peer].overlay;
    own[o] += q.from_own;
    other[o] += q.from_other;
  }
  for (const overlay_id o : {0u, 1u}) {
    CHECK(own[o] <= peers[o]);
    CHECK(other[o] <= servers[o]);
  }
  for (const auto& c : r.charges) {
    CHECK(c.giver_bytes == c.taker_bytes);
    CHECK(c.taker_bytes > 0);
  }
}

inline void show(const plan& p, const run_record& r) {
  for (std::size_t i = 0; i < r.requests.size(); ++i) {
    const auto& q = r.requests[i];
    std::cout << "  request " << i << " of content " << p.requests[i].content << ": "
              << (q.end == outcome::satisfied ? "satisfied" : "not satisfied") << ", first byte "
              << q.first_byte << ", finished " << q.finished << ", own " << q.from_own << ", other "
              << q.from_other << ", startup " << q.startup_delay << ", stalls " << q.stalls << "\n";
  }
  for (const auto& u : r.processes)
    std::cout << "  " << u.name << ": " << u.cpu_s << " s, " << (u.peak_memory >> 20) << " MiB\n";
  for (const auto& c : r.charges)
    std::cout << "  charge " << c.from << " to " << c.to << ": " << c.giver_bytes << " "
              << c.taker_bytes << "\n";
  for (const auto& [kind, m] : r.messages)
    std::cout << "  " << kind << ": " << m.count << " packets, " << m.bytes << " bytes\n";
  std::cout << "  stored " << r.stored_bytes << ", copies " << r.duplicate_bytes << std::endl;
}

} // namespace interswarm::compare
