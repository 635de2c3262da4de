#include "schema/ed2k/record.hpp"

#include "schema/base/encoding.hpp"
#include "schema/base/wire.hpp"
#include "schema/ed2k/limits.hpp"
#include "schema/ed2k/part_hashes.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

constexpr std::uint64_t aich_leaf_bytes = 184'320;

msg::hash_list whole_list(msg::hash_algorithm algorithm, std::uint64_t unit, std::uint64_t size,
                          bytes digests, msg::evidence evidence) {
  msg::hash_list out;
  out.algorithm = algorithm;
  out.unit = unit;
  out.end = size;
  out.hashes = slice(std::move(digests));
  out.evidence = evidence;
  return out;
}

/// The hash set of `key` in `list`, or nothing.
std::vector<md4_digest> part_hashes_of(const msg::hash_list& list, const file_key& key) {
  const bool whole = list.algorithm == msg::hash_algorithm::md4 && list.unit == part_bytes &&
                     list.offset == 0 && list.end == key.size &&
                     list.hashes.size() == part_count(key.size) * sizeof(md4_digest);
  if (!whole) return {};
  std::vector<md4_digest> out(part_count(key.size));
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::memcpy(out[i].data(), list.hashes.data() + i * sizeof(md4_digest), sizeof(md4_digest));
  }
  const auto variant = match_part_hashes(out, key.size, key.hash);
  if (!variant) return {};
  if (*variant == hash_variant::red && key.size % part_bytes == 0) out.push_back(md4({}));
  return out;
}

} // namespace

msg::name make_name(const file_key& key) {
  bytes raw(key.hash.begin(), key.hash.end());
  big_endian_writer(raw).u64(key.size);
  msg::name out;
  out.overlay = overlay_word;
  out.key = slice(std::move(raw));
  return out;
}

result<file_key> read_name(const msg::name& name) {
  if (name.overlay != overlay_word) {
    return fail(errc::malformed,
                "not an ed2k name but one of \"" + printable(name.overlay, 32) + '"');
  }
  big_endian_reader in(name.key);
  file_key out{.hash = in.array<16>(), .size = in.u64()};
  if (in.failed() || !in.done()) return fail(errc::malformed, "an ed2k name's key has 24 bytes");
  if (out.size > limits::max_file_bytes)
    return fail(errc::malformed, "an ed2k name with an impossible size");
  return out;
}

msg::name_record make_record(const file_link& link) {
  const file_key key{link.hash, link.size};
  msg::name_record out;
  out.name = make_name(key);
  out.size = link.size;
  out.evidence = msg::evidence::hint;
  out.title = printable(link.name, limits::max_link_name_bytes);
  // Nothing in this network is private.
  out.permission = msg::permission::allowed;
  auto plain = link;
  plain.part_hashes.clear();
  plain.sources.clear();
  out.uri = to_string(plain);
  if (link.size == 0) return out;
  auto parts = link.part_hashes;
  if (link.size < part_bytes) parts = {link.hash};
  if (match_part_hashes(parts, link.size, link.hash)) {
    bytes digests;
    for (std::size_t i = 0; i < part_count(link.size); ++i) append(digests, parts[i]);
    out.hashes.push_back(whole_list(msg::hash_algorithm::md4, part_bytes, link.size,
                                    std::move(digests), msg::evidence::structural));
  }
  if (link.aich && link.size <= aich_leaf_bytes) {
    auto leaf = whole_list(msg::hash_algorithm::sha1, aich_leaf_bytes, link.size,
                           bytes(link.aich->begin(), link.aich->end()), msg::evidence::declared);
    leaf.period = part_bytes;
    out.hashes.push_back(std::move(leaf));
  }
  return out;
}

result<file_link> make_link(const msg::name_record& record) {
  const auto key = read_name(record.name);
  if (!key) return tl::unexpected(key.error());
  file_link out;
  if (const auto told = parse_file_link(record.uri);
      told && told->hash == key->hash && told->size == key->size) {
    out = *told;
  }
  out.hash = key->hash;
  out.size = key->size;
  if (out.name.empty()) out.name = record.title.empty() ? to_hex(key->hash) : record.title;
  if (key->size >= part_bytes) {
    for (const auto& list : record.hashes) {
      if (auto parts = part_hashes_of(list, *key); !parts.empty())
        out.part_hashes = std::move(parts);
    }
  }
  return out;
}

} // namespace interswarm::ed2k
