#pragma once

#include "schema/base/result.hpp"
#include "schema/bittorrent/metainfo.hpp"
#include "storage/content_hashes.hpp"

#include <optional>
#include <string>
#include <vector>

namespace interswarm {

enum class torrent_version : std::uint8_t { v1, v2, hybrid };

/// How the names of one file are to be made.
struct naming_options {
  /// A power of two from 16 KiB to 1 GiB; 0: by the size.
  std::uint64_t piece_length = 0;
  std::vector<std::string> trackers;
  /// Put the ed2k hash and SHA-1 into the v1 info dictionary, as some publishers do. That changes
  /// its info-hash.
  bool cross_hashes = false;
};

/// What a file is called in every overlay, from the hashes of one pass. A name that an overlay
/// cannot give (v2 for an empty file, ed2k beyond 256 GiB, any torrent for a file name that is
/// none) is absent.
struct file_names {
  std::string name;
  std::uint64_t piece_length = 0;
  content_hashes hashes;
  std::optional<bittorrent::metainfo> v1;
  std::optional<bittorrent::metainfo> v2;
  std::optional<bittorrent::metainfo> hybrid;
  std::string ed2k_link;
  std::string magnet_v1;
  std::string magnet_v2;
  std::string magnet_hybrid;

  const std::optional<bittorrent::metainfo>& torrent(torrent_version v) const {
    return v == torrent_version::v1 ? v1 : v == torrent_version::v2 ? v2 : hybrid;
  }
};

/// The piece length to hash a file of `size` bytes with. Fails `configuration` for one that no
/// torrent has.
result<std::uint64_t> choose_piece_length(std::uint64_t size, const naming_options& options);

/// `hashes` must hold everything `hash_plan` has by default and the v1 pieces of `piece_length`.
file_names make_file_names(std::string name, content_hashes hashes, std::uint64_t piece_length,
                           const naming_options& options);

} // namespace interswarm
