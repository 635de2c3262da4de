#include "actors/overlays/bittorrent/torrent_metadata.hpp"

#include "actors/overlays/bittorrent/peer_limits.hpp"
#include "schema/base/encoding.hpp"
#include "schema/base/wire.hpp"

#include <libtorrent/torrent_info.hpp>

#include <algorithm>

namespace interswarm::bittorrent {
namespace lt = libtorrent;
namespace {

void put_text(bytes& out, std::string_view text) { append(out, as_bytes(text)); }

void put_string(bytes& out, byte_view data) {
  put_text(out, std::to_string(data.size()) + ":");
  append(out, data);
}

/// By pieces root, in the order that bencoding wants.
using layer_map = std::map<sha256_digest, bytes>;

/// A .torrent file around `info` with the layers that are known (BEP 52 `piece layers`).
bytes wrap(byte_view info, const layer_map& layers) {
  bytes out;
  put_text(out, "d4:info");
  append(out, info);
  if (!layers.empty()) {
    put_text(out, "12:piece layersd");
    for (const auto& [root, layer] : layers) {
      put_string(out, root);
      put_string(out, layer);
    }
    put_text(out, "e");
  }
  put_text(out, "e");
  return out;
}

layer_map layers_of(const torrent_metadata& m) {
  layer_map out;
  for (std::uint32_t f = 0; f < m.map.files().size(); ++f) {
    auto layer = m.proof.layer(m.map.pieces_of(f, {0, m.map.files()[f].length}).begin);
    if (!layer.empty()) out.emplace(m.roots[f], std::move(layer));
  }
  return out;
}

result<std::shared_ptr<lt::torrent_info>> load(const bytes& torrent) {
  lt::load_torrent_limits limits;
  limits.max_buffer_size = static_cast<int>(max_info_bytes * 2);
  limits.max_pieces = static_cast<int>(max_pieces);
  try {
    return std::make_shared<lt::torrent_info>(
        lt::span<const char>(reinterpret_cast<const char*>(torrent.data()),
                             static_cast<std::ptrdiff_t>(torrent.size())),
        limits, lt::from_span);
  } catch (const std::exception& e) {
    return fail(errc::malformed, "not a usable info dictionary: " + printable(e.what()));
  }
}

sha256_digest to_digest(const lt::sha256_hash& h) {
  sha256_digest out;
  std::copy_n(reinterpret_cast<const byte*>(h.data()), out.size(), out.begin());
  return out;
}

bytes v1_hashes(const lt::torrent_info& info) {
  bytes out;
  if (!info.info_hashes().has_v1()) return out;
  for (int i = 0; i < info.num_pieces(); ++i)
    append(out, {reinterpret_cast<const byte*>(info.hash_for_piece_ptr(lt::piece_index_t(i))), 20});
  return out;
}

bool hashes_to(const lt::torrent_info& info, const torrent_name& name) {
  const auto hashes = info.info_hashes();
  const auto same = [&](const auto& h, bool present) {
    return present &&
           equal({reinterpret_cast<const byte*>(h.data()), name.info_hash.size()}, name.info_hash);
  };
  if (name.info_hash.size() == 32) return same(hashes.v2, hashes.has_v2());
  // A v2 swarm is also known by its hash cut to 20 bytes (BEP 52).
  return same(hashes.v1, hashes.has_v1()) || same(hashes.v2, hashes.has_v2());
}

/// The piece layer of a file of `length` bytes, from any layer below it that leads to `root`.
bytes piece_layer(const std::vector<known_layer>& layers, std::uint64_t length,
                  std::uint64_t piece_length, const sha256_digest& root) {
  for (const auto& layer : layers) {
    if (layer.unit < 16384 || layer.unit > piece_length || piece_length % layer.unit != 0) continue;
    if (layer.hashes.size() != 32 * ((length + layer.unit - 1) / layer.unit)) continue;
    auto out = widen_layer(layer.hashes, layer.unit, piece_length);
    if (root_of_nodes(out, piece_length) == root) return out;
  }
  return {};
}

} // namespace

result<torrent_name> torrent_name::parse(byte_view key) {
  if (key.size() != 24 && key.size() != 36)
    return fail(errc::malformed,
                "a BitTorrent name has 24 or 36 bytes, not " + std::to_string(key.size()));
  torrent_name out;
  const auto hash = key.first(key.size() - 4);
  out.info_hash.assign(hash.begin(), hash.end());
  out.file = big_endian_reader(key.last(4)).u32();
  return out;
}

bytes torrent_name::key() const {
  bytes out = info_hash;
  big_endian_writer(out).u32(file);
  return out;
}

lt::info_hash_t torrent_name::to_libtorrent() const {
  const auto* data = reinterpret_cast<const char*>(info_hash.data());
  if (info_hash.size() == 32) return lt::info_hash_t(lt::sha256_hash(data));
  return lt::info_hash_t(lt::sha1_hash(data));
}

std::shared_ptr<const torrent_metadata>
describe_torrent(std::shared_ptr<const lt::torrent_info> info) {
  auto out = std::make_shared<torrent_metadata>();
  const auto& files = info->orig_files();
  std::vector<mapped_file> mapped;
  std::map<std::uint32_t, piece_proof::v2_file> v2;
  for (const auto i : files.file_range()) {
    if (files.pad_file_at(i)) continue;
    const auto offset = static_cast<std::uint64_t>(files.file_offset(i));
    const auto length = static_cast<std::uint64_t>(files.file_size(i));
    mapped.push_back({offset, length});
    out->titles.push_back(files.file_path(i));
    sha256_digest root{};
    if (info->info_hashes().has_v2() && length > 0) {
      root = to_digest(files.root(i));
      const auto layer = info->piece_layer(i);
      piece_proof::v2_file file{length, root, {}};
      if (length > static_cast<std::uint64_t>(files.piece_length()))
        file.layer.assign(layer.begin(), layer.end());
      v2.emplace(
          static_cast<std::uint32_t>(offset / static_cast<std::uint64_t>(files.piece_length())),
          std::move(file));
    }
    out->roots.push_back(root);
  }
  const auto piece_length = static_cast<std::uint32_t>(files.piece_length());
  out->map =
      piece_map(piece_length, static_cast<std::uint64_t>(files.total_size()), std::move(mapped));
  out->proof = piece_proof(piece_length, v1_hashes(*info), std::move(v2));
  out->is_private = info->priv();
  const auto raw = info->info_section();
  out->raw.assign(raw.begin(), raw.end());
  out->info = std::move(info);
  return out;
}

std::vector<file_proof> torrent_metadata::proofs_of(std::uint32_t file) const {
  std::vector<file_proof> out;
  if (file >= map.files().size()) return out;
  const auto length = map.files()[file].length;
  if (info->info_hashes().has_v1()) {
    file_proof v1{false, map.piece_length(), {}, {}};
    auto run = map.whole_pieces(file);
    // A padded piece's SHA-1 is not one of the file's bytes alone.
    const auto padded = [&](std::uint32_t p) {
      return map.file_range(file, {p, p + 1}).size() != map.piece_size(p);
    };
    while (run.size() > 0 && padded(run.end - 1)) --run.end;
    if (run.size() > 0) {
      v1.covers = map.file_range(file, run);
      for (auto p = run.begin; p < run.end; ++p)
        append(v1.hashes, {reinterpret_cast<const byte*>(
                               info->hash_for_piece_ptr(lt::piece_index_t(static_cast<int>(p)))),
                           20});
      out.push_back(std::move(v1));
    }
  }
  const auto pieces = map.pieces_of(file, {0, length});
  auto layer = proof.layer(pieces.begin);
  if (!layer.empty()) out.push_back({true, map.piece_length(), {0, length}, std::move(layer)});
  return out;
}

std::shared_ptr<const torrent_metadata>
merge_layers(const std::shared_ptr<const torrent_metadata>& old,
             const std::shared_ptr<const torrent_metadata>& more) {
  auto layers = layers_of(*old);
  const auto known = layers.size();
  layers.merge(layers_of(*more));
  if (layers.size() == known) return old;
  const auto both = load(wrap(old->raw, layers));
  return both ? describe_torrent(*both) : old;
}

result<std::shared_ptr<const torrent_metadata>>
parse_metadata(const torrent_name& name, byte_view info, const std::vector<known_layer>& layers) {
  if (info.empty()) return fail(errc::malformed, "the record has no info dictionary");
  if (info.size() > max_info_bytes) return fail(errc::too_large, "info dictionary over 30 MiB");
  auto parsed = load(wrap(info, {}));
  if (!parsed) return tl::unexpected(parsed.error());
  if (!hashes_to(**parsed, name))
    return fail(errc::refuted, "the info dictionary does not hash to " + to_hex(name.info_hash));
  if ((*parsed)->piece_length() > static_cast<int>(max_piece_bytes))
    return fail(errc::too_large, "pieces over 64 MiB are not supported");
  auto plain = describe_torrent(*parsed);
  if (name.file >= plain->map.files().size())
    return fail(errc::not_found, "the torrent has no file " + std::to_string(name.file));
  const auto length = plain->map.files()[name.file].length;
  if (!(*parsed)->info_hashes().has_v2() || length <= plain->map.piece_length()) return plain;
  const auto& root = plain->roots[name.file];
  const auto layer = piece_layer(layers, length, plain->map.piece_length(), root);
  if (layer.empty()) return plain;
  auto with_layer = load(wrap(info, {{root, layer}}));
  if (!with_layer) return tl::unexpected(with_layer.error());
  return describe_torrent(*with_layer);
}

} // namespace interswarm::bittorrent
