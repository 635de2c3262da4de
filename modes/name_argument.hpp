#pragma once

#include "schema/base/result.hpp"
#include "schema/content.values.hpp"

#include <string>
#include <vector>

namespace interswarm {

/// One NAME of the command line: every record it gives, all of the same content. Takes a magnet
/// link, an ed2k:// link, a .torrent file, a Metalink 4 file or a content id (64 hex digits). A
/// file inside a directory torrent is chosen by `X.torrent#path/in/torrent`, or by `size_hint` when
/// only one file has that size. `malformed` with what is wrong and what to give instead.
result<std::vector<msg::name_record>>
read_name_argument(const std::string& text, std::uint64_t size_hint = msg::unknown_size);

/// Several arguments of one content: those with a size first, so that it helps to choose in those
/// without.
result<std::vector<msg::name_record>> read_name_arguments(const std::vector<std::string>& texts);

/// What a text that is no file may name, the likeliest first: a magnet or ed2k:// link, a content
/// id or a v2 info-hash (64 hex digits), a v1 info-hash (40); none when it is nothing of these.
std::vector<msg::name> names_in(const std::string& text);

/// The name of a content by its id alone.
msg::name content_name(byte_view content_id);

} // namespace interswarm
