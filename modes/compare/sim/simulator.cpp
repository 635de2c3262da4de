#include "modes/compare/sim/simulator.hpp"

#include "modes/compare/sim/deployment.hpp"
#include "modes/compare/sim/faults.hpp"
#include "modes/compare/sim/plan_check.hpp"

#include <algorithm>

namespace interswarm::compare {

namespace {

class simulation final : public event_owner {
public:
  simulation(const plan& p, solution how, const sim_options& options)
      : options_(options), world_(p, how, options.pause.value_or(pause_for(p.peers.size()))),
        transport_(world_), swarms_(world_, transport_, record_.requests) {
    record_.how = how;
    record_.repetition = options.repetition;
    record_.seed = p.seed;
    record_.duration = p.duration;
  }

  result<run_record> run();
  void happen(const occasion& o) override;

private:
  result<void> build();
  void take_sample();
  std::uint64_t stored() const;

  const sim_options& options_;
  run_record record_;
  world world_;
  transport transport_;
  swarms swarms_;
  std::unique_ptr<name_book> names_;
  std::optional<bridge_model> bridges_;
  std::optional<soa_store> store_;
  std::optional<soa_access> access_;
  std::optional<faults> faults_;
  bool cancelled_ = false;
};

enum : std::uint32_t { next_request, next_sample };

result<void> simulation::build() {
  const auto& p = world_.setting;
  if (record_.how != solution::isolated) {
    auto names = name_book::open(p, record_.how);
    if (!names) return tl::unexpected(names.error());
    names_ = std::move(*names);
  }
  if (record_.how == solution::bridge)
    bridges_.emplace(world_, transport_, swarms_, *names_).begin();
  if (record_.how == solution::soa) {
    store_.emplace(world_, transport_, swarms_).begin();
    access_.emplace(world_, transport_, swarms_, *names_, *store_).begin();
  }
  faults_.emplace(world_, transport_, swarms_, bridges_ ? &*bridges_ : nullptr,
                  store_ ? &*store_ : nullptr, access_ ? &*access_ : nullptr);
  swarms_.begin();
  faults_->begin();
  if (!p.requests.empty()) world_.events.add(p.requests.front().at, *this, {next_request, 0, 0});
  world_.events.add(p.sample_every, *this, {next_sample, 1, 0});
  return {};
}

void simulation::happen(const occasion& o) {
  const auto& p = world_.setting;
  if (o.what == next_request) {
    const auto after = o.which + 1;
    if (after < p.requests.size())
      world_.events.add(p.requests[after].at, *this, {next_request, after, 0});
    swarms_.request(o.which);
    return;
  }
  take_sample();
  cancelled_ = options_.progress && !options_.progress(world_.now());
  const auto after = o.which + 1;
  world_.events.add(p.sample_every * after, *this, {next_sample, after, 0});
}

std::uint64_t simulation::stored() const {
  if (bridges_) return bridges_->stored();
  return store_ ? store_->stored() : 0;
}

void simulation::take_sample() {
  const auto& sums = swarms_.so_far();
  record_.samples.push_back({world_.now(), sums.running, sums.satisfied, sums.failed, sums.received,
                             sums.crossed, stored(), store_ ? store_->missing_copies() : 0});
}

result<run_record> simulation::run() {
  if (auto ok = build(); !ok) return tl::unexpected(ok.error());
  const auto end = world_.setting.duration;
  while (!cancelled_) {
    // All that happens at one time happens before rates are worked out for it.
    const auto event = world_.events.next();
    if (event <= world_.now()) {
      world_.events.run_next();
      continue;
    }
    const auto next = std::min(event, world_.network.next_change());
    if (next > end) break;
    transport_.advance(next);
  }
  if (cancelled_) return fail(errc::cancelled, "the simulation was stopped");
  transport_.advance(end);
  swarms_.end();
  transport_.end();
  if (bridges_) bridges_->end();
  if (!record_.samples.empty() && record_.samples.back().at >= end) record_.samples.pop_back();
  take_sample();
  world_.books.enter(record_);
  record_.deployed =
      deployed(world_.setting, record_.how, configuration_lines(world_.setting, record_.how));
  record_.stored_bytes = stored();
  if (bridges_) record_.duplicate_bytes = bridges_->duplicates();
  if (store_) record_.duplicate_bytes = store_->duplicates();
  if (names_) {
    record_.name_lookups = names_->lookups();
    record_.name_hits = names_->hits();
  }
  record_.recovered_after = recovery_times(world_.setting, record_.requests);
  return std::move(record_);
}

} // namespace

double pause_for(std::size_t peers) {
  if (peers <= 500) return 0;
  return std::clamp(static_cast<double>(peers) / 20'000, 0.1, 10.0);
}

result<run_record> simulate(const plan& p, solution how, const sim_options& options) {
  if (auto ok = check(p, how); !ok) return tl::unexpected(ok.error());
  return simulation(p, how, options).run();
}

} // namespace interswarm::compare
