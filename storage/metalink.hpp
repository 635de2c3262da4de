#pragma once

#include "schema/base/hash.hpp"
#include "schema/base/result.hpp"
#include "storage/values.hpp"

#include <optional>
#include <string>
#include <vector>

namespace interswarm {

/// A place that one file of a Metalink can be had from. 1 is the most wanted priority, 999999 the
/// least.
struct metalink_url {
  std::string url;
  std::uint32_t priority = 999'999;
  std::string location; // ISO 3166-1 country, or empty

  friend bool operator==(const metalink_url&, const metalink_url&) = default;
};

/// A file that describes this one, such as a .torrent.
struct metalink_metaurl {
  std::string url;
  std::string media_type; // "torrent"
  std::uint32_t priority = 999'999;
  /// The file's name inside the torrent, or empty.
  std::string name;

  friend bool operator==(const metalink_metaurl&, const metalink_metaurl&) = default;
};

/// Digests of consecutive pieces; the last piece may be short.
struct metalink_pieces {
  hash_algorithm algorithm{};
  std::uint64_t length = 0;
  bytes digests;

  friend bool operator==(const metalink_pieces&, const metalink_pieces&) = default;
};

struct metalink_file {
  /// Relative, never leaving its folder; still not to be used as a path as it is.
  std::string name;
  std::optional<std::uint64_t> size;
  std::optional<md5_digest> md5;
  std::optional<sha1_digest> sha1;
  std::optional<sha256_digest> sha256;
  /// Not in the RFC's registry, but written by generators that know ed2k.
  std::optional<md4_digest> ed2k;
  std::vector<metalink_pieces> pieces;
  /// In the order of their priority; magnet: and ed2k: links among them.
  std::vector<metalink_url> urls;
  std::vector<metalink_metaurl> metaurls;

  friend bool operator==(const metalink_file&, const metalink_file&) = default;
};

/// Reads Metalink 4 (RFC 5854). Elements, hash types and URL schemes that it does not know are
/// skipped. Fails `malformed` or `too_large` with what is wrong: no XML, another version, a file
/// name that leaves its folder, digests that are none, numbers out of range. Document type
/// declarations and their entities are never expanded.
result<std::vector<metalink_file>> parse_metalink(byte_view document);

/// The file's SHA-1 and SHA-256 digests as proof data of evidence `declared`: the pieces, and the
/// whole as one unit. Nothing without a size.
std::vector<msg::hash_list> metalink_hash_lists(const metalink_file& file);

} // namespace interswarm
