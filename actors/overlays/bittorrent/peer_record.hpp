#pragma once

#include "actors/overlays/bittorrent/fetch.hpp"
#include "actors/overlays/bittorrent/torrent_metadata.hpp"
#include "schema/overlay.gen.hpp"

namespace interswarm::bittorrent {

/// The torrent and file that a record names. `malformed` when it is not BitTorrent's, `denied` when
/// its content must not cross.
result<torrent_name> name_of(const msg::name_record& record);

/// The torrent of a record; null when the record has no info dictionary (a magnet link).
result<std::shared_ptr<const torrent_metadata>> metadata_of(const msg::name_record& record,
                                                            const torrent_name& name);

/// `asked`, with what was learned since: size, title, info dictionary, hash lists, content id.
msg::source_state to_message(const fetch_state& state, const torrent_name& name,
                             const msg::name_record& asked);

std::vector<msg::range> to_message(const range_set& ranges);
range_set to_range_set(const std::vector<msg::range>& ranges);
std::vector<endpoint> to_endpoints(const std::vector<msg::peer_address>& peers);

} // namespace interswarm::bittorrent
