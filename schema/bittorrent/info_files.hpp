#pragma once

#include "schema/bittorrent/bencode.hpp"
#include "schema/bittorrent/metainfo.hpp"

namespace interswarm::bittorrent {

/// Reads the v1 file list and the v2 file tree of `root` into `out` (files, pieces, total length,
/// single_file); in a hybrid both must describe the same files (BEP 52). `raw_name` is the
/// dictionary's own `name`.
result<void> parse_files(const bencode::value& root, std::string_view raw_name, torrent_info& out);

} // namespace interswarm::bittorrent
