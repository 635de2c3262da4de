#include "schema/ppsp/record.hpp"

#include "schema/base/encoding.hpp"
#include "schema/base/wire.hpp"
#include "schema/ppsp/limits.hpp"

#include <algorithm>
#include <bit>

namespace interswarm::ppsp {

namespace {

/// The node over a whole group of which the first `chunks` chunks have the root `root`.
tree_digest widened(merkle_hash f, tree_digest root, std::uint64_t chunks) {
  const tree_digest zero(f);
  for (auto width = std::bit_ceil(chunks); width < group_chunks; width *= 2)
    root = parent_hash(f, root, zero);
  return root;
}

tree_digest root_over(merkle_hash f, std::vector<tree_digest> nodes) {
  const tree_digest zero(f);
  while (nodes.size() > 1) {
    std::vector<tree_digest> above;
    for (std::size_t i = 0; i < nodes.size(); i += 2)
      above.push_back(parent_hash(f, nodes[i], i + 1 < nodes.size() ? nodes[i + 1] : zero));
    nodes = std::move(above);
  }
  return nodes.front();
}

} // namespace

msg::name make_name(const swarm_key& key) {
  bytes raw;
  big_endian_writer out(raw);
  out.u8(static_cast<std::uint8_t>(key.integrity));
  out.u8(static_cast<std::uint8_t>(key.hash));
  out.u32(key.chunk_bytes);
  append(raw, key.id);
  msg::name name;
  name.overlay = overlay_word;
  name.key = slice(std::move(raw));
  return name;
}

result<swarm_key> read_name(const msg::name& name) {
  if (name.overlay != overlay_word) {
    return fail(errc::malformed,
                "not a PPSP name but one of \"" + printable(name.overlay, 32) + '"');
  }
  big_endian_reader in(name.key);
  const auto integrity = in.u8();
  const auto hash = in.u8();
  swarm_key out;
  out.chunk_bytes = in.u32();
  if (in.failed() || integrity > static_cast<std::uint8_t>(last_integrity_method) ||
      hash > static_cast<std::uint8_t>(last_merkle_hash))
    return fail(errc::malformed, "a PPSP name whose methods are not known");
  out.integrity = static_cast<integrity_method>(integrity);
  out.hash = static_cast<merkle_hash>(hash);
  const auto id = name.key.view().subspan(6);
  out.id.assign(id.begin(), id.end());
  if (const auto fault = fault_of(out)) return fail(errc::malformed, "a PPSP name with " + *fault);
  return out;
}

msg::name_record make_record(const swarm_link& link) {
  msg::name_record out;
  out.name = make_name(link.key);
  out.size = link.size.value_or(msg::unknown_size);
  out.evidence = msg::evidence::hint;
  out.title = printable(link.name, limits::max_link_name_bytes);
  // Nothing in the protocol makes a swarm private.
  out.permission = msg::permission::allowed;
  out.uri = to_string(link);
  return out;
}

result<swarm_link> make_link(const msg::name_record& record) {
  const auto key = read_name(record.name);
  if (!key) return tl::unexpected(key.error());
  swarm_link out;
  if (const auto told = parse_link(record.uri); told && told->key == *key) out = *told;
  out.key = *key;
  if (record.size != msg::unknown_size) out.size = record.size;
  if (!record.title.empty()) out.name = record.title;
  return out;
}

slice write_groups(std::span<const tree_digest> groups) {
  bytes out;
  for (const auto& g : groups) append(out, g.view());
  return slice(std::move(out));
}

bool groups_fit(std::span<const tree_digest> groups, const swarm_key& key, std::uint64_t chunks) {
  const auto root = tree_digest::from_bytes(key.hash, key.id);
  if (!root || chunks == 0 || groups.size() != (chunks + group_chunks - 1) / group_chunks)
    return false;
  // A tree that is no higher than a group has its root below the group's node.
  if (chunks <= group_chunks) return groups.front() == widened(key.hash, *root, chunks);
  return root_over(key.hash, {groups.begin(), groups.end()}) == *root;
}

std::optional<std::vector<tree_digest>> read_groups(const msg::name_record& record,
                                                    const swarm_key& key, std::uint64_t chunks) {
  const auto root = tree_digest::from_bytes(key.hash, key.id);
  if (!root || chunks == 0) return std::nullopt;
  if (chunks <= group_chunks) return std::vector{widened(key.hash, *root, chunks)};
  const auto width = hash_bytes(key.hash);
  const auto raw = record.metadata.view();
  if (raw.size() / width != (chunks + group_chunks - 1) / group_chunks || raw.size() % width != 0)
    return std::nullopt;
  std::vector<tree_digest> out;
  out.reserve(raw.size() / width);
  for (std::size_t at = 0; at < raw.size(); at += width)
    out.push_back(*tree_digest::from_bytes(key.hash, raw.subspan(at, width)));
  if (!groups_fit(out, key, chunks)) return std::nullopt;
  return out;
}

} // namespace interswarm::ppsp
