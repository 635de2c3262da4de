#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/hash.hpp"
#include "schema/base/result.hpp"
#include "schema/base/wire.hpp"

#include <optional>
#include <variant>

namespace interswarm::ed2k {

/// One-byte tag names. A number means different things in different conversations.
namespace tag_name {
constexpr std::uint8_t name = 0x01, size = 0x02, type = 0x03, format = 0x04,
                       last_seen_complete = 0x05, server_description = 0x0B, version = 0x11,
                       sources = 0x15, server_flags = 0x20, aich_root = 0x27,
                       complete_sources = 0x30, size_high = 0x3A, artist = 0xD0, album = 0xD1,
                       title = 0xD2, length_s = 0xD3, bitrate = 0xD4, codec = 0xD5,
                       amule_options = 0xEF, comment = 0xF6, rating = 0xF7, udp_ports = 0xF9,
                       misc_options_1 = 0xFA, emule_version = 0xFB, buddy_ip = 0xFC,
                       buddy_udp = 0xFD, misc_options_2 = 0xFE;
/// Of the C5 EMULEINFO packet.
constexpr std::uint8_t et_compression = 0x20, et_udp_port = 0x21, et_udp_version = 0x22,
                       et_source_exchange = 0x23, et_comments = 0x24, et_extended_request = 0x25,
                       et_compatible_client = 0x26, et_features = 0x27, et_mod_version = 0x55;
} // namespace tag_name

/// How tags are written. Readers take both forms everywhere.
enum class tag_form : std::uint8_t {
  /// u16 name length; integers as u32 or u64: what every client parses.
  classic,
  /// One-byte name in the type's high bit, shortest integer, short strings without length. For
  /// servers that announced
  /// flag 0008 and for Kad.
  compact,
};

/// A tag's value: integers of any width are uint64; 07 and 0A become `bytes`, the bits of 06 too.
using tag_value = std::variant<std::uint64_t, std::string, float, bool, md4_digest, bytes>;

/// `<type><name><value>`. A one-byte name is in `id` with `name` empty; any other name is in `name`
/// with `id` 0.
struct tag {
  std::uint8_t id = 0;
  std::string name;
  tag_value value;

  tag() = default;
  tag(std::uint8_t one_byte_name, tag_value v) : id(one_byte_name), value(std::move(v)) {}
  tag(std::string long_name, tag_value v) : name(std::move(long_name)), value(std::move(v)) {}

  /// The value if it is an integer (or a bool), else nothing.
  std::optional<std::uint64_t> integer() const;
  /// The value if it is a string, else nothing; a UTF-8 byte order mark was cut off by the reader.
  std::optional<std::string_view> text() const;

  friend bool operator==(const tag&, const tag&) = default;
};

/// Reads one tag and leaves `in` behind it. Fails with `drop` on an unknown type or a value that is
/// cut off.
decoded<tag> read_tag(little_endian_reader& in);
/// A u32 count and as many tags; fails above `limits::max_tags`.
decoded<std::vector<tag>> read_tag_list(little_endian_reader& in);
/// A u8 count and as many tags (Kad).
decoded<std::vector<tag>> read_short_tag_list(little_endian_reader& in);

void write_tag(bytes& out, const tag& t, tag_form form = tag_form::classic);
/// u32 count and the tags.
void write_tag_list(bytes& out, const std::vector<tag>& tags, tag_form form = tag_form::classic);

/// The first tag of that one-byte name, or null.
const tag* find_tag(const std::vector<tag>& tags, std::uint8_t id);
/// Its integer, or `otherwise` when there is none.
std::uint64_t tag_integer(const std::vector<tag>& tags, std::uint8_t id,
                          std::uint64_t otherwise = 0);
/// Its text, or empty.
std::string_view tag_text(const std::vector<tag>& tags, std::uint8_t id);

/// u16 length and as many bytes, a UTF-8 byte order mark cut off. Fails `in` when cut short.
std::string read_string(little_endian_reader& in);
/// At most 65,535 bytes; what is longer is cut at a UTF-8 boundary.
void write_string(bytes& out, std::string_view text);

} // namespace interswarm::ed2k
