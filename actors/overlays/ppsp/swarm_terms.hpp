#pragma once

#include "schema/ppsp/live_signature.hpp"
#include "schema/ppsp/message.hpp"

#include <optional>
#include <string>

namespace interswarm::ppsp {

/// A live discard window without end (RFC 7574 §7.9).
inline constexpr std::uint64_t everything = ~std::uint64_t{0};

/// What all peers of a swarm agree on: the metadata that travels with its name (RFC 7574 §7).
struct swarm_terms {
  /// A Merkle root, or for live the signature algorithm and the source's public key.
  bytes id;
  integrity_method integrity = integrity_method::merkle_tree;
  merkle_hash hash = merkle_hash::sha256;
  chunk_addressing addressing = chunk_addressing::chunk_ranges_32;
  std::uint32_t chunk_bytes = 1024;
  /// Live only.
  std::optional<signature_algorithm> signature;
  std::size_t signature_bytes = 0;
  /// Chunks behind its newest that we keep; `everything` for all.
  std::optional<std::uint64_t> live_window;

  /// Those of a live swarm whose source has this key.
  static swarm_terms live(const live_verifier& source, integrity_method m, std::uint64_t window);

  /// How we speak.
  dialect speech() const;
  /// The options of a handshake that opens a channel. Without `chunk_bytes` for libswift, which
  /// does not answer who tells it: only where chunks are of the 1024 bytes that absence means to
  /// all.
  protocol_options opening(bool tells_chunk_bytes = true) const;
  /// Those of an answer; the swarm id is known by then.
  protocol_options answer(bool tells_chunk_bytes = true) const;
  /// Why a peer with these options cannot be one of this swarm, for the log; nothing when it can.
  /// What it leaves out it is taken to agree to, as libswift's peers do; the addressing method may
  /// be its own.
  std::optional<std::string> refuses(const protocol_options& theirs) const;
};

} // namespace interswarm::ppsp
