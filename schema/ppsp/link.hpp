#pragma once

#include "schema/base/endpoint.hpp"
#include "schema/base/result.hpp"
#include "schema/ppsp/protocol_options.hpp"

#include <string>
#include <vector>

namespace interswarm::ppsp {

/// What identifies a swarm: its id, and what a peer has to know to make sense of it (RFC 7574 §7:
/// metadata that comes with the name).
struct swarm_key {
  integrity_method integrity = integrity_method::merkle_tree;
  merkle_hash hash = merkle_hash::sha256;
  std::uint32_t chunk_bytes = 1024;
  /// A Merkle root of `hash`'s length; live: the algorithm and the source's public key.
  bytes id;

  friend bool operator==(const swarm_key&, const swarm_key&) = default;
};

/// Why nothing can be a swarm of this key, for people; nothing when all is well.
std::optional<std::string> fault_of(const swarm_key& key);

/// How people hand a swarm on. The RFC defines no form; ours is
/// `ppspp://HEX?hash=sha256&chunk=1024&size=N&name=TEXT&peer=IP:PORT`, where `integrity` (3 for
/// live streams, RFC 7574's number) is left out for content on demand.
struct swarm_link {
  swarm_key key;
  /// Bytes of the content, where the link says so.
  std::optional<std::uint64_t> size;
  std::string name;
  /// Where to begin.
  std::vector<endpoint> peers;

  friend bool operator==(const swarm_link&, const swarm_link&) = default;
};

bool looks_like_link(std::string_view text);
/// Unknown fields are passed over. Without `hash` it is the function whose hashes are as long as
/// the id, without `chunk` 1024 bytes. Fails `malformed`.
result<swarm_link> parse_link(std::string_view text);
std::string to_string(const swarm_link& link);

/// "sha1", "sha256" and so on.
std::string_view to_string(merkle_hash h);
std::optional<merkle_hash> parse_merkle_hash(std::string_view word);

} // namespace interswarm::ppsp
