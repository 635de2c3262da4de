#include "schema/bittorrent/metainfo.hpp"

#include "schema/base/encoding.hpp"
#include "schema/bittorrent/bencode.hpp"
#include "schema/bittorrent/info_files.hpp"

#include <algorithm>
#include <bit>

namespace interswarm::bittorrent {

namespace {

using bencode::value;

bool is_v2_piece_length(std::uint64_t n) { return n >= 16384 && std::has_single_bit(n); }

std::uint64_t piece_count(std::uint64_t length, std::uint64_t piece_length) {
  return length / piece_length + (length % piece_length != 0 ? 1 : 0);
}

std::vector<std::vector<std::string>> parse_trackers(const value& root) {
  std::vector<std::vector<std::string>> out;
  std::size_t count = 0;
  const auto take = [&](std::vector<std::string>& tier, const value& v) {
    const auto url = v.text();
    if (url && !url->empty() && url->size() <= limits::url_bytes && count < limits::trackers) {
      tier.emplace_back(*url);
      ++count;
    }
  };
  if (const auto list = root.find("announce-list")) {
    for (const auto& tier : list->items()) {
      std::vector<std::string> urls;
      for (const auto& url : tier.items()) take(urls, url);
      if (!urls.empty()) out.push_back(std::move(urls));
    }
  }
  // An announce-list of empty lists occurs in the wild: `announce` then stands.
  if (const auto single = root.find("announce"); single && out.empty()) {
    std::vector<std::string> tier;
    take(tier, *single);
    if (!tier.empty()) out.push_back(std::move(tier));
  }
  return out;
}

std::vector<std::string> parse_web_seeds(const value& root) {
  std::vector<std::string> out;
  const auto take = [&](const value& v) {
    const auto url = v.text();
    if (url && !url->empty() && url->size() <= limits::url_bytes && out.size() < limits::web_seeds)
      out.emplace_back(*url);
  };
  if (const auto list = root.find("url-list")) {
    take(*list);
    for (const auto& url : list->items()) take(url);
  }
  return out;
}

result<void> parse_layers(const value& root, metainfo& out) {
  const auto layers = root.find("piece layers");
  if (!layers || !out.info.has_v2) return {};
  std::map<sha256_digest, std::uint64_t> wanted;
  for (const auto& file : out.info.files) {
    if (file.pieces_root && file.length > out.info.piece_length)
      wanted[*file.pieces_root] = file.length;
  }
  for (const auto& [key, layer] : layers->entries()) {
    const auto hashes = layer.string();
    sha256_digest file_root{};
    if (!hashes || key.size() != file_root.size())
      return fail(errc::malformed, "torrent: a piece layer is not a string");
    std::copy(key.begin(), key.end(), file_root.begin());
    const auto file = wanted.find(file_root);
    if (file == wanted.end()) continue;
    if (hashes->size() != 32 * piece_count(file->second, out.info.piece_length) ||
        root_of_layer(*hashes, out.info.piece_length) != file_root) {
      return fail(errc::malformed, "torrent: a piece layer does not hash up to its pieces root");
    }
    out.piece_layers[file_root] = bytes(hashes->begin(), hashes->end());
  }
  return {};
}

} // namespace

std::string torrent_info::title_of(std::size_t file) const {
  std::string out = name;
  if (file < files.size()) {
    for (const auto& part : files[file].path) out += "/" + part;
  }
  return out;
}

info_hash torrent_info::wire_hash_v2() const {
  info_hash out{};
  std::copy_n(hash_v2.begin(), out.size(), out.begin());
  return out;
}

std::optional<std::string> sanitise_component(std::string_view raw) {
  if (raw.empty() || raw == "." || raw == ".." || raw.size() > limits::name_bytes)
    return std::nullopt;
  if (raw.find('\0') != raw.npos || raw.find('/') != raw.npos) return std::nullopt;
  std::string out = printable(raw, limits::name_bytes);
  std::replace(out.begin(), out.end(), '\\', '_');
  if (out.size() >= 2 && out[1] == ':') out[1] = '_';
  return out;
}

sha256_digest root_of_layer(byte_view layer, std::uint64_t piece_length) {
  // A piece beyond the end counts as the root over leaves that are 32 zero bytes (BEP 52).
  sha256_digest pad{};
  for (std::uint64_t covered = 16384; covered < piece_length; covered *= 2)
    pad = sha256_pair(pad, pad);
  std::vector<sha256_digest> row(layer.size() / 32);
  for (std::size_t i = 0; i < row.size(); ++i)
    std::copy_n(layer.begin() + static_cast<std::ptrdiff_t>(32 * i), 32, row[i].begin());
  while (row.size() > 1) {
    if (row.size() % 2 != 0) row.push_back(pad);
    for (std::size_t i = 0; i < row.size() / 2; ++i)
      row[i] = sha256_pair(row[2 * i], row[2 * i + 1]);
    row.resize(row.size() / 2);
    pad = sha256_pair(pad, pad);
  }
  return row.empty() ? sha256_digest{} : row[0];
}

std::uint64_t default_piece_length(std::uint64_t length) {
  std::uint64_t out = 16384;
  while (out < (16u << 20) && length / out > 2000) out *= 2;
  return out;
}

result<torrent_info> parse_info(byte_view data) {
  if (data.size() > limits::info_bytes)
    return fail(errc::too_large, "torrent: the info dictionary is too long");
  const auto doc = bencode::decode(data);
  if (!doc) return fail(errc::malformed, "torrent: " + doc.error().text);
  const auto root = doc->root();
  if (!root.is_dict()) return fail(errc::malformed, "torrent: the info is not a dictionary");
  torrent_info out;
  out.raw.assign(data.begin(), data.end());
  const auto name = root.find_text("name");
  const auto safe = name ? sanitise_component(*name) : std::nullopt;
  if (!safe) return fail(errc::malformed, "torrent: no usable name");
  out.name = *safe;
  out.piece_length = root.find_unsigned("piece length").value_or(0);
  if (out.piece_length == 0 || out.piece_length > limits::piece_length)
    return fail(errc::malformed, "torrent: no usable piece length");
  out.is_private = root.find_unsigned("private").value_or(0) == 1;
  out.has_v1 = root.find("pieces").has_value();
  if (const auto version = root.find("meta version")) {
    if (version->unsigned_integer() != 2)
      return fail(errc::malformed, "torrent: unknown meta version");
    out.has_v2 = true;
    if (!is_v2_piece_length(out.piece_length))
      return fail(errc::malformed, "torrent: a v2 piece length must be a power of two from 16384");
  }
  if (!out.has_v1 && !out.has_v2)
    return fail(errc::malformed, "torrent: neither v1 pieces nor a v2 file tree");
  if (auto files = parse_files(root, *name, out); !files) return tl::unexpected(files.error());
  if (out.has_v1) out.hash_v1 = sha1(data);
  if (out.has_v2) out.hash_v2 = sha256(data);
  return out;
}

result<metainfo> parse_metainfo(byte_view data) {
  if (data.size() > limits::metainfo_bytes)
    return fail(errc::too_large, "torrent: the file is too long");
  const auto doc = bencode::decode(data);
  if (!doc) return fail(errc::malformed, "not a torrent: " + doc.error().text);
  const auto root = doc->root();
  const auto info = root.find("info");
  if (!info || !info->is_dict()) return fail(errc::malformed, "not a torrent: no info dictionary");
  auto parsed = parse_info(info->raw());
  if (!parsed) return tl::unexpected(parsed.error());
  metainfo out;
  out.info = std::move(*parsed);
  out.trackers = parse_trackers(root);
  out.web_seeds = parse_web_seeds(root);
  if (auto layers = parse_layers(root, out); !layers) return tl::unexpected(layers.error());
  out.comment = printable(root.find_text("comment").value_or(""), limits::text_bytes);
  out.created_by = printable(root.find_text("created by").value_or(""), limits::text_bytes);
  if (const auto created = root.find("creation date")) out.created = created->integer().value_or(0);
  return out;
}

bytes encode_metainfo(const metainfo& m) {
  bytes out;
  bencode::writer w(out);
  w.begin_dict();
  if (!m.trackers.empty() && !m.trackers[0].empty()) w.key("announce").string(m.trackers[0][0]);
  if (m.trackers.size() > 1 || (m.trackers.size() == 1 && m.trackers[0].size() > 1)) {
    w.key("announce-list").begin_list();
    for (const auto& tier : m.trackers) {
      w.begin_list();
      for (const auto& url : tier) w.string(url);
      w.end();
    }
    w.end();
  }
  if (!m.comment.empty()) w.key("comment").string(m.comment);
  if (!m.created_by.empty()) w.key("created by").string(m.created_by);
  if (m.created != 0) w.key("creation date").integer(m.created);
  w.key("info").raw(m.info.raw);
  if (m.info.has_v2) {
    w.key("piece layers").begin_dict();
    for (const auto& [root, layer] : m.piece_layers) w.key(as_text(root)).string(layer);
    w.end();
  }
  if (m.web_seeds.size() == 1) w.key("url-list").string(m.web_seeds[0]);
  if (m.web_seeds.size() > 1) {
    w.key("url-list").begin_list();
    for (const auto& url : m.web_seeds) w.string(url);
    w.end();
  }
  w.end();
  return out;
}

result<metainfo> make_single_file(const single_file_hashes& from) {
  const auto name = sanitise_component(from.name);
  if (!name || *name != from.name)
    return fail(errc::malformed, "torrent: the name cannot be a file name");
  if (!from.v1 && !from.v2)
    return fail(errc::malformed, "torrent: neither v1 nor v2 was asked for");
  if (from.piece_length == 0 || from.piece_length > limits::piece_length ||
      (from.v2 && !is_v2_piece_length(from.piece_length)))
    return fail(errc::malformed, "torrent: the piece length does not fit the version");
  const auto pieces = piece_count(from.length, from.piece_length);
  if (from.v1 && from.v1_pieces.size() != 20 * pieces)
    return fail(errc::malformed, "torrent: the count of v1 pieces does not fit the length");
  if (from.v2 && from.pieces_root.has_value() != (from.length > 0))
    return fail(errc::malformed,
                "torrent: a pieces root is needed exactly for a file that is not empty");
  const bool layered = from.v2 && from.length > from.piece_length;
  if (layered && (from.piece_layer.size() != 32 * pieces ||
                  root_of_layer(from.piece_layer, from.piece_length) != *from.pieces_root))
    return fail(errc::malformed, "torrent: the piece layer does not hash up to the pieces root");

  bytes raw;
  bencode::writer w(raw);
  const auto length = static_cast<std::int64_t>(from.length);
  const bool extras = from.v1 && !from.v2;
  w.begin_dict();
  if (extras && from.ed2k) w.key("ed2k").string(*from.ed2k);
  if (from.v2) {
    w.key("file tree").begin_dict().key(from.name).begin_dict().key("").begin_dict();
    w.key("length").integer(length);
    if (from.pieces_root) w.key("pieces root").string(*from.pieces_root);
    w.end().end().end();
  }
  if (from.v1) w.key("length").integer(length);
  if (from.v2) w.key("meta version").integer(2);
  w.key("name").string(from.name);
  w.key("piece length").integer(static_cast<std::int64_t>(from.piece_length));
  if (from.v1) w.key("pieces").string(from.v1_pieces);
  if (from.is_private) w.key("private").integer(1);
  if (extras && from.sha1) w.key("sha1").string(*from.sha1);
  w.end();

  auto info = parse_info(raw);
  if (!info) return tl::unexpected(info.error());
  metainfo out;
  out.info = std::move(*info);
  if (layered) out.piece_layers[*from.pieces_root] = from.piece_layer;
  return out;
}

} // namespace interswarm::bittorrent
