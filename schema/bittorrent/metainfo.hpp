#pragma once

#include "schema/base/hash.hpp"
#include "schema/base/result.hpp"
#include "schema/bittorrent/limits.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// .torrent files and info dictionaries (BEP 3, 12, 19, 27, 47, 52).
namespace interswarm::bittorrent {

/// What the wire calls a swarm: a v1 info-hash, or a v2 info-hash cut to its first 20 bytes.
using info_hash = sha1_digest;

/// One file of a torrent. Pad files are not listed: they show in the offsets only.
struct file_entry {
  /// Safe components below the torrent's name; empty when the torrent is a single file.
  std::vector<std::string> path;
  std::uint64_t length = 0;
  /// First byte in the torrent's piece space (v2: each file begins at a piece).
  std::uint64_t offset = 0;
  /// BEP 47 attribute letters ('x', 'h', 'l'), without 'p'.
  std::string attributes;
  /// v2 and hybrid: the BEP 52 root; absent for an empty file.
  std::optional<sha256_digest> pieces_root;
  /// Hashes that some publishers add to a file; absent when missing or of a wrong length.
  std::optional<md4_digest> ed2k;
  std::optional<sha1_digest> sha1;
  std::optional<md5_digest> md5;

  friend bool operator==(const file_entry&, const file_entry&) = default;
};

/// An info dictionary with what was read from it.
struct torrent_info {
  /// The dictionary's original bytes, which the info-hashes are taken over.
  bytes raw;
  std::string name;
  std::uint64_t piece_length = 0;
  bool is_private = false;
  bool has_v1 = false;
  bool has_v2 = false;
  /// True when the torrent is one file called `name`, false for a directory called `name`.
  bool single_file = false;
  /// v1: SHA-1 of each piece, concatenated.
  bytes pieces;
  std::vector<file_entry> files;
  /// Length of the piece space, pad files included.
  std::uint64_t total_length = 0;
  /// Of `raw`; each is meaningful when `has_v1`, `has_v2`.
  sha1_digest hash_v1{};
  sha256_digest hash_v2{};

  /// "name" or "name/path/file": for people, never for opening files.
  std::string title_of(std::size_t file) const;
  /// The hash that clients use on the wire for v2: the first 20 bytes of `hash_v2`.
  info_hash wire_hash_v2() const;
};

struct metainfo {
  torrent_info info;
  /// BEP 12 tiers; a lone `announce` is a tier of its own.
  std::vector<std::vector<std::string>> trackers;
  std::vector<std::string> web_seeds;
  /// v2: by pieces root, SHA-256 roots of each piece. Checked against the root. A file's layer may
  /// be missing.
  std::map<sha256_digest, bytes> piece_layers;
  std::string comment;
  std::string created_by;
  /// Unix seconds, 0 = not given.
  std::int64_t created = 0;
};

/// A whole .torrent file. `malformed` or `too_large` with a line that says what is wrong.
result<metainfo> parse_metainfo(byte_view data);
/// A bare info dictionary, as BEP 9 delivers it (no piece layers).
result<torrent_info> parse_info(byte_view data);
/// The .torrent file; `info.raw` goes in as it is.
bytes encode_metainfo(const metainfo& m);

/// What a single-file torrent is made from: hashes that were computed elsewhere.
struct single_file_hashes {
  std::string name{};
  std::uint64_t length = 0;
  std::uint64_t piece_length = 0;
  /// Make the v1 side from `v1_pieces` (20 bytes for each piece of `piece_length`).
  bool v1 = false;
  bytes v1_pieces{};
  /// Make the v2 side. `piece_layer` (32 bytes for each piece) is needed for a file longer than one
  /// piece.
  bool v2 = false;
  std::optional<sha256_digest> pieces_root{};
  bytes piece_layer{};
  bool is_private = false;
  /// Added to the file where given, so that others can cross it over (only for v1-only torrents:
  /// BEP 52 fixes what a v2 file entry holds).
  std::optional<md4_digest> ed2k{};
  std::optional<sha1_digest> sha1{};
};

/// The info dictionary (and piece layers) of one file; checks that the hashes fit each other and
/// the length.
result<metainfo> make_single_file(const single_file_hashes& from);

/// The smallest power of two from 16 KiB to 16 MiB that keeps a torrent of `length` bytes at or
/// below 2,000 pieces.
std::uint64_t default_piece_length(std::uint64_t length);

/// BEP 52 root over `layer` (32 bytes a piece) of a file of `length` bytes that is longer than one
/// piece.
sha256_digest root_of_layer(byte_view layer, std::uint64_t piece_length);

/// A file or directory name that is safe to show and to use as one path component: nothing for "",
/// ".", "..", a NUL, a slash or invalid length; backslashes, control characters and drive colons
/// are replaced.
std::optional<std::string> sanitise_component(std::string_view raw);

} // namespace interswarm::bittorrent
