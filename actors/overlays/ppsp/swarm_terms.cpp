#include "actors/overlays/ppsp/swarm_terms.hpp"

namespace interswarm::ppsp {

namespace {

/// The only version there is (RFC 7574 §7.2).
constexpr std::uint8_t version = 1;
constexpr std::uint32_t implied_chunk_bytes = 1024;

} // namespace

swarm_terms swarm_terms::live(const live_verifier& source, integrity_method m,
                              std::uint64_t window) {
  swarm_terms out;
  out.id = source.swarm_id();
  out.integrity = m;
  out.signature = source.algorithm();
  out.signature_bytes = source.signature_bytes();
  out.live_window = window;
  return out;
}

dialect swarm_terms::speech() const {
  dialect out;
  out.address = {addressing, chunk_bytes, std::nullopt};
  out.hash_bytes = hash_bytes(hash);
  out.signature_bytes = is_live(integrity) ? signature_bytes : 0;
  return out;
}

protocol_options swarm_terms::answer(bool tells_chunk_bytes) const {
  protocol_options out;
  out.version = version;
  out.minimum_version = version;
  out.integrity = integrity;
  if (integrity != integrity_method::none) out.hash = hash;
  if (is_live(integrity)) {
    out.signature = signature;
    out.live_window = live_window;
    // RFC 7574 §7.9: in bytes where chunks are named by theirs.
    if (live_window && addressing == chunk_addressing::byte_ranges_64 &&
        *live_window < everything / chunk_bytes)
      out.live_window = *live_window * chunk_bytes;
  }
  out.addressing = addressing;
  if (tells_chunk_bytes || chunk_bytes != implied_chunk_bytes) out.chunk_bytes = chunk_bytes;
  return out;
}

protocol_options swarm_terms::opening(bool tells_chunk_bytes) const {
  auto out = answer(tells_chunk_bytes);
  out.swarm_id = id;
  return out;
}

std::optional<std::string> swarm_terms::refuses(const protocol_options& theirs) const {
  if (theirs.minimum_version.value_or(theirs.version) > version || theirs.version < version)
    return "it does not speak version 1";
  if (theirs.swarm_id && *theirs.swarm_id != id) return "it means another swarm";
  if (theirs.integrity && *theirs.integrity != integrity)
    return "it verifies in another way (option 3)";
  if (theirs.hash && integrity != integrity_method::none && *theirs.hash != hash)
    return "its hash function is another (option 4)";
  if (theirs.signature && is_live(integrity) && theirs.signature != signature)
    return "its signature algorithm is another (option 5)";
  if (theirs.chunk_bytes && *theirs.chunk_bytes != chunk_bytes)
    return "its chunks are of another size (option 9)";
  return std::nullopt;
}

} // namespace interswarm::ppsp
