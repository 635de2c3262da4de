#include "schema/bittorrent/record.hpp"

#include "schema/base/wire.hpp"

#include <algorithm>
#include <bit>

namespace interswarm::bittorrent {

namespace {

constexpr std::uint64_t leaf_size = 16 * 1024;

std::optional<msg::hash_list> v1_list(const torrent_info& info, const file_entry& file) {
  if (!info.has_v1 || file.length == 0 || info.piece_length == 0) return std::nullopt;
  const auto length = info.piece_length;
  const auto file_end = file.offset + file.length;
  const auto first = (file.offset + length - 1) / length;
  // A piece that ends behind the file holds other bytes too, unless the torrent ends there.
  const auto last =
      file_end == info.total_length ? (file_end + length - 1) / length : file_end / length;
  if (last <= first || last * sizeof(sha1_digest) > info.pieces.size()) return std::nullopt;
  msg::hash_list out;
  out.algorithm = msg::hash_algorithm::sha1;
  out.unit = length;
  out.offset = first * length - file.offset;
  out.end = std::min(last * length, file_end) - file.offset;
  out.hashes = slice::copy_of(byte_view(info.pieces).subspan(first * 20, (last - first) * 20));
  out.evidence = msg::evidence::structural;
  return out;
}

std::optional<msg::hash_list> v2_list(const torrent_info& info, const file_entry& file,
                                      const std::map<sha256_digest, bytes>& layers) {
  if (!info.has_v2 || !file.pieces_root || file.length == 0) return std::nullopt;
  msg::hash_list out;
  out.algorithm = msg::hash_algorithm::bep52;
  out.end = file.length;
  out.evidence = msg::evidence::structural;
  if (file.length <= info.piece_length) {
    out.unit = std::bit_ceil(std::max(file.length, leaf_size));
    out.hashes = slice::copy_of(*file.pieces_root);
    return out;
  }
  const auto layer = layers.find(*file.pieces_root);
  if (layer == layers.end()) return std::nullopt;
  out.unit = info.piece_length;
  out.hashes = slice::copy_of(layer->second);
  return out;
}

msg::name_record bare_record(byte_view hash, std::uint32_t file) {
  msg::name_record out;
  out.name = make_name(hash, file);
  out.size = msg::unknown_size;
  out.evidence = msg::evidence::hint;
  return out;
}

} // namespace

info_hash file_key::wire_hash() const {
  info_hash out{};
  std::copy_n(hash.begin(), std::min(hash.size(), out.size()), out.begin());
  return out;
}

msg::name make_name(byte_view hash, std::uint32_t file) {
  bytes key(hash.begin(), hash.end());
  big_endian_writer(key).u32(file);
  return {std::string(overlay_word), slice(std::move(key))};
}

result<file_key> read_name(const msg::name& name) {
  if (name.overlay != overlay_word) return fail(errc::malformed, "not a BitTorrent name");
  const auto key = name.key.view();
  if (key.size() != 24 && key.size() != 36) {
    return fail(errc::malformed,
                "a BitTorrent name is an info-hash of 20 or 32 bytes and a file index of 4");
  }
  const auto hash = key.first(key.size() - 4);
  return file_key{bytes(hash.begin(), hash.end()), big_endian_reader(key.last(4)).u32()};
}

std::vector<msg::hash_list> hash_lists(const torrent_info& info, std::size_t file,
                                       const std::map<sha256_digest, bytes>& layers) {
  std::vector<msg::hash_list> out;
  const auto& entry = info.files.at(file);
  if (auto list = v2_list(info, entry, layers)) out.push_back(std::move(*list));
  if (auto list = v1_list(info, entry)) out.push_back(std::move(*list));
  return out;
}

std::vector<msg::name_record> make_records(const metainfo& torrent, std::size_t file) {
  const auto& info = torrent.info;
  const auto& entry = info.files.at(file);
  const auto link = make_magnet(torrent);
  const auto lists = hash_lists(info, file, torrent.piece_layers);
  std::vector<msg::name_record> out;
  const auto add = [&](byte_view hash, bool v2) {
    auto record = bare_record(hash, static_cast<std::uint32_t>(file));
    record.size = entry.length;
    record.title = info.title_of(file);
    record.uri = to_string(link);
    record.permission = info.is_private ? msg::permission::forbidden : msg::permission::allowed;
    record.hashes = lists;
    record.metadata = slice::copy_of(info.raw);
    if (v2 && entry.pieces_root) {
      record.content_id = slice::copy_of(*entry.pieces_root);
      record.evidence = msg::evidence::structural;
    }
    out.push_back(std::move(record));
  };
  if (info.has_v1) add(info.hash_v1, false);
  if (info.has_v2) add(info.hash_v2, true);
  return out;
}

std::vector<msg::name_record> make_records(const torrent_info& info, std::size_t file) {
  metainfo bare;
  bare.info = info;
  return make_records(bare, file);
}

std::vector<msg::name_record> make_records(const magnet& link) {
  const auto file = link.selection.empty() ? 0u : link.selection.front().first;
  std::vector<msg::name_record> out;
  const auto add = [&](byte_view hash) {
    auto record = bare_record(hash, file);
    // `xl` is the torrent's length: that of its file only when there is one.
    if (link.length && link.selection.empty()) record.size = *link.length;
    record.title = link.display_name;
    record.uri = to_string(link);
    record.permission = msg::permission::unknown;
    out.push_back(std::move(record));
  };
  if (link.btih) add(*link.btih);
  if (link.btmh) add(*link.btmh);
  return out;
}

result<metainfo> make_metainfo(const msg::name_record& record) {
  const auto key = read_name(record.name);
  if (!key) return tl::unexpected(key.error());
  if (record.metadata.empty())
    return fail(errc::not_found, "the info dictionary of this torrent is not known");
  auto info = parse_info(record.metadata);
  if (!info) return tl::unexpected(info.error());
  const bool same = key->is_v2() ? info->has_v2 && equal(info->hash_v2, key->hash)
                                 : info->has_v1 && equal(info->hash_v1, key->hash);
  if (!same) return fail(errc::refuted, "the info dictionary does not hash to the torrent's name");
  if (key->file >= info->files.size())
    return fail(errc::malformed, "the torrent has no file of that index");
  metainfo out;
  out.info = std::move(*info);
  const auto& file = out.info.files[key->file];
  for (const auto& list : record.hashes) {
    const bool layer = list.algorithm == msg::hash_algorithm::bep52 &&
                       list.unit == out.info.piece_length && list.offset == 0 &&
                       list.end == file.length && file.length > out.info.piece_length;
    if (!layer || !file.pieces_root || root_of_layer(list.hashes, list.unit) != *file.pieces_root)
      continue;
    out.piece_layers.emplace(*file.pieces_root,
                             bytes(list.hashes.view().begin(), list.hashes.view().end()));
  }
  return out;
}

} // namespace interswarm::bittorrent
