#include "actors/overlays/bittorrent/peer_record.hpp"

#include <algorithm>

namespace interswarm::bittorrent {
namespace {

msg::hash_list to_hash_list(file_proof proof) {
  msg::hash_list out;
  out.algorithm = proof.v2 ? msg::hash_algorithm::bep52 : msg::hash_algorithm::sha1;
  out.unit = proof.unit;
  out.offset = proof.covers.begin;
  out.end = proof.covers.end;
  out.hashes = slice(std::move(proof.hashes));
  // It hashes up to the info-hash: through the info dictionary, or through the pieces root in it.
  out.evidence = msg::evidence::structural;
  return out;
}

} // namespace

result<torrent_name> name_of(const msg::name_record& record) {
  if (record.name.overlay != "bittorrent") return fail(errc::malformed, "not a BitTorrent name");
  if (record.permission == msg::permission::forbidden)
    return fail(errc::denied, "the content must not cross between overlays");
  return torrent_name::parse(record.name.key);
}

result<std::shared_ptr<const torrent_metadata>> metadata_of(const msg::name_record& record,
                                                            const torrent_name& name) {
  if (record.metadata.empty()) return nullptr;
  std::vector<known_layer> layers;
  for (const auto& list : record.hashes)
    if (list.algorithm == msg::hash_algorithm::bep52 && list.offset == 0 && list.period == 0) {
      const auto view = list.hashes.view();
      layers.push_back({list.unit, bytes(view.begin(), view.end())});
    }
  return parse_metadata(name, record.metadata, layers);
}

msg::source_state to_message(const fetch_state& state, const torrent_name& name,
                             const msg::name_record& asked) {
  msg::source_state out;
  out.record = asked;
  out.peers = state.peers;
  out.bytes_per_second = state.bytes_per_second;
  out.held_bytes = state.held_bytes;
  out.version = state.version;
  out.size = asked.size > 0 ? asked.size : msg::unknown_size;
  const auto& m = state.metadata;
  if (m && name.file < m->map.files().size()) {
    out.size = m->map.files()[name.file].length;
    if (out.record.title.empty()) out.record.title = m->titles[name.file];
    out.record.metadata = slice::copy_of(m->raw);
    out.record.permission = msg::permission::allowed; // a private torrent never gets here
    for (auto& proof : m->proofs_of(name.file)) {
      auto list = to_hash_list(std::move(proof));
      std::erase_if(out.record.hashes, [&](const auto& l) {
        return l.algorithm == list.algorithm && l.unit == list.unit;
      });
      out.record.hashes.push_back(std::move(list));
    }
    if (const auto& root = m->roots[name.file]; root != sha256_digest{}) {
      out.record.content_id = slice::copy_of(root);
      out.record.evidence = msg::evidence::structural;
    }
  }
  out.record.size = out.size;
  return out;
}

std::vector<msg::range> to_message(const range_set& ranges) {
  std::vector<msg::range> out;
  out.reserve(ranges.count());
  for (const auto r : ranges) out.push_back({.begin = r.begin, .end = r.end});
  return out;
}

range_set to_range_set(const std::vector<msg::range>& ranges) {
  range_set out;
  for (const auto& r : ranges) out.add({r.begin, r.end});
  return out;
}

std::vector<endpoint> to_endpoints(const std::vector<msg::peer_address>& peers) {
  std::vector<endpoint> out;
  for (const auto& p : peers)
    if (const auto address = ip_address::from_bytes(p.endpoint.address); address && p.endpoint.port)
      out.push_back({*address, p.endpoint.port});
  return out;
}

} // namespace interswarm::bittorrent
