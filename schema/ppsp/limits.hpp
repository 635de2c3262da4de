#pragma once

#include <cstddef>
#include <cstdint>

/// Every bound of the PPSPP codec.
namespace interswarm::ppsp::limits {

/// What fits into a UDP datagram over IPv4.
constexpr std::size_t max_datagram_bytes = 65'507;
/// A swarm id: a Merkle root, or an algorithm byte and a public key (RSA with 4096 bits: 517).
/// libswift refuses 1024 and more.
constexpr std::size_t max_swarm_id_bytes = 1'023;
/// Chunks have 2^62 bytes of addresses at most, so that sums of two never overflow.
constexpr std::uint64_t max_chunks = std::uint64_t{1} << 62;
/// Of a live swarm's RSA key: less is no proof, more takes long to verify (RFC 3110 §2 ends there).
constexpr unsigned min_rsa_bits = 1'024;
constexpr unsigned max_rsa_bits = 4'096;
constexpr std::size_t max_rsa_exponent_bytes = 8;
/// An X.509 certificate in a PEX_REScert.
constexpr std::size_t max_certificate_bytes = 8'192;
/// Bytes of the bitmap of supported messages: one bit for each of 256 types.
constexpr std::size_t max_supported_bytes = 32;
/// A chunk with its header has to fit into a datagram.
constexpr std::uint32_t max_chunk_bytes = 60'000;
/// A ppspp link, and what it says.
constexpr std::size_t max_link_bytes = 16'384;
constexpr std::size_t max_link_name_bytes = 255;
constexpr std::size_t max_link_peers = 16;

} // namespace interswarm::ppsp::limits
