#pragma once

#include "schema/content.values.hpp"
#include "schema/ed2k/link.hpp"

namespace interswarm::ed2k {

/// `msg::name::overlay` of this system.
inline constexpr std::string_view overlay_word = "ed2k";

/// What identifies a file in ed2k.
struct file_key {
  md4_digest hash{};
  std::uint64_t size = 0;

  friend auto operator<=>(const file_key&, const file_key&) = default;
};

/// Key: the 16 bytes of the hash, then the size as 8 bytes big-endian.
msg::name make_name(const file_key& key);
/// `malformed` for another overlay's name, a key of another length, a size beyond the network's
/// largest.
result<file_key> read_name(const msg::name& name);

/// What a link says, as a record: the hash set (for a file below one part its hash itself) as a
/// `structural` MD4 list, an AICH root that is the only leaf as a `declared` SHA-1 list; other AICH
/// roots stay in `uri`. `uri` has neither hash set nor sources. Evidence `hint`: a link equates
/// nothing yet.
msg::name_record make_record(const file_link& link);
/// The link of a record: with its hash set where the MD4 list is whole, with the AICH root of its
/// `uri`.
result<file_link> make_link(const msg::name_record& record);

} // namespace interswarm::ed2k

template <>
struct std::hash<interswarm::ed2k::file_key> {
  std::size_t operator()(const interswarm::ed2k::file_key& key) const noexcept {
    std::size_t out = 0;
    std::memcpy(&out, key.hash.data(), sizeof out);
    return out ^ (key.size * 0x9E3779B97F4A7C15ull);
  }
};
