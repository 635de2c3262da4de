#pragma once

#include <cstdint>
#include <optional>

namespace interswarm::bittorrent {

/// Bytes that the other side's TCP has acknowledged on this socket; nothing where the system does
/// not tell. What it may count beyond the data (the SYN) is a byte.
std::optional<std::uint64_t> tcp_acknowledged(int socket);

} // namespace interswarm::bittorrent
