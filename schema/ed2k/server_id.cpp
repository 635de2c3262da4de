#include "schema/ed2k/server_id.hpp"

namespace interswarm::ed2k {

namespace {

constexpr std::uint32_t swap_bytes(std::uint32_t v) {
  return v << 24 | (v & 0xFF00) << 8 | (v >> 8 & 0xFF00) | v >> 24;
}

} // namespace

client_id id_of(const ip_address& address) {
  return address.is_v4() ? swap_bytes(address.to_v4()) : 0;
}

ip_address address_of(client_id id) { return ip_address::v4(swap_bytes(id)); }

} // namespace interswarm::ed2k
