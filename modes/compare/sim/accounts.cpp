#include "modes/compare/sim/accounts.hpp"

#include <algorithm>
#include <cmath>

namespace interswarm::compare {

namespace {

/// Bits of an overlay's or domain's number in a key; plan_check.cpp bounds both.
constexpr unsigned overlay_bits = 12;
constexpr unsigned domain_bits = 12;

std::uint64_t key_of(const account_end& e) {
  const auto overlay = static_cast<std::uint64_t>(e.overlay) & ((1U << overlay_bits) - 1);
  return (static_cast<std::uint64_t>(e.kind) << overlay_bits | overlay) << domain_bits | e.domain;
}

} // namespace

void accounts::moved(const account_end& from, const account_end& to, std::uint64_t received,
                     std::uint64_t lost) {
  if (received == 0 && lost == 0) return;
  auto& t = traffics_[key_of(from) << 32U | key_of(to)];
  t.from = from.kind;
  t.to = to.kind;
  t.from_overlay = from.overlay;
  t.to_overlay = to.overlay;
  t.from_domain = from.domain;
  t.to_domain = to.domain;
  t.sent += received + lost;
  t.received += received;
  t.lost += lost;
}

void accounts::enter(run_record& r) const {
  for (const auto& [key, t] : traffics_) r.traffics.push_back(t);
  std::sort(r.traffics.begin(), r.traffics.end(), [](const traffic& a, const traffic& b) {
    const auto order = [](const traffic& t) {
      return std::tuple(t.from, t.to, t.from_overlay, t.to_overlay, t.from_domain, t.to_domain);
    };
    return order(a) < order(b);
  });
  for (std::size_t i = 0; i < messages_.size(); ++i)
    if (messages_[i].count > 0) r.messages[std::string(message_names[i])] = messages_[i];
  for (const auto& [p, c] : charges_)
    r.charges.push_back({p.from, p.to, p.from_domain, p.to_domain, c.giver_bytes, c.taker_bytes});
}

std::vector<double> recovery_times(const plan& p, const std::vector<request_record>& requests) {
  constexpr double window = 60;
  constexpr double enough = 0.9;
  std::vector<moment> ends;
  for (const auto& r : requests)
    if (r.end == outcome::satisfied) ends.push_back(r.finished);
  std::sort(ends.begin(), ends.end());
  const auto count = [&](moment from, moment to) {
    return std::lower_bound(ends.begin(), ends.end(), to) -
           std::lower_bound(ends.begin(), ends.end(), from);
  };
  std::vector<double> out;
  for (const auto& f : p.faults) {
    const auto begin = std::max(0.0, f.when.begin - window);
    const auto span = f.when.begin - begin;
    const auto before = static_cast<double>(count(begin, f.when.begin));
    out.push_back(before > 0 ? never : 0);
    if (before <= 0 || f.when.end >= p.duration) continue;
    // Whole again with the satisfied request that makes a window as full as before.
    const auto needed = static_cast<std::ptrdiff_t>(std::ceil(before * enough));
    for (auto at = std::lower_bound(ends.begin(), ends.end(), f.when.end); at != ends.end(); ++at) {
      if (count(std::max(f.when.end, *at - span), std::nextafter(*at, never)) < needed) continue;
      out.back() = *at - f.when.end;
      break;
    }
  }
  return out;
}

} // namespace interswarm::compare
