#include "actors/storage/repair_pace.hpp"

namespace interswarm::storage {

void repair_pace::heard(const std::map<std::string, std::uint64_t>& given, std::uint64_t own,
                        instant now) {
  if (heard_ && now <= heard_at_) return;
  std::uint64_t all = 0;
  for (const auto& [id, bytes] : given) {
    const auto before = given_.find(id);
    // A node that is new here has given to others who knows when.
    if (before == given_.end()) continue;
    // One that began anew counts from 0.
    all += bytes >= before->second ? bytes - before->second : bytes;
  }
  const auto mine = own - own_;
  const auto others = all > mine ? all - mine : 0;
  const auto ms = static_cast<std::uint64_t>((now - heard_at_).count());
  // Division before multiplication: no counter is too large.
  if (heard_) busy_ = others / ms * 1000 > notice;
  given_ = given;
  own_ = own;
  heard_at_ = now;
  heard_ = true;
}

} // namespace interswarm::storage
