#include "tests/compare_sample.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>

namespace compare_sample {

namespace {

constexpr std::uint64_t mib = 1 << 20;

double uniform(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11U) / static_cast<double>(std::uint64_t{1} << 53U);
}

double exponential(std::mt19937_64& random, double mean) {
  return -mean * std::log(1 - uniform(random));
}

/// What one solution does in these runs.
struct character {
  double satisfied;
  double mean_time;
  double other_share; // of a request's bytes
};

character character_of(solution how, double overlap) {
  switch (how) {
  case solution::isolated: return {0.55 + 0.4 * overlap, 60, 0};
  case solution::bridge: return {0.94 + 0.03 * overlap, 85 - 30 * overlap, 0.55 - 0.45 * overlap};
  case solution::soa: return {0.985, 48, 0.7};
  }
  return {};
}

/// Adds up traffic between the same two ends.
class traffic_book {
public:
  explicit traffic_book(run_record& r) : record_(r) {}
  void add(station from, overlay_id from_overlay, domain_id from_domain, station to,
           overlay_id to_overlay, domain_id to_domain, std::uint64_t bytes) {
    if (bytes == 0) return;
    const auto same = [&](const traffic& t) {
      return t.from == from && t.to == to && t.from_overlay == from_overlay &&
             t.to_overlay == to_overlay && t.from_domain == from_domain && t.to_domain == to_domain;
    };
    auto at = std::find_if(record_.traffics.begin(), record_.traffics.end(), same);
    if (at == record_.traffics.end())
      at =
          record_.traffics.insert(at, {from, to, from_overlay, to_overlay, from_domain, to_domain});
    const auto lost = bytes / 200;
    at->received += bytes;
    at->lost += lost;
    at->sent += bytes + lost;
  }

private:
  run_record& record_;
};

void give_bytes(const plan& p, run_record& r, traffic_book& book, std::size_t i) {
  const auto& q = r.requests[i];
  const auto& peer = p.peers[p.requests[i].peer];
  const auto own = peer.overlay, other = 1 - own;
  const auto there = peer.domain, far = p.overlays[other].domain;
  book.add(station::peer, own, there, station::peer, own, there, q.from_own);
  if (q.from_other == 0) return;
  if (r.how == solution::bridge) {
    book.add(station::peer, other, far, station::bridge, other, far, q.from_other);
    book.add(station::bridge, other, far, station::bridge, own, there, q.from_other);
    book.add(station::bridge, own, there, station::peer, own, there, q.from_other);
    r.charges.push_back(
        {p.overlays[other].name, p.overlays[own].name, far, there, q.from_other, q.from_other});
  } else {
    if (i % 5 == 0)
      book.add(station::origin, no_overlay, far, station::storage, no_overlay, 2, q.from_other);
    book.add(station::storage, no_overlay, 2, station::access, own, there, q.from_other);
    book.add(station::access, own, there, station::peer, own, there, q.from_other);
    r.charges.push_back({"stored", p.overlays[own].name, 2, there, q.from_other, q.from_other});
  }
}

void play(std::mt19937_64& random, const request_plan& asked, request_record& q) {
  if (asked.playback == 0 || !std::isfinite(q.first_byte)) return;
  q.startup_delay = q.first_byte - asked.at + 1 + exponential(random, 2);
  if (uniform(random) > 0.3) return;
  q.stalls = 1 + static_cast<std::uint32_t>(random() % 3);
  q.stalled_s = exponential(random, 4) * q.stalls;
}

void give_samples(const plan& p, run_record& r) {
  for (double at = 0; at <= r.duration; at += p.sample_every) {
    sample s{.at = at};
    for (std::size_t i = 0; i < r.requests.size(); ++i) {
      const auto& q = r.requests[i];
      if (p.requests[i].at > at) continue;
      const double end = std::min(q.finished, r.duration);
      const auto part = !std::isfinite(q.first_byte) || at < q.first_byte ? 0.0
                        : at >= end                                       ? 1.0
                                    : (at - q.first_byte) / (end - q.first_byte);
      s.received += static_cast<std::uint64_t>(part * static_cast<double>(q.from_own)) +
                    static_cast<std::uint64_t>(part * static_cast<double>(q.from_other));
      s.crossed += static_cast<std::uint64_t>(part * static_cast<double>(q.from_other));
      s.satisfied += q.end == outcome::satisfied && at >= q.finished ? 1 : 0;
      s.failed += q.end == outcome::failed && at >= q.finished ? 1 : 0;
      s.running += at < end ? 1 : 0;
    }
    s.stored = r.how == solution::isolated ? 0
               : r.how == solution::bridge ? std::min<std::uint64_t>(s.crossed, 40'000 * mib)
                                           : 60'000 * mib + s.crossed / 8;
    const bool broken = at >= p.faults[1].when.begin && at < p.faults[1].when.end + 300;
    if (r.how == solution::soa && broken) s.missing_copies = 900;
    r.samples.push_back(s);
  }
  r.stored_bytes = r.samples.back().stored;
  r.duplicate_bytes = r.how == solution::soa ? r.stored_bytes / 2 : r.stored_bytes / 5;
}

void give_control(const plan& p, run_record& r, std::mt19937_64& random) {
  const auto n = p.requests.size() + random() % 40;
  r.messages["announce"] = {n * 20, n * 20 * 190};
  if (r.how == solution::bridge) {
    r.messages["find"] = {n * 3, n * 3 * 420};
    r.messages["offer"] = {n * 2, n * 2 * 900};
    r.messages["settle"] = {n, n * 400};
    r.deployed = {4, {"tracker of films", "tracker of music"}, 46};
  } else if (r.how == solution::soa) {
    r.messages["lookup"] = {n * 2, n * 2 * 700};
    r.messages["put"] = {n * 6, n * 6 * 240};
    r.messages["repair"] = {n, n * 120};
    r.deployed = {9, {"tracker of films", "tracker of music", "every provider"}, 131};
  }
  if (r.how == solution::isolated) return;
  r.name_lookups = n * 2;
  r.name_hits = n * 2 - random() % n;
}

} // namespace

plan make_plan(std::uint64_t seed, std::size_t requests) {
  std::mt19937_64 random(seed);
  plan p;
  p.seed = seed;
  p.duration = 3600;
  p.sample_every = 30;
  p.domains = {{"north"}, {"south"}, {"core"}};
  for (domain_id f = 0; f < 3; ++f)
    for (domain_id t = 0; t < 3; ++t)
      p.paths.push_back({f == t ? 0.005 : 0.04, never, f == t ? 0 : 0.02, f == t ? 0 : 0.005});
  p.overlays = {{"films", "bittorrent", 0}, {"music", "ed2k", 1}};
  for (int i = 0; i < 40; ++i)
    p.contents.push_back({(50 + random() % 900) * mib + random() % mib, true, 2});
  for (std::uint32_t i = 0; i < 80; ++i)
    p.peers.push_back({i % 2, i % 2, 1e6, 4e6, i % 3 == 0, {{0, never}}, {i % 40}});
  for (std::size_t i = 0; i < requests; ++i)
    p.requests.push_back({uniform(random) * 3300, static_cast<peer_id>(random() % 80),
                          static_cast<content_id>(random() % 40), i % 3 == 0 ? 5e5 : 0});
  std::sort(p.requests.begin(), p.requests.end(),
            [](const auto& a, const auto& b) { return a.at < b.at; });
  p.faults = {{fault_kind::tracker, 0, 0, 0, {900, 1200}},
              {fault_kind::storage_node, 1, 0, 0, {1800, 2400}}};
  p.soa.price_per_gib_stored_month = 0.02;
  return p;
}

run_record make_record(const plan& p, solution how, std::uint32_t repetition, double overlap) {
  std::mt19937_64 random(p.seed * 31 + static_cast<std::uint64_t>(how));
  const auto c = character_of(how, overlap);
  run_record r;
  r.how = how;
  r.repetition = repetition;
  r.seed = p.seed;
  r.duration = p.duration;
  r.requests.resize(p.requests.size());
  traffic_book book(r);
  for (std::size_t i = 0; i < r.requests.size(); ++i) {
    auto& q = r.requests[i];
    const auto& asked = p.requests[i];
    const auto size = p.contents[asked.content].size;
    const bool tracker_down = asked.at >= 900 && asked.at < 1200;
    const double chance = c.satisfied * (tracker_down && how != solution::soa ? 0.7 : 1);
    const double takes = c.mean_time * std::pow(2, 0.5 + exponential(random, 1)) *
                         static_cast<double>(size) / static_cast<double>(400 * mib);
    q.first_byte = asked.at + 0.2 + exponential(random, how == solution::soa ? 0.6 : 2.5);
    if (uniform(random) > chance) {
      q.end = outcome::failed;
      q.finished = std::min(asked.at + p.patience, r.duration);
      q.first_byte = never;
      continue;
    }
    q.finished = std::max(q.first_byte, asked.at + takes);
    q.end = q.finished <= r.duration ? outcome::satisfied : outcome::unfinished;
    const auto held = q.end == outcome::satisfied ? size : size / 3;
    if (q.end == outcome::unfinished) q.finished = never;
    if (q.first_byte > r.duration) q.first_byte = r.duration;
    if (uniform(random) < c.other_share * 1.2)
      q.from_other = static_cast<std::uint64_t>(static_cast<double>(held) *
                                                std::min(1.0, c.other_share + 0.3));
    q.from_own = held - q.from_other;
    play(random, asked, q);
    give_bytes(p, r, book, i);
  }
  give_samples(p, r);
  give_control(p, r, random);
  r.recovered_after = {how == solution::isolated ? never : 20 + exponential(random, 15),
                       how == solution::soa ? exponential(random, 30) : 0};
  return r;
}

variant_summary make_variant(std::string label, std::optional<double> at, double overlap,
                             std::uint32_t repetitions, std::size_t requests) {
  std::vector<run_summary> runs;
  for (std::uint32_t i = 0; i < repetitions; ++i) {
    const auto p = make_plan(i + 1, requests);
    for (const auto how : all_solutions) {
      auto measured = measure(p, make_record(p, how, i, overlap));
      if (!measured) throw std::runtime_error(measured.error().text);
      runs.push_back(std::move(*measured));
    }
  }
  return compare_runs(std::move(label), at, make_plan(1, requests), std::move(runs));
}

comparison make_comparison(std::uint32_t repetitions) {
  comparison c{.title = "An hour of films and music",
               .description = "Does a peer that looks for what only the other overlay holds get "
                              "it, how soon, and what does that cost?",
               .experiment = "name = \"An hour of films and music\"\nduration = \"1h\"\n\n"
                             "[[overlay]]\nname = \"films\"\nkind = \"bittorrent\"\npeers = 40\n"};
  c.variants.push_back(make_variant("", std::nullopt, 0.3, repetitions));
  c.versions = {{"interswarm", "0.1.0"}, {"compiler", "GCC 12.2.0"}};
  c.made = {{"machine", "2 x Example CPU, 8 GiB"}, {"begun", "2026-01-01T00:00:00Z"}};
  return c;
}

comparison make_sweep() {
  auto c = make_comparison(1);
  c.title = "How much overlap does a bridge need?";
  c.swept = "contents.overlap";
  c.variants.clear();
  for (const double overlap : {0.0, 0.25, 0.5, 0.75, 1.0})
    c.variants.push_back(make_variant("contents.overlap = " + std::to_string(overlap).substr(0, 4),
                                      overlap, overlap, 3, 300));
  calibration k{.experiment = "quick", .repetitions = 3};
  auto simulated = c.variants[1].runs, live = c.variants[2].runs;
  for (auto& r : live) r.live = true;
  k.deviations = deviations_of(simulated, live);
  c.calibrated = std::move(k);
  return c;
}

comparison make_hostile() {
  auto c = make_comparison(2);
  auto p = make_plan(1, 60);
  p.overlays[0].name = hostile_text;
  p.overlays[1].name = std::string(300, 'W');
  p.domains[0].name = hostile_text;
  p.faults[0].when = {100, 110};
  p.faults[1] = {fault_kind::domain_cut, 0, 0, 0, {112, 120}};
  std::vector<run_summary> runs;
  for (const auto how : all_solutions) {
    auto record = make_record(p, how, 0);
    record.messages[hostile_text] = {1, 1'000'000};
    record.processes = {{hostile_text, 1.5, 3 << 20}};
    record.deployed.touched = {hostile_text};
    auto measured = measure(p, record);
    if (!measured) throw std::runtime_error(measured.error().text);
    runs.push_back(std::move(*measured));
  }
  c.title = c.description = c.experiment = c.swept = hostile_text;
  c.versions = c.made = {{hostile_text, hostile_text}};
  c.variants.clear();
  for (const auto* more : {" a", " b"})
    c.variants.push_back(compare_runs(hostile_text + std::string(more), std::nullopt, p, runs));
  return c;
}

} // namespace compare_sample
