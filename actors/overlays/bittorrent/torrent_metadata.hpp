#pragma once

#include "actors/overlays/bittorrent/piece_map.hpp"
#include "actors/overlays/bittorrent/piece_proof.hpp"
#include "schema/base/result.hpp"

#include <libtorrent/fwd.hpp>
#include <libtorrent/info_hash.hpp>
#include <memory>
#include <string>

namespace interswarm::bittorrent {

/// What a name's `key` says: the swarm and the file, counted without pad files.
struct torrent_name {
  /// 20 bytes (v1) or 32 (v2).
  bytes info_hash;
  std::uint32_t file = 0;

  /// `malformed` for a key of another length than 24 or 36.
  static result<torrent_name> parse(byte_view key);
  bytes key() const;
  libtorrent::info_hash_t to_libtorrent() const;
};

/// A BEP 52 layer of the named file that came with a name record: 32 bytes for each `unit` bytes.
struct known_layer {
  std::uint64_t unit = 0;
  bytes hashes;
};

/// Proof data that a torrent gives for one file: hashes of `unit` bytes over [offset, end).
struct file_proof {
  bool v2 = false;
  std::uint64_t unit = 0;
  byte_range covers;
  bytes hashes;
};

/// A parsed info dictionary with what the peer needs of it. Immutable, safe on any thread.
struct torrent_metadata {
  std::shared_ptr<const libtorrent::torrent_info> info;
  piece_map map;
  piece_proof proof;
  bool is_private = false;
  /// By file, counted without pad files: path below the torrent's name, and the BEP 52 root (zero
  /// when the torrent has none).
  std::vector<std::string> titles;
  std::vector<sha256_digest> roots;
  /// The original bytes of the info dictionary.
  bytes raw;

  /// The proof data of `file`: v1 pieces that hold nothing but its bytes, its v2 layer.
  std::vector<file_proof> proofs_of(std::uint32_t file) const;
};

/// Parses `info` and checks that it hashes to `name` and has the named file. Layers that do not
/// lead to the file's root are ignored. `malformed`, `refuted` (hash), `not_found` (file),
/// `too_large`.
result<std::shared_ptr<const torrent_metadata>>
parse_metadata(const torrent_name& name, byte_view info, const std::vector<known_layer>& layers);

/// The same for what libtorrent already parsed and verified.
std::shared_ptr<const torrent_metadata>
describe_torrent(std::shared_ptr<const libtorrent::torrent_info> info);

/// The same torrent with the v2 layers of both; `old` itself when `more` adds none.
std::shared_ptr<const torrent_metadata>
merge_layers(const std::shared_ptr<const torrent_metadata>& old,
             const std::shared_ptr<const torrent_metadata>& more);

} // namespace interswarm::bittorrent
