#pragma once

#include "schema/bittorrent/magnet.hpp"
#include "schema/bittorrent/metainfo.hpp"
#include "schema/content.values.hpp"

namespace interswarm::bittorrent {

/// `msg::name::overlay` of this system.
inline constexpr std::string_view overlay_word = "bittorrent";

/// What identifies a file in BitTorrent: a swarm and the file's place in its torrent.
struct file_key {
  /// 20 bytes (v1) or 32 bytes (v2).
  bytes hash;
  std::uint32_t file = 0;

  bool is_v2() const { return hash.size() == 32; }
  /// What trackers and handshakes carry: a v2 hash cut to 20 bytes.
  info_hash wire_hash() const;

  friend bool operator==(const file_key&, const file_key&) = default;
};

/// Key: the info-hash, then the file's index as 4 bytes big-endian.
msg::name make_name(byte_view hash, std::uint32_t file = 0);
/// `malformed` for another overlay's name or a key of another length.
result<file_key> read_name(const msg::name& name);

/// What of a file's bytes the torrent's own hashes prove, in the neutral shape, evidence
/// `structural`: the v1 pieces that lie wholly inside the file, the v2 piece layer (for a file of
/// at most one piece its root). `layers` as in `metainfo::piece_layers`.
std::vector<msg::hash_list> hash_lists(const torrent_info& info, std::size_t file,
                                       const std::map<sha256_digest, bytes>& layers = {});

/// The records of one file: one for each info-hash the torrent has (v1 first). A v2 record carries
/// the content id. Evidence `hint`: a torrent equates its name with no other overlay's. A private
/// torrent's are `forbidden`.
std::vector<msg::name_record> make_records(const metainfo& torrent, std::size_t file);

/// As above from a bare info dictionary.
std::vector<msg::name_record> make_records(const torrent_info& info, std::size_t file);

/// The records of a magnet link's torrent names (its first selected file): no metadata, permission
/// `unknown`.
std::vector<msg::name_record> make_records(const magnet& link);

/// The .torrent file of a record that has its metadata; piece layers come from its hash lists.
/// `not_found` without metadata, `refuted` when the metadata is not what the name says.
result<metainfo> make_metainfo(const msg::name_record& record);

} // namespace interswarm::bittorrent
