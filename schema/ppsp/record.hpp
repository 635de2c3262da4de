#pragma once

#include "schema/content.values.hpp"
#include "schema/ppsp/link.hpp"
#include "schema/ppsp/merkle.hpp"

#include <span>

namespace interswarm::ppsp {

/// `msg::name::overlay` of this system.
inline constexpr std::string_view overlay_word = "ppsp";

/// Chunks under one node of the layer that a record keeps of its tree.
inline constexpr std::uint64_t group_chunks = 64;

/// Key: the integrity method and the hash function (RFC 7574's numbers, a byte each), the bytes of
/// a chunk as 4 bytes big-endian, then the swarm id.
msg::name make_name(const swarm_key& key);
/// `malformed` for another overlay's name and for what `fault_of` finds.
result<swarm_key> read_name(const msg::name& name);

/// What a link says, as a record. `uri` is the link without its name's neighbours: its peers stay
/// in it, for that is where a fetch begins without a tracker. Evidence `hint`: a link equates
/// nothing yet.
msg::name_record make_record(const swarm_link& link);
/// The link of a record, with the peers of its `uri`.
result<swarm_link> make_link(const msg::name_record& record);

/// The record's `metadata`: the tree's nodes over groups of 64 chunks in order, the last one over
/// what there is and zeroes. A holder of a content serves it without having read it.
slice write_groups(std::span<const tree_digest> groups);
/// The groups of a static swarm of `chunks` chunks; nothing unless they hash up to its id. A swarm
/// of one group needs no metadata: its only node follows from the id.
std::optional<std::vector<tree_digest>> read_groups(const msg::name_record& record,
                                                    const swarm_key& key, std::uint64_t chunks);
/// Whether the groups are those of a swarm of `chunks` chunks with this id.
bool groups_fit(std::span<const tree_digest> groups, const swarm_key& key, std::uint64_t chunks);

/// Chunks of a content of `size` bytes.
constexpr std::uint64_t chunks_of(std::uint64_t size, std::uint32_t chunk_bytes) {
  return size / chunk_bytes + (size % chunk_bytes != 0 ? 1 : 0);
}

} // namespace interswarm::ppsp
