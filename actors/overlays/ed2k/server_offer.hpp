#pragma once

#include "actors/overlays/ed2k/server_limits.hpp"
#include "schema/ed2k/client_id.hpp"
#include "schema/ed2k/record.hpp"
#include "schema/ed2k/tag.hpp"

namespace interswarm::ed2k {

/// A party of the index: one connection of a client, or our own peer. Never reused.
using party_id = std::uint64_t;

/// How others reach a party.
struct party {
  client_id id = {};
  std::uint16_t port = 0;
  md4_digest user_hash{};
  /// Obfuscation, as in `source_entry::crypt`.
  std::uint8_t crypt = 0;
  /// Our own peer: given to clients, but not counted as a source.
  bool own = false;
};

struct index_options {
  /// Files of all parties together, and offers (file × party) together.
  std::size_t max_files = 2'000'000;
  std::size_t max_offers = 10'000'000;
  /// Files of one party; further ones are not taken.
  std::size_t max_files_per_party = 5'000;
};

/// A file on offer, as a party says it.
struct offer {
  file_key file{};
  std::string_view name{};
  std::string_view type{};
  bool complete = true;
  /// Media tags are kept, others are not.
  const std::vector<tag>* tags = nullptr;
};

/// Why an offer was not taken.
enum class offer_outcome : std::uint8_t { taken, changed, known, party_full, index_full, refused };

struct file_counts {
  bool known = false;
  /// Without our own peer.
  std::uint32_t complete = 0;
  std::uint32_t partial = 0;
};

} // namespace interswarm::ed2k
