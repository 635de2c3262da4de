#pragma once

#include "schema/ed2k/server_entry.hpp"
#include "schema/overlay.gen.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

namespace interswarm::ed2k {

/// Asks a server for files by words of their names, best first.
struct search_files {
  std::string words = {};
  std::uint32_t limit = 100;
};

struct search_files_result {
  std::vector<msg::name_record> records = {};
};

} // namespace interswarm::ed2k

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::ed2k::search_files)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::ed2k::search_files_result)

namespace interswarm::ed2k {

/// A tracker that can be searched: our own server, or a registrar at a foreign one. Converts to
/// msg::tracker_actor. Fails `malformed` for a search without a word, `unavailable` while the
/// foreign server is not reached.
using directory_actor =
    msg::tracker_actor::extend<caf::replies_to<search_files>::with<search_files_result>>;

/// A party for the tracker interface. High id: its endpoint, and its user hash where known. Low id:
/// no endpoint, and the id as 4 bytes little-endian; such a party has been asked to connect to our
/// peer.
msg::peer_address peer_address_of(client_id id, std::uint16_t port, const md4_digest* user_hash);
/// Name records of search results; entries without a possible name and size are left out.
std::vector<msg::name_record> records_of(const std::vector<file_entry>& files, std::size_t limit);

} // namespace interswarm::ed2k
