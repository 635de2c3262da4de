#include "modes/links.hpp"

#include "schema/base/encoding.hpp"

namespace interswarm {

namespace {

constexpr std::string_view unspecified[] = {"0.0.0.0", "[::]"};

std::string url_escaped(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    const bool plain = (u >= '0' && u <= '9') || (u >= 'A' && u <= 'Z') || (u >= 'a' && u <= 'z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += {'%', digits[u >> 4], digits[u & 15]};
    }
  }
  return out;
}

} // namespace

void door_book::set(std::vector<msg::door> doors) {
  const std::lock_guard guard(mutex_);
  doors_ = std::move(doors);
}

std::vector<msg::door> door_book::get() const {
  const std::lock_guard guard(mutex_);
  return doors_;
}

std::vector<msg::door> reachable(std::vector<msg::door> doors, const std::string& host) {
  for (auto& d : doors) {
    for (const auto any : unspecified) {
      const auto at = d.address.find(any);
      if (at != std::string::npos) d.address.replace(at, any.size(), host);
    }
  }
  return doors;
}

std::vector<msg::link> make_links(const std::vector<std::unique_ptr<overlay>>& overlays,
                                  const std::vector<msg::door>& doors,
                                  const std::vector<msg::name_record>& records,
                                  const msg::publication& publication) {
  std::vector<msg::link> out;
  if (!publication.open) return out;
  for (const auto& r : records) {
    if (r.permission == msg::permission::forbidden || r.evidence < msg::evidence::verified)
      continue;
    for (const auto& o : overlays) {
      if (auto text = o->link(r, doors); !text.empty()) out.push_back({o->name(), std::move(text)});
    }
  }
  for (const auto& d : doors) {
    if (d.overlay != "http") continue;
    out.push_back({"http", d.address + "/content/" + to_hex(publication.content_id) + "/" +
                               url_escaped(publication.title)});
  }
  return out;
}

} // namespace interswarm
