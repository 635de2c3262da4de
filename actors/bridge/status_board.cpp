#include "actors/bridge/status_board.hpp"

#include "actors/bridge/limits.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace interswarm::bridge {

namespace {

constexpr double failure_half_life_s = 60;
/// Weight of a new measurement that lasted a second; shorter ones count less.
constexpr double smoothing = 0.3;

std::string key(const std::string& domain, const std::string& overlay) {
  return domain + '\n' + overlay;
}

double faded(const measured& m, instant now) {
  const std::chrono::duration<double> age = now - m.failures_at;
  return m.failures * std::exp2(-std::max(0.0, age.count()) / failure_half_life_s);
}

} // namespace

measured& status_board::entry(const std::string& domain, const std::string& overlay) {
  auto name = key(domain, overlay);
  if (const auto found = measured_.find(name); found != measured_.end()) return found->second;
  // A neighbour chooses its domain's and overlays' names: the table must not grow with what it
  // invents.
  if (measured_.size() >= limits::max_measured) measured_.erase(measured_.begin());
  return measured_[std::move(name)];
}

void status_board::delivered(const std::string& domain, const std::string& overlay,
                             std::uint64_t bytes, std::chrono::duration<double> took) {
  const double seconds = std::max(took.count(), 1e-6);
  const double rate = static_cast<double>(bytes) / seconds;
  auto& m = entry(domain, overlay);
  if (m.bytes_per_second <= 0) {
    m.bytes_per_second = rate;
    return;
  }
  const double weight = 1 - std::pow(1 - smoothing, std::min(seconds, 10.0));
  m.bytes_per_second += weight * (rate - m.bytes_per_second);
}

void status_board::failed(const std::string& domain, const std::string& overlay, instant now) {
  auto& m = entry(domain, overlay);
  m.failures = faded(m, now) + 1;
  m.failures_at = now;
}

double status_board::score(const candidate& c, instant now) const {
  const auto m = look(c.domain, c.overlay);
  const double rate = m.bytes_per_second > 0 ? m.bytes_per_second : policy_.assumed_rate;
  return policy_.rate_weight * std::log2(1 + rate) +
         policy_.sources_weight * std::log2(1.0 + c.sources) -
         policy_.load_weight * std::clamp(c.load, 0.0, 1.0) -
         policy_.price_weight * std::max(0.0, c.price_per_gib) +
         (c.local ? policy_.local_weight : 0) - policy_.failure_weight * faded(m, now);
}

std::vector<std::size_t> status_board::rank(const std::vector<candidate>& offers,
                                            instant now) const {
  std::vector<double> scores(offers.size());
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    scores[i] = score(offers[i], now);
    if (offers[i].sources >= policy_.min_sources) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&scores](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  return order;
}

measured status_board::look(const std::string& domain, const std::string& overlay) const {
  const auto found = measured_.find(key(domain, overlay));
  return found == measured_.end() ? measured{} : found->second;
}

} // namespace interswarm::bridge
