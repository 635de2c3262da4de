#include "actors/services/catalogue_desk.hpp"
#include "schema/base/hash.hpp"

namespace interswarm::services {

publication from_message(const msg::publication& p) {
  publication out;
  out.content_id = p.content_id;
  out.size = p.size;
  out.tenant = p.tenant;
  out.title = p.title;
  out.media_type = p.media_type;
  for (const auto& x : p.properties) out.properties.emplace_back(x.key, x.value);
  out.series = p.series;
  out.open = p.open;
  out.published_at = p.published_at;
  out.expires = p.expires;
  return out;
}

msg::publication to_message(const publication& p) {
  msg::publication out;
  out.id = p.id;
  out.content_id = p.content_id;
  out.size = p.size;
  out.tenant = p.tenant;
  out.title = p.title;
  out.media_type = p.media_type;
  for (const auto& [key, value] : p.properties) out.properties.push_back({key, value});
  out.series = p.series;
  out.open = p.open;
  out.published_at = p.published_at;
  out.expires = p.expires;
  return out;
}

msg::party to_message(const party& p) {
  msg::party out;
  out.name = p.name;
  out.tenants = p.tenants;
  out.overlays = p.overlays;
  out.account = p.account;
  out.take = p.take;
  out.message = p.message;
  out.revoked = p.revoked;
  out.added_at = p.added_at;
  return out;
}

slice token_hash(std::string_view token) { return slice::copy_of(sha256(as_bytes(token))); }

} // namespace interswarm::services
