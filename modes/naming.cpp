#include "modes/naming.hpp"

#include "schema/base/encoding.hpp"
#include "schema/bittorrent/record.hpp"
#include "schema/ed2k/record.hpp"
#include "schema/ppsp/record.hpp"
#include "storage/limits.hpp"

#include <cstring>

namespace interswarm {

namespace {

std::string title_or_id(const std::string& title, const content_hashes& h) {
  if (auto safe = bittorrent::sanitise_component(title)) return *safe;
  return to_hex(*h.content_id).substr(0, 16) + ".bin";
}

result<msg::name_record> name_torrent(const bittorrent::single_file_hashes& from,
                                      const content_hashes& h) {
  const auto torrent = bittorrent::make_single_file(from);
  if (!torrent) return tl::unexpected(torrent.error());
  auto record = std::move(bittorrent::make_records(*torrent, 0).front());
  record.content_id = slice::copy_of(*h.content_id);
  // Short pieces have the leaves as their layer, which a v2 torrent brought.
  auto leaves = bep52_hash_list(h);
  leaves.evidence = from.v2 ? msg::evidence::structural : msg::evidence::verified;
  if (!from.v2 || from.piece_length != bep52_leaf_size) record.hashes.push_back(std::move(leaves));
  return record;
}

result<std::vector<msg::name_record>> name_torrents(const content_hashes& h,
                                                    const std::string& title) {
  bittorrent::single_file_hashes from;
  from.name = title_or_id(title, h);
  from.length = h.size;
  from.piece_length = bittorrent::default_piece_length(h.size);
  const auto pieces = h.v1_pieces.find(from.piece_length);
  // No torrent names an empty content.
  if (h.size == 0) return std::vector<msg::name_record>{};
  if (pieces == h.v1_pieces.end())
    return fail(errc::internal, "the content's v1 pieces were not hashed");
  from.v1 = true;
  from.v1_pieces = pieces->second;
  auto v1 = name_torrent(from, h);
  if (!v1) return tl::unexpected(v1.error());
  from.v1 = false;
  from.v2 = true;
  from.pieces_root = *h.content_id;
  if (h.size > from.piece_length) from.piece_layer = bep52_layer(h.bep52_leaves, from.piece_length);
  auto v2 = name_torrent(from, h);
  if (!v2) return tl::unexpected(v2.error());
  return std::vector<msg::name_record>{std::move(*v1), std::move(*v2)};
}

result<std::vector<msg::name_record>> name_ed2k(const content_hashes& h, const std::string& title) {
  ed2k::file_link link;
  link.name = title_or_id(title, h);
  link.size = h.size;
  link.hash = *h.ed2k_red;
  link.aich = h.aich_root;
  const auto set = ed2k_hash_set(h.ed2k_parts, h.size);
  if (h.size >= ed2k_part_size) {
    for (std::size_t at = 0; at + 16 <= set.size(); at += 16) {
      md4_digest part{};
      std::memcpy(part.data(), set.data() + at, part.size());
      link.part_hashes.push_back(part);
    }
  }
  auto record = ed2k::make_record(link);
  record.content_id = slice::copy_of(*h.content_id);
  record.hashes = {ed2k_hash_list(h)};
  if (h.aich_root) {
    // Computed here from the bytes: as good as the content id beside it.
    auto leaves = aich_hash_list(h);
    leaves.evidence = msg::evidence::verified;
    record.hashes.push_back(std::move(leaves));
  }
  auto strong = bep52_hash_list(h);
  strong.evidence = msg::evidence::verified;
  record.hashes.push_back(std::move(strong));
  return std::vector<msg::name_record>{std::move(record)};
}

result<std::vector<msg::name_record>> name_ppsp(const content_hashes& h, const std::string& title) {
  // RFC 7574 defines no tree of nothing.
  if (!h.ppspp_sha256) return std::vector<msg::name_record>{};
  ppsp::swarm_link link;
  link.key.id = h.ppspp_sha256->root();
  link.key.chunk_bytes = ppspp_chunk_size;
  link.size = h.size;
  link.name = title_or_id(title, h);
  auto record = ppsp::make_record(link);
  record.content_id = slice::copy_of(*h.content_id);
  // Without it whoever serves reads the whole content first.
  if (h.ppspp_sha256->nodes.size() <= limits::metadata_bytes)
    record.metadata = slice::copy_of(h.ppspp_sha256->nodes);
  auto strong = bep52_hash_list(h);
  strong.evidence = msg::evidence::verified;
  record.hashes.push_back(std::move(strong));
  return std::vector<msg::name_record>{std::move(record)};
}

} // namespace

std::vector<bridge::naming> all_namings() {
  return {
      {std::string(bittorrent::overlay_word), name_torrents,
       [](std::uint64_t size) {
         std::vector<std::uint64_t> out;
         if (size != msg::unknown_size) return std::vector{bittorrent::default_piece_length(size)};
         // Each that a size could ask for.
         for (std::uint64_t s = 1; s < limits::content_bytes; s *= 2) {
           const auto length = bittorrent::default_piece_length(s);
           if (out.empty() || out.back() != length) out.push_back(length);
         }
         return out;
       }},
      {std::string(ed2k::overlay_word), name_ed2k,
       [](std::uint64_t) { return std::vector<std::uint64_t>{}; }},
      {std::string(ppsp::overlay_word), name_ppsp,
       [](std::uint64_t) { return std::vector<std::uint64_t>{}; }},
  };
}

} // namespace interswarm
