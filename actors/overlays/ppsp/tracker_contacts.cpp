#include "actors/overlays/ppsp/tracker_contacts.hpp"

#include "actors/overlays/ppsp/tracker_limits.hpp"

#include <algorithm>

namespace interswarm::ppsp {

namespace {

bool is_multicast(const ip_address& a) {
  return a.is_v4() ? a.network_bytes()[0] >= 224 : a.network_bytes()[0] == 0xFF;
}

bool is_private(const ip_address& a) {
  return a.is_local() && !a.is_loopback() && !a.is_unspecified() && !is_multicast(a) &&
         !(a.is_v4() && a.network_bytes()[0] == 0);
}

} // namespace

std::vector<peer_contact> believed_contacts(const std::vector<peer_address>& claims,
                                            const ip_address& seen, bool trusted) {
  std::vector<peer_contact> out;
  const peer_address* best = nullptr;
  for (const auto& c : claims) {
    if (c.at.port == 0) continue;
    if (!best || c.priority > best->priority) best = &c;
    const bool same = c.at.address == seen;
    const bool near = !same && is_private(c.at.address);
    if (same || near || (trusted && !c.at.address.is_local()))
      out.push_back({c.at, c.priority, c.kind, near});
  }
  const auto for_all = [](const peer_contact& c) { return !c.near; };
  if (best && std::none_of(out.begin(), out.end(), for_all))
    out.push_back({{seen, best->at.port}, best->priority, address_kind::reflexive, false});
  std::stable_sort(out.begin(), out.end(), [](const peer_contact& a, const peer_contact& b) {
    return a.near != b.near ? b.near : a.priority > b.priority;
  });
  // A near one stays where there are many.
  if (out.size() > tracker_limits::contacts) {
    if (out.back().near) {
      const auto near = std::find_if_not(out.begin(), out.end(), for_all);
      out[std::min<std::size_t>(tracker_limits::contacts - 1,
                                static_cast<std::size_t>(near - out.begin()))] = *near;
    }
    out.resize(tracker_limits::contacts);
  }
  out.shrink_to_fit();
  return out;
}

peer_reach reach_of(const std::vector<peer_address>& claims, const ip_address& seen) {
  peer_reach out{seen, seen.is_v4(), !seen.is_v4()};
  for (const auto& c : claims) (c.at.address.is_v4() ? out.v4 : out.v6) = true;
  return out;
}

const peer_contact* contact_for(const std::vector<peer_contact>& contacts,
                                const ip_address& peer_seen, const peer_reach& asker) {
  const peer_contact* far = nullptr;
  for (const auto& c : contacts) {
    if (!(c.at.address.is_v4() ? asker.v4 : asker.v6)) continue;
    if (peer_seen == asker.seen) {
      if (c.near) return &c;
    } else if (c.near || (c.at.address.is_local() && !asker.seen.is_local()) ||
               (c.at.address.is_loopback() && !asker.seen.is_loopback())) {
      continue;
    }
    if (!far) far = &c;
  }
  return far;
}

bool connects_directly(nat_ability a, nat_ability b) {
  if (a == nat_ability::no_nat || b == nat_ability::no_nat) return true;
  return a != nat_ability::turn && b != nat_ability::turn;
}

} // namespace interswarm::ppsp
