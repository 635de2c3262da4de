#pragma once

#include "schema/base/endpoint.hpp"

namespace interswarm::ed2k {

/// What a server calls a client: the IPv4 address that reaches it (its 4 network-order bytes read
/// little-endian, a "high id"), or a number below `first_high_id` for one that only its server
/// reaches (a "low id").
using client_id = std::uint32_t;

constexpr client_id first_high_id = 0x01000000;

constexpr bool is_low_id(client_id id) { return id < first_high_id; }

/// 0 for an address that is not IPv4.
client_id id_of(const ip_address& address);
/// Only for a high id.
ip_address address_of(client_id id);

} // namespace interswarm::ed2k
