#include "actors/overlays/ed2k/directory.hpp"

#include "schema/base/wire.hpp"
#include "schema/ed2k/limits.hpp"
#include "schema/ed2k/record.hpp"

namespace interswarm::ed2k {

msg::peer_address peer_address_of(client_id id, std::uint16_t port, const md4_digest* user_hash) {
  msg::peer_address out;
  if (id.is_low()) {
    bytes raw;
    little_endian_writer(raw).u32(id.value);
    out.id = slice(std::move(raw));
    return out;
  }
  out.endpoint.address = slice::copy_of(id.address().network_bytes());
  out.endpoint.port = port;
  if (user_hash != nullptr && *user_hash != md4_digest{}) out.id = slice::copy_of(*user_hash);
  return out;
}

std::vector<msg::name_record> records_of(const std::vector<file_entry>& files, std::size_t limit) {
  std::vector<msg::name_record> out;
  for (const auto& file : files) {
    if (out.size() >= limit) break;
    if (file.name().empty() || file.size() > limits::max_file_bytes) continue;
    file_link link;
    link.name = file.name().substr(0, limits::max_link_name_bytes);
    link.size = file.size();
    link.hash = file.hash;
    out.push_back(make_record(link));
  }
  return out;
}

} // namespace interswarm::ed2k
