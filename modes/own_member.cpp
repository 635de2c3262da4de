#include "modes/own_member.hpp"

#include "actors/runtime/wall_clock.hpp"
#include "modes/links.hpp"

#include <random>

namespace interswarm {

msg::member own_member(const soa_config& soa, const std::string& id, const std::string& address,
                       const std::vector<msg::door>& doors) {
  msg::member out;
  out.id = id;
  out.address = address;
  if (soa.storage) out.roles.push_back(msg::role::storage);
  if (soa.service) out.roles.push_back(msg::role::service);
  if (soa.access) out.roles.push_back(msg::role::access);
  // Grows from start to start; the low bits tell two starts within one millisecond apart.
  out.instance =
      (static_cast<std::uint64_t>(runtime::unix_ms()) << 16) | (std::random_device{}() & 0xFFFF);
  const auto host = address.substr(0, address.rfind(':'));
  out.doors = reachable(doors, host);
  return out;
}

} // namespace interswarm
