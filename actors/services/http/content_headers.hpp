#pragma once

#include <string>
#include <string_view>

namespace interswarm::http {

/// The type of a content: `told` if it is one that a header can carry ("video/mp4;codecs=…"), else
/// what the file name's extension says, else application/octet-stream.
std::string media_type_of(std::string_view told, std::string_view file_name);

/// Whether a browser shows the type by itself without running anything of it: those are offered
/// inline, all others as a download.
bool shown_inline(std::string_view media_type);
/// Whether a browser would run scripts of a document of this type with the rights of our site.
bool runs_scripts(std::string_view media_type);

/// Content-Disposition (RFC 6266) with the last part of `file_name`, in ASCII and, where that is
/// not the same, in UTF-8 (RFC 8187). Control characters and what is no UTF-8 are replaced, so
/// nothing in a name can end the header. Without a name only the disposition.
std::string content_disposition(std::string_view file_name, bool is_inline);

} // namespace interswarm::http
