#pragma once

#include "schema/base/endpoint.hpp"
#include "schema/base/hash.hpp"
#include "schema/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace interswarm::ed2k {

/// A party that a link names beside the file. `host` is an IP address or a host name.
struct link_source {
  std::string host;
  std::uint16_t port = 0;
  /// Obfuscation: bit 0 supported, bit 1 requested, bit 2 required, bit 7 a user hash follows.
  std::uint8_t crypt = 0;
  std::optional<md4_digest> user_hash;

  friend bool operator==(const link_source&, const link_source&) = default;
};

/// ed2k://|file|name|size|hash|…|/
struct file_link {
  /// Unescaped bytes; UTF-8 as a rule, never a path.
  std::string name;
  std::uint64_t size = 0;
  md4_digest hash{};
  /// MD4 of each 9,728,000-byte part (p=). Empty, or hashing up to `hash`: `parse_link` checks it.
  /// The extra MD4 of nothing after a file of whole parts is present exactly when the hash counts
  /// it ("red").
  std::vector<md4_digest> part_hashes;
  /// AICH root (h=).
  std::optional<sha1_digest> aich;
  /// HTTP origins (s=).
  std::vector<std::string> urls;
  std::vector<link_source> sources;

  friend bool operator==(const file_link&, const file_link&) = default;
};

/// ed2k://|server|host|port|/
struct server_link {
  std::string host;
  std::uint16_t port = 0;

  friend bool operator==(const server_link&, const server_link&) = default;
};

/// ed2k://|serverlist|url|/
struct server_list_link {
  std::string url;

  friend bool operator==(const server_list_link&, const server_list_link&) = default;
};

using any_link = std::variant<file_link, server_link, server_list_link>;

/// Whether `text` begins as a link of this kind does.
bool looks_like_link(std::string_view text);

/// Reads a link as people paste it: scheme in any case, '|' possibly escaped, fields after the hash
/// in any order, fields of other programs skipped. `malformed` or `too_large` name what is wrong,
/// `refuted` a hash set that does not hash up to the file hash.
result<any_link> parse_link(std::string_view text);

/// As `parse_link`, and `malformed` for another kind of link.
result<file_link> parse_file_link(std::string_view text);

/// The link with every field it holds. `parse_link` gives the same value back.
std::string to_string(const file_link& l);
std::string to_string(const server_link& l);
std::string to_string(const server_list_link& l);

} // namespace interswarm::ed2k
