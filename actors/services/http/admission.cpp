#include "actors/services/http/admission.hpp"

#include <algorithm>
#include <array>

namespace interswarm::http {

namespace {

constexpr std::uint64_t second_us = 1'000'000;
constexpr std::uint64_t smallest_write = 1024;

ip_address group_of(const ip_address& a) {
  if (a.is_v4()) return a;
  std::array<byte, 16> prefix{};
  std::copy_n(a.mapped().begin(), 8, prefix.begin());
  return ip_address::from_bytes(prefix).value_or(a);
}

} // namespace

bool admission::enter(const ip_address& from) {
  if (total_ >= total_limit_) return false;
  const auto key = group_of(from);
  const auto it = by_address_.find(key);
  if (it != by_address_.end() && it->second >= per_address_limit_) return false;
  if (per_address_limit_ == 0) return false;
  ++by_address_[key];
  ++total_;
  return true;
}

void admission::leave(const ip_address& from) {
  const auto it = by_address_.find(group_of(from));
  if (it == by_address_.end()) return;
  --total_;
  if (--it->second == 0) by_address_.erase(it);
}

std::size_t pacer::write_limit(std::size_t limit) const {
  if (rate_ == 0) return limit;
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(limit, std::max(rate_ / 8, smallest_write)));
}

std::uint64_t pacer::wait_us(std::uint64_t bytes, std::uint64_t now_us) {
  if (rate_ == 0) return 0;
  due_us_ = std::max(due_us_, now_us) + bytes * second_us / rate_;
  const auto free_us = now_us + second_us;
  return due_us_ > free_us ? due_us_ - free_us : 0;
}

} // namespace interswarm::http
