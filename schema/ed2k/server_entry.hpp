#pragma once

#include "schema/ed2k/client_id.hpp"
#include "schema/ed2k/tag.hpp"

namespace interswarm::ed2k {

/// A file as clients offer it and servers list it: {hash, u32 id, u16 port, tag list}.
struct file_entry {
  md4_digest hash{};
  /// Who has it; in an offer also the markers below.
  client_id id = {};
  std::uint16_t port = 0;
  std::vector<tag> tags = {};

  /// Tags 02 and 3A put together.
  std::uint64_t size() const;
  std::string_view name() const;
  /// "Audio", "Video", "Image", "Pro", "Doc", also from the number that servers with flag 0080 get;
  /// empty if unknown.
  std::string_view type() const;

  friend bool operator==(const file_entry&, const file_entry&) = default;
};

/// In an offer to a server with the zlib flag, id and port say how much of the file the client has.
constexpr client_id complete_marker_id{0xFBFBFBFB};
constexpr std::uint16_t complete_marker_port = 0xFBFB;
constexpr client_id partial_marker_id{0xFCFCFCFC};
constexpr std::uint16_t partial_marker_port = 0xFCFC;

/// Tags 01 and 02, with 3A above 4 GiB.
std::vector<tag> file_tags(std::string_view name, std::uint64_t size);

decoded<file_entry> read_file_entry(little_endian_reader& in);
void write_file_entry(bytes& out, const file_entry& entry, tag_form form = tag_form::classic);
/// u32 count and as many entries; fails above `limits::max_listed_files`.
decoded<std::vector<file_entry>> read_file_entries(little_endian_reader& in);
void write_file_entries(bytes& out, std::span<const file_entry> entries,
                        tag_form form = tag_form::classic);

/// What GETSOURCES and its UDP twin ask for. Old clients do not tell the size.
struct source_request {
  md4_digest hash{};
  std::optional<std::uint64_t> size = {};

  friend bool operator==(const source_request&, const source_request&) = default;
};

/// u32 size, or u32 0 and u64 size for a large file.
void write_source_request(bytes& out, const source_request& request);

/// A party that has a file.
struct source_entry {
  client_id id = {};
  std::uint16_t port = 0;
  /// FOUNDSOURCES_OBFU only: bits 0-2 supports, requests, requires obfuscation; bit 7 a user hash
  /// follows.
  std::uint8_t crypt = 0;
  std::optional<md4_digest> user_hash = {};

  friend bool operator==(const source_entry&, const source_entry&) = default;
};

/// {hash, u8 n, n×{id, port}}; at most 255 sources are written.
struct source_list {
  md4_digest hash{};
  std::vector<source_entry> sources = {};

  friend bool operator==(const source_list&, const source_list&) = default;
};

decoded<source_list> read_source_list(little_endian_reader& in, bool with_crypt);
void write_source_list(bytes& out, const source_list& list, bool with_crypt);

/// u8 n, n×{address, port}: servers in TCP 32 and UDP A1.
decoded<std::vector<endpoint>> read_server_endpoints(little_endian_reader& in);
/// At most 255; what is not IPv4 is left out.
void write_server_endpoints(bytes& out, const std::vector<endpoint>& servers);

} // namespace interswarm::ed2k
