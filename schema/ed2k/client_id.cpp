#include "schema/ed2k/client_id.hpp"

#include "schema/base/wire.hpp"

namespace interswarm::ed2k {

ip_address client_id::address() const {
  return ip_address::v4((value >> 24) | ((value >> 8) & 0xFF00) | ((value << 8) & 0xFF0000) |
                        (value << 24));
}

client_id client_id::of(const ip_address& address) {
  if (!address.is_v4()) return {};
  return {little_endian_reader(address.network_bytes()).u32()};
}

} // namespace interswarm::ed2k
