#pragma once

#include "schema/base/bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace interswarm {

/// Lower-case hexadecimal.
std::string to_hex(byte_view data);
/// Accepts both cases; nothing on an odd length or a foreign character.
std::optional<bytes> from_hex(std::string_view text);

/// RFC 4648 base32 in upper case without padding, as magnet links and AICH roots use it.
std::string to_base32(byte_view data);
/// Accepts both cases, no padding.
std::optional<bytes> from_base32(std::string_view text);

/// Escapes every byte outside RFC 3986's unreserved set as %XX.
std::string percent_encode(byte_view data);
/// '+' stays '+'; nothing on a broken escape.
std::optional<bytes> percent_decode(std::string_view text);

/// `text` with control characters and invalid UTF-8 replaced, at most `limit` bytes: safe for a log
/// line.
std::string printable(std::string_view text, std::size_t limit = 200);

} // namespace interswarm
