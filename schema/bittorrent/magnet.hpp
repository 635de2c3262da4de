#pragma once

#include "schema/base/hash.hpp"
#include "schema/base/result.hpp"
#include "schema/bittorrent/limits.hpp"
#include "schema/bittorrent/metainfo.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace interswarm::bittorrent {

/// A magnet link: names of one content, or of one torrent, in several systems at once.
struct magnet {
  /// urn:btih, 40 hex or 32 base32 characters (BEP 9).
  std::optional<sha1_digest> btih;
  /// urn:btmh, the multihash 1220 + SHA-256 (BEP 52).
  std::optional<sha256_digest> btmh;
  /// urn:ed2k or urn:ed2khash.
  std::optional<md4_digest> ed2k;
  /// urn:aich, the root in base32 or hex.
  std::optional<sha1_digest> aich;
  std::optional<sha1_digest> sha1;
  std::optional<md5_digest> md5;
  /// xl: bytes of the content.
  std::optional<std::uint64_t> length;
  /// dn: for people.
  std::string display_name;
  /// tr
  std::vector<std::string> trackers;
  /// ws and as
  std::vector<std::string> web_seeds;
  /// x.pe: "host:port".
  std::vector<std::string> peers;
  /// so (BEP 53): chosen files, as inclusive ranges of indices.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> selection;

  bool is_torrent() const { return btih || btmh; }

  friend bool operator==(const magnet&, const magnet&) = default;
};

/// Unknown parameters and unknown urns are skipped; `malformed` when no known urn is left, when a
/// known urn has no valid hash or when two of a kind differ.
result<magnet> parse_magnet(std::string_view text);
/// One line, hex for btih, base32 for aich and sha1.
std::string to_string(const magnet& m);
/// The link of a torrent: both info-hashes where there are, name, trackers, web seeds; `xl` for a
/// single file.
magnet make_magnet(const metainfo& m);

} // namespace interswarm::bittorrent
