#include "modes/name_argument.hpp"

#include "schema/base/encoding.hpp"
#include "schema/bittorrent/record.hpp"
#include "schema/ed2k/record.hpp"
#include "schema/ppsp/record.hpp"
#include "storage/metalink.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace interswarm {

namespace {

using records = std::vector<msg::name_record>;

constexpr std::uintmax_t max_description_bytes = 32u << 20;

result<std::string> read_file(const std::string& path) {
  std::error_code failure;
  const auto size = std::filesystem::file_size(path, failure);
  if (failure == std::errc::no_such_file_or_directory)
    return fail(errc::not_found,
                path + ": no magnet, ed2k or ppspp link, no content id, and no such file");
  if (failure) return fail(errc::io, path + ": " + failure.message());
  if (size > max_description_bytes)
    return fail(errc::too_large, path + ": larger than 32 MiB, which no torrent or metalink is");
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return fail(errc::io, path + ": cannot be read");
  return text.str();
}

msg::name_record ed2k_record(const md4_digest& hash, std::uint64_t size, const std::string& title,
                             const std::optional<sha1_digest>& aich = {}) {
  ed2k::file_link link;
  link.hash = hash;
  link.size = size;
  link.name = title;
  link.aich = aich;
  return ed2k::make_record(link);
}

result<records> from_magnet(const std::string& text) {
  const auto link = bittorrent::parse_magnet(text);
  if (!link) return tl::unexpected(link.error());
  auto out = bittorrent::make_records(*link);
  if (link->ed2k && link->length) {
    out.push_back(ed2k_record(*link->ed2k, *link->length, link->display_name, link->aich));
  }
  if (out.empty()) {
    return fail(
        errc::malformed,
        "the magnet link has no torrent name (btih, btmh) and no ed2k name with its size (xl)");
  }
  return out;
}

result<std::size_t> choose_file(const bittorrent::torrent_info& info, const std::string& path,
                                const std::string& chosen, std::uint64_t size_hint) {
  if (info.files.size() == 1 && chosen.empty()) return std::size_t{0};
  std::vector<std::size_t> fitting;
  for (std::size_t i = 0; i < info.files.size(); ++i) {
    const auto title = info.title_of(i);
    const auto inside = title.substr(std::min(title.size(), info.name.size() + 1));
    if (chosen.empty() ? info.files[i].length == size_hint : inside == chosen || title == chosen)
      fitting.push_back(i);
  }
  if (fitting.size() == 1) return fitting.front();
  if (!chosen.empty())
    return fail(errc::not_found, path + ": the torrent has no file \"" + printable(chosen) + "\"");
  return fail(errc::malformed,
              path + ": a torrent of " + std::to_string(info.files.size()) +
                  " files; say which as \"" + path + "#" +
                  (info.files.empty() ? "FILE"
                                      : printable(info.title_of(0).substr(std::min(
                                            info.title_of(0).size(), info.name.size() + 1)))) +
                  "\"");
}

result<records> from_torrent(const std::string& path, const std::string& data,
                             const std::string& chosen, std::uint64_t size_hint) {
  const auto torrent = bittorrent::parse_metainfo(as_bytes(data));
  if (!torrent) return fail(torrent.error().code, path + ": no torrent: " + torrent.error().text);
  const auto file = choose_file(torrent->info, path, chosen, size_hint);
  if (!file) return tl::unexpected(file.error());
  auto out = bittorrent::make_records(*torrent, *file);
  const auto& entry = torrent->info.files[*file];
  if (entry.ed2k && !torrent->info.is_private) {
    out.push_back(ed2k_record(*entry.ed2k, entry.length, torrent->info.title_of(*file)));
  }
  return out;
}

result<records> from_metalink(const std::string& path, const std::string& data,
                              const std::string& chosen) {
  const auto all = parse_metalink(as_bytes(data));
  if (!all) return fail(all.error().code, path + ": " + all.error().text);
  records out;
  for (const auto& file : *all) {
    if (!chosen.empty() && file.name != chosen) continue;
    if (chosen.empty() && all->size() != 1) {
      return fail(errc::malformed, path + ": a metalink of " + std::to_string(all->size()) +
                                       " files; say which as \"" + path + "#" +
                                       printable(file.name) + "\"");
    }
    if (file.ed2k && file.size) out.push_back(ed2k_record(*file.ed2k, *file.size, file.name));
    for (const auto& place : file.urls) {
      if (!place.url.starts_with("magnet:") && !place.url.starts_with("ed2k:")) continue;
      auto named = read_name_argument(place.url, file.size.value_or(msg::unknown_size));
      if (named) out.insert(out.end(), named->begin(), named->end());
    }
  }
  if (out.empty()) {
    return fail(errc::not_found,
                path + ": the metalink names no torrent or ed2k file (magnet:, ed2k:, ed2k hash)");
  }
  return out;
}

result<records> from_file(const std::string& text, std::uint64_t size_hint) {
  auto path = text;
  std::string chosen;
  if (const auto mark = text.rfind('#');
      mark != std::string::npos && !std::filesystem::exists(text)) {
    path = text.substr(0, mark);
    chosen = text.substr(mark + 1);
  }
  const auto data = read_file(path);
  if (!data) return tl::unexpected(data.error());
  if (data->starts_with('d')) return from_torrent(path, *data, chosen, size_hint);
  if (data->starts_with('<') || data->starts_with("\xEF\xBB\xBF<"))
    return from_metalink(path, *data, chosen);
  return fail(errc::malformed, path + ": neither a torrent nor a metalink");
}

} // namespace

