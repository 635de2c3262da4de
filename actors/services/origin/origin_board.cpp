#include "actors/services/origin/origin_board.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace interswarm::origin {

namespace {

/// A rate is measured over so much waiting for bytes, and smoothed by this share of the new.
constexpr instant sample_time = std::chrono::milliseconds(200);
constexpr double new_share = 0.3;
/// Bytes that come in this time may be saved up: it bounds how far the rate is exceeded.
constexpr double burst_seconds = 0.05;
constexpr std::size_t longest_step = 1U << 18U;
/// Another mirror must have been so many times as fast to be worth a new request.
constexpr double times_faster = 4;

} // namespace

std::string_view to_string(health h) {
  switch (h) {
  case health::up: return "up";
  case health::failing: return "failing";
  case health::down: return "down";
  }
  return "";
}

bool origin_board::make_room() {
  auto oldest = by_name_.end();
  for (auto it = by_name_.begin(); it != by_name_.end(); ++it) {
    const auto& s = servers_[it->second];
    if (s.users > 0) continue;
    if (oldest == by_name_.end() || s.last_used < servers_[oldest->second].last_used) oldest = it;
  }
  if (oldest == by_name_.end()) return false;
  free_.push_back(oldest->second);
  by_name_.erase(oldest);
  return true;
}

result<origin_board::number> origin_board::open(const std::string& name, instant now) {
  auto known = by_name_.find(name);
  if (known == by_name_.end()) {
    if (by_name_.size() >= settings_.max_servers && !make_room())
      return fail(errc::overloaded, "contents are being pulled from " +
                                        std::to_string(settings_.max_servers) +
                                        " origin servers, which is the most; try again later");
    number n = servers_.size();
    if (free_.empty()) {
      servers_.emplace_back();
    } else {
      n = free_.back();
      free_.pop_back();
      servers_[n] = server{};
    }
    auto& s = servers_[n];
    s.status.server = name;
    const auto special = settings_.special.find(name);
    s.allowed = special == settings_.special.end() ? settings_.usual : special->second;
    const auto rate = static_cast<double>(s.allowed.bytes_per_second);
    s.byte_bucket = token_bucket(rate, rate * burst_seconds);
    s.request_bucket = token_bucket(s.allowed.requests_per_second, 1);
    known = by_name_.emplace(name, n).first;
  }
  auto& s = servers_[known->second];
  ++s.users;
  s.last_used = now;
  return known->second;
}

void origin_board::close(number n) {
  if (servers_[n].users > 0) --servers_[n].users;
}

health origin_board::state_of(const server& s, instant now) const {
  if (s.failures_in_a_row == 0 ||
      (now - s.last_failure >= settings_.forgive_after && !waits(s, now)))
    return health::up;
  return s.failures_in_a_row >= settings_.down_after ? health::down : health::failing;
}

double origin_board::promise_of(const server& s) const {
  const auto rate = s.rate > 0 ? s.rate : static_cast<double>(settings_.unmeasured);
  return rate / static_cast<double>(s.status.in_flight + 1);
}

std::optional<std::size_t> origin_board::choose(std::span<const number> mirrors, instant now) {
  std::optional<std::size_t> best;
  const auto rank = [&](const server& s) {
    return std::tuple(static_cast<int>(state_of(s, now)), -promise_of(s));
  };
  for (std::size_t i = 0; i < mirrors.size(); ++i) {
    auto& s = servers_[mirrors[i]];
    if (waits(s, now) || s.status.in_flight >= s.allowed.requests) continue;
    if (s.request_bucket.wait(now) > instant::zero()) continue;
    if (!best || rank(s) < rank(servers_[mirrors[*best]])) best = i;
  }
  return best;
}

bool origin_board::all_failing(std::span<const number> mirrors, instant now) const {
  return std::all_of(mirrors.begin(), mirrors.end(),
                     [&](number n) { return state_of(servers_[n], now) != health::up; });
}

bool origin_board::better_than(number current, std::uint64_t bytes_per_second,
                               std::span<const number> mirrors, instant now) {
  return std::any_of(mirrors.begin(), mirrors.end(), [&](number n) {
    auto& s = servers_[n];
    if (n == current || state_of(s, now) != health::up) return false;
    if (s.status.in_flight >= s.allowed.requests || s.request_bucket.wait(now) > instant::zero())
      return false;
    return s.rate <= 0 || promise_of(s) >= times_faster * static_cast<double>(bytes_per_second);
  });
}

void origin_board::request_began(number n, instant now) {
  auto& s = servers_[n];
  ++s.status.in_flight;
  ++s.status.requests;
  s.last_used = now;
  s.request_bucket.take(1, now);
}

void origin_board::request_ended(number n) {
  if (servers_[n].status.in_flight > 0) --servers_[n].status.in_flight;
}

void origin_board::received(number n, std::uint64_t bytes, instant took, instant now) {
  auto& s = servers_[n];
  s.last_used = now;
  s.status.bytes += bytes;
  s.byte_bucket.take(static_cast<double>(bytes), now);
  s.sample_bytes += bytes;
  s.sample_time += took;
  if (s.sample_time < sample_time) return;
  const auto sample =
      static_cast<double>(s.sample_bytes) / std::chrono::duration<double>(s.sample_time).count();
  s.rate = s.rate > 0 ? s.rate + new_share * (sample - s.rate) : sample;
  s.sample_bytes = 0;
  s.sample_time = instant::zero();
}

void origin_board::succeeded(number n) {
  servers_[n].failures_in_a_row = 0;
  servers_[n].retry_at = instant::zero();
}

void origin_board::failed(number n, std::string why, instant now, double random,
                          std::optional<instant> retry_after) {
  auto& s = servers_[n];
  ++s.status.failures;
  s.status.last_error = std::move(why);
  // The other requests of a server that went away break in the same moment: one outage counts once.
  if (waits(s, now) && !retry_after) return;
  if (state_of(s, now) == health::up) s.failures_in_a_row = 0;
  ++s.failures_in_a_row;
  s.last_failure = now;
  const auto doublings = static_cast<int>(std::min(s.failures_in_a_row - 1, 30U));
  const auto whole =
      std::min(std::ldexp(static_cast<double>(settings_.first_wait.count()), doublings),
               static_cast<double>(settings_.longest_wait.count()));
  auto wait = instant(static_cast<instant::rep>(whole * (0.5 + random / 2)));
  if (retry_after) wait = std::max(wait, std::min<instant>(*retry_after, limits::retry_after));
  s.retry_at = std::max(s.retry_at, now + wait);
}

std::size_t origin_board::byte_step(number n) const {
  const auto& bucket = servers_[n].byte_bucket;
  if (!bucket.limited()) return longest_step;
  return std::clamp<std::size_t>(static_cast<std::size_t>(bucket.burst()), 1, longest_step);
}

server_status origin_board::status(number n, instant now) const {
  const auto& s = servers_[n];
  auto out = s.status;
  out.state = state_of(s, now);
  out.bytes_per_second = static_cast<std::uint64_t>(s.rate);
  return out;
}

std::vector<server_status> origin_board::all(instant now) const {
  std::vector<server_status> out;
  out.reserve(by_name_.size());
  for (const auto& [name, n] : by_name_) out.push_back(status(n, now));
  return out;
}

} // namespace interswarm::origin
