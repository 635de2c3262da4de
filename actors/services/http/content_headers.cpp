#include "actors/services/http/content_headers.hpp"

#include "actors/services/http/field_text.hpp"
#include "actors/services/http/limits.hpp"
#include "schema/base/encoding.hpp"

#include <array>
#include <utility>

namespace interswarm::http {

namespace {

constexpr std::string_view unknown_type = "application/octet-stream";

/// IANA's media types of what people share, by extension in lower case.
constexpr std::array<std::pair<std::string_view, std::string_view>, 58> types{{
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"apk", "application/vnd.android.package-archive"},
    {"ass", "text/x-ssa"},
    {"avi", "video/x-msvideo"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"deb", "application/vnd.debian.binary-package"},
    {"djvu", "image/vnd.djvu"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"iso", "application/vnd.efi.iso"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"m3u8", "application/vnd.apple.mpegurl"},
    {"m4a", "audio/mp4"},
    {"m4s", "video/iso.segment"},
    {"m4v", "video/mp4"},
    {"md", "text/markdown"},
    {"mka", "audio/x-matroska"},
    {"mkv", "video/x-matroska"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpd", "application/dash+xml"},
    {"mpeg", "video/mpeg"},
    {"mpg", "video/mpeg"},
    {"nfo", "text/plain"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"rar", "application/vnd.rar"},
    {"srt", "application/x-subrip"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"torrent", "application/x-bittorrent"},
    {"ts", "video/mp2t"},
    {"txt", "text/plain"},
    {"vtt", "text/vtt"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"xml", "application/xml"},
    {"xz", "application/x-xz"},
    {"zip", "application/zip"},
}};

/// RFC 9110 section 5.6.2.
bool token_character(char c) {
  const auto l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  for (const char c : text) {
    if (!token_character(c)) return false;
  }
  return !text.empty();
}

std::string_view without_parameters(std::string_view media_type) {
  return trimmed(media_type.substr(0, media_type.find(';')));
}

bool is_media_type(std::string_view text) {
  if (text.size() > limits::media_type_bytes) return false;
  const auto bare = without_parameters(text);
  const auto stroke = bare.find('/');
  if (stroke == std::string_view::npos || !is_token(bare.substr(0, stroke)) ||
      !is_token(bare.substr(stroke + 1)))
    return false;
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

/// The bytes of the name's last part that are whole characters.
std::string bare_name(std::string_view name) {
  const auto cut = name.find_last_of("/\\");
  if (cut != std::string_view::npos) name.remove_prefix(cut + 1);
  auto out = printable(name, limits::file_name_bytes);
  // printable() stops behind the character that crosses its limit.
  while (out.size() > limits::file_name_bytes) {
    while ((static_cast<unsigned char>(out.back()) & 0xC0) == 0x80) out.pop_back();
    out.pop_back();
  }
  return out == "." || out == ".." ? std::string() : out;
}

} // namespace

std::string media_type_of(std::string_view told, std::string_view file_name) {
  if (is_media_type(told)) return std::string(told);
  const auto dot = file_name.rfind('.');
  if (dot == std::string_view::npos) return std::string(unknown_type);
  const auto extension = file_name.substr(dot + 1);
  for (const auto& [known, type] : types) {
    if (same_word(known, extension)) return std::string(type);
  }
  return std::string(unknown_type);
}

bool shown_inline(std::string_view media_type) {
  const auto bare = without_parameters(media_type);
  for (const std::string_view kind : {"video/", "audio/", "image/", "text/"}) {
    if (starts_with_word(bare, kind)) return true;
  }
  for (const std::string_view one :
       {"application/pdf", "application/json", "application/vnd.apple.mpegurl",
        "application/dash+xml", "application/x-subrip"}) {
    if (same_word(bare, one)) return true;
  }
  return false;
}

bool runs_scripts(std::string_view media_type) {
  const auto bare = without_parameters(media_type);
  const bool xml = bare.size() >= 3 && same_word(bare.substr(bare.size() - 3), "xml");
  return same_word(bare, "text/html") || xml;
}

std::string content_disposition(std::string_view file_name, bool is_inline) {
  std::string out = is_inline ? "inline" : "attachment";
  const auto name = bare_name(file_name);
  if (name.empty()) return out;
  std::string ascii;
  bool same = true;
  for (const char c : name) {
    // RFC 6266 appendix D: some recipients take "%XX" and a backslash for escapes.
    const bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '%';
    same = same && plain;
    // One '_' a character, not one a byte.
    if (plain)
      ascii += c;
    else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80)
      ascii += '_';
  }
  out += "; filename=\"" + ascii + '"';
  if (!same) out += "; filename*=UTF-8''" + percent_encode(as_bytes(name));
  return out;
}

} // namespace interswarm::http