msg::name content_name(byte_view content_id) { return {"content", slice::copy_of(content_id)}; }

result<records> read_name_argument(const std::string& text, std::uint64_t size_hint) {
  const auto named = [&text](result<records> r) -> result<records> {
    if (r) return r;
    return fail(r.error().code, "\"" + printable(text, 120) + "\": " + r.error().text);
  };
  if (text.starts_with("magnet:")) return named(from_magnet(text));
  if (ed2k::looks_like_link(text)) {
    const auto link = ed2k::parse_file_link(text);
    if (!link) return named(tl::unexpected(link.error()));
    return records{ed2k::make_record(*link)};
  }
  if (ppsp::looks_like_link(text)) {
    const auto link = ppsp::parse_link(text);
    if (!link) return named(tl::unexpected(link.error()));
    return records{ppsp::make_record(*link)};
  }
  if (text.size() == 64) {
    if (const auto id = from_hex(text)) {
      msg::name_record record;
      record.name = content_name(*id);
      record.size = msg::unknown_size;
      record.content_id = slice::copy_of(*id);
      record.uri = text;
      return records{record};
    }
  }
  if (text.find("://") != std::string::npos) {
    return fail(errc::malformed, "\"" + printable(text, 120) +
                                     "\": not a name known here; give a magnet link, an ed2k:// "
                                     "or ppspp:// link, a .torrent or .meta4 file or a content id");
  }
  return from_file(text, size_hint);
}

std::vector<msg::name> names_in(const std::string& text) {
  std::vector<msg::name> out;
  if (text.starts_with("magnet:") || ed2k::looks_like_link(text) || ppsp::looks_like_link(text)) {
    if (const auto found = read_name_argument(text))
      for (const auto& r : *found) out.push_back(r.name);
    return out;
  }
  const auto id = from_hex(text);
  if (!id) return out;
  if (id->size() == 32) out.push_back(content_name(*id));
  if (id->size() == 32 || id->size() == 20) out.push_back(bittorrent::make_name(*id));
  return out;
}

result<records> read_name_arguments(const std::vector<std::string>& texts) {
  std::vector<result<records>> each;
  std::uint64_t size = msg::unknown_size;
  for (const auto& text : texts) {
    each.push_back(read_name_argument(text));
    if (!each.back()) continue;
    for (const auto& r : *each.back()) {
      if (r.size != msg::unknown_size) size = r.size;
    }
  }
  records out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto one = each[i] ? std::move(each[i]) : read_name_argument(texts[i], size);
    if (!one) return one;
    for (auto& r : *one) out.push_back(std::move(r));
  }
  return out;
}

} // namespace interswarm
