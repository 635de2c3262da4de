#include "modes/file_names.hpp"

#include "schema/bittorrent/magnet.hpp"
#include "schema/ed2k/limits.hpp"
#include "schema/ed2k/link.hpp"

#include <bit>

namespace interswarm {

namespace {

constexpr std::uint64_t least_piece_length = std::uint64_t{16} << 10;

std::optional<bittorrent::metainfo> torrent_of(const file_names& names, torrent_version version,
                                               const naming_options& options) {
  const auto& h = names.hashes;
  bittorrent::single_file_hashes from;
  from.name = names.name;
  from.length = h.size;
  from.piece_length = names.piece_length;
  from.v1 = version != torrent_version::v2;
  from.v2 = version != torrent_version::v1;
  // An empty file has no pieces root, so v2 cannot name it.
  if (from.v2 && h.size == 0) return std::nullopt;
  if (from.v1) from.v1_pieces = h.v1_pieces.at(names.piece_length);
  if (from.v2) {
    from.pieces_root = h.content_id;
    if (h.size > names.piece_length)
      from.piece_layer = bep52_layer(h.bep52_leaves, names.piece_length);
  }
  if (options.cross_hashes && version == torrent_version::v1) {
    from.ed2k = h.ed2k_red;
    from.sha1 = h.sha1;
  }
  auto made = bittorrent::make_single_file(from);
  if (!made) return std::nullopt;
  for (const auto& url : options.trackers) made->trackers.push_back({url});
  made->created_by = "interswarm";
  return std::move(*made);
}

std::string ed2k_link_of(const file_names& names) {
  const auto& h = names.hashes;
  if (h.size > ed2k::limits::max_file_bytes) return {};
  ed2k::file_link link;
  link.name = names.name;
  link.size = h.size;
  link.hash = *h.ed2k_red;
  link.aich = h.aich_root;
  // Below one part the file hash is the only part's hash.
  if (h.size >= ed2k_part_size) {
    const auto set = ed2k_hash_set(h.ed2k_parts, h.size);
    for (std::size_t at = 0; at < set.size(); at += 16) {
      auto& part = link.part_hashes.emplace_back();
      std::copy_n(set.begin() + static_cast<std::ptrdiff_t>(at), part.size(), part.begin());
    }
  }
  return ed2k::to_string(link);
}

} // namespace

result<std::uint64_t> choose_piece_length(std::uint64_t size, const naming_options& options) {
  const auto length =
      options.piece_length != 0 ? options.piece_length : bittorrent::default_piece_length(size);
  if (length < least_piece_length || length > bittorrent::limits::piece_length ||
      !std::has_single_bit(length)) {
    return fail(errc::configuration, "a piece length is a power of two from 16 KiB to 1 GiB, not " +
                                         std::to_string(length));
  }
  if (size / length >= bittorrent::limits::pieces) {
    return fail(errc::configuration, "pieces of " + std::to_string(length) +
                                         " bytes are too many for a file of " +
                                         std::to_string(size) + "; choose longer ones");
  }
  return length;
}

file_names make_file_names(std::string name, content_hashes hashes, std::uint64_t piece_length,
                           const naming_options& options) {
  file_names out;
  out.name = std::move(name);
  out.piece_length = piece_length;
  out.hashes = std::move(hashes);
  out.v1 = torrent_of(out, torrent_version::v1, options);
  out.v2 = torrent_of(out, torrent_version::v2, options);
  out.hybrid = torrent_of(out, torrent_version::hybrid, options);
  out.ed2k_link = ed2k_link_of(out);
  const auto magnet = [](const auto& torrent) {
    return torrent ? to_string(bittorrent::make_magnet(*torrent)) : std::string();
  };
  out.magnet_v1 = magnet(out.v1);
  out.magnet_v2 = magnet(out.v2);
  out.magnet_hybrid = magnet(out.hybrid);
  return out;
}

} // namespace interswarm
