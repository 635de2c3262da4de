#include "actors/overlays/bittorrent/tracker_names.hpp"

namespace interswarm::bittorrent {

msg::swarm_status to_status(const msg::name& name, const swarm_status& s) {
  return {name, s.seeders, s.leechers, s.completed, s.known};
}

msg::peer_address to_peer_address(const endpoint& e, const std::optional<peer_id>& id) {
  msg::peer_address out;
  out.endpoint.address = slice::copy_of(e.address.network_bytes());
  out.endpoint.port = e.port;
  if (id) out.id = slice::copy_of(*id);
  return out;
}

void name_book::replace(const std::vector<msg::name>& names) {
  names_.clear();
  for (const auto& name : names) {
    const auto key = read_name(name);
    if (key && names_.size() < tracker_limits::followed_names)
      names_.emplace(key->wire_hash(), name);
  }
}

std::vector<msg::swarm_status> name_book::of(const swarm_status& s) const {
  std::vector<msg::swarm_status> out;
  const auto [begin, end] = names_.equal_range(s.hash);
  for (auto i = begin; i != end; ++i) out.push_back(to_status(i->second, s));
  if (out.empty()) out.push_back(to_status(make_name(s.hash), s));
  return out;
}

std::vector<info_hash> name_book::swarms() const {
  std::vector<info_hash> out;
  for (const auto& [hash, name] : names_) {
    if (out.empty() || out.back() != hash) out.push_back(hash);
  }
  return out;
}

} // namespace interswarm::bittorrent
