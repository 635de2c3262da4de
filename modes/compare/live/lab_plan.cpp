#include "modes/compare/live/lab_plan.hpp"

#include "modes/compare/plan/clients.hpp"
#include "modes/compare/sim/plan_check.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace interswarm::compare {

namespace {

constexpr std::uint32_t hosts_in_row = 250;

tl::unexpected<error> cannot(const std::string& what) {
  return fail(errc::unimplemented, "the live engine cannot run this: " + what +
                                       "; change the experiment or say --engine sim");
}

result<void> check_size(const plan& p) {
  std::uint64_t bytes = 0;
  for (const auto& c : p.contents) bytes += c.size;
  if (p.peers.size() > max_live_peers)
    return cannot(std::to_string(p.peers.size()) + " peers, where a machine takes " +
                  std::to_string(max_live_peers));
  if (p.domains.size() > max_live_domains)
    return cannot("more than " + std::to_string(max_live_domains) + " domains");
  if (p.contents.size() > max_live_contents || bytes > max_live_bytes)
    return cannot("more than " + std::to_string(max_live_contents) + " contents or 64 GiB of them");
  if (p.requests.size() > max_live_requests)
    return cannot("more than " + std::to_string(max_live_requests) + " requests");
  if (p.duration > max_live_seconds) return cannot("more than a day, in real time");
  return {};
}

result<void> check_kinds(const plan& p) {
  std::set<std::string> seen;
  for (const auto& o : p.overlays) {
    if (o.kind != "bittorrent" && o.kind != "ed2k")
      return cannot("overlay " + printable(o.name) + " is of kind \"" + printable(o.kind) +
                    "\", where real nodes speak bittorrent and ed2k");
    if (!seen.insert(o.kind).second)
      return cannot("two overlays of kind " + o.kind + ", which real nodes take for one");
  }
  return {};
}

result<void> check_clients(const plan& p) {
  for (const auto& peer : p.peers) {
    if (peer.client.empty()) continue;
    const auto& kind = p.overlays[peer.overlay].kind;
    if (std::none_of(std::begin(client_kinds), std::end(client_kinds),
                     [&](const auto& k) { return k.program == peer.client && k.overlay == kind; }))
      return cannot("a client \"" + printable(peer.client) + "\" in an overlay of kind " + kind);
  }
  for (const auto& r : p.requests)
    if (r.playback > 0 && !p.peers[r.peer].client.empty())
      return cannot("playback by " + p.peers[r.peer].client +
                    ", which does not show what it could");
  return {};
}

result<void> check_servers(const plan& p, solution how) {
  std::uint64_t bytes = 0;
  for (const auto& c : p.contents) bytes += c.size;
  if (how == solution::bridge) {
    if (p.bridge.spool_bytes < bytes)
      return cannot("a bound on the bridges' spools below the contents' size, which nodes do not "
                    "have");
    if (p.bridge.policy.price_weight != 0 && p.overlays.size() > 2)
      return cannot("prices that depend on who pays");
  }
  if (how != solution::soa) return {};
  if (!p.soa.publish_first && std::any_of(p.contents.begin(), p.contents.end(),
                                          [](const content_plan& c) { return c.published; }))
    return cannot("contents that are pulled from their origins when they are first asked for, "
                  "which nodes do only on a provider's command");
  if (p.soa.copies > p.soa.storage.size())
    return cannot(std::to_string(p.soa.copies) + " copies on " +
                  std::to_string(p.soa.storage.size()) + " storage nodes");
  if (p.soa.repair_bytes_per_second < 1) return cannot("repair at less than 1 byte/s");
  return {};
}

result<void> check_faults(const plan& p) {
  for (const auto& f : p.faults) {
    if (f.kind == fault_kind::origin)
      return cannot("a fault of origins, which nothing asks once their contents are published");
  }
  return {};
}

/// Gives out addresses and collects the sites.
class layout {
public:
  explicit layout(std::size_t domains) : next_(domains, 0) {}

  void add(site s) {
    s.address = address_of(s.domain, next_[s.domain]++);
    out.sites.push_back(std::move(s));
  }
  void add_server(site_role role, std::uint32_t number, std::string name, overlay_id overlay,
                  const server_plan& server) {
    add({role, number, std::move(name), server.domain, overlay, {}, server.up, server.down});
  }

  lab_plan out;

private:
  std::vector<std::uint32_t> next_;
};

void add_servers(const plan& p, solution how, layout& to) {
  for (overlay_id o = 0; o < p.overlays.size(); ++o) {
    const auto& kind = p.overlays[o].kind;
    to.add({site_role::tracker, o, "tracker-" + kind, p.overlays[o].domain, o, {}});
    if (how == solution::bridge)
      to.add_server(site_role::bridge, o, "bridge-" + kind, o, p.bridge.nodes[o]);
    if (how == solution::soa)
      to.add_server(site_role::access, o, "access-" + kind, o, p.soa.access[o]);
  }
  if (how != solution::soa) return;
  // It is beside the first storage node: publishing happens before the clock starts.
  to.add({site_role::service, 0, "service", p.soa.storage.front().domain, no_overlay, {}});
  for (std::uint32_t n = 0; n < p.soa.storage.size(); ++n)
    to.add_server(site_role::storage, n, "storage-" + std::to_string(n), no_overlay,
                  p.soa.storage[n]);
}

bool concerns(const fault_plan& f, domain_id from, domain_id to) {
  if (f.kind == fault_kind::domain_cut) return from != to && (f.target == from || f.target == to);
  if (f.kind != fault_kind::slow_path) return false;
  return (f.target == from && f.other == to) || (f.target == to && f.other == from);
}

void add_lines(const plan& p, lab_plan& out) {
  const auto domains = static_cast<domain_id>(p.domains.size());
  for (domain_id f = 0; f < domains; ++f) {
    for (domain_id t = 0; t < domains; ++t) {
      const auto& path = p.path(f, t);
      const bool plain = path.delay_s == 0 && path.loss == 0 && std::isinf(path.rate) &&
                         std::none_of(p.faults.begin(), p.faults.end(),
                                      [&](const fault_plan& x) { return concerns(x, f, t); });
      if (!plain) out.lines.push_back({f, t, path});
    }
  }
}

} // namespace

ip_address address_of(domain_id domain, std::uint32_t nth) {
  return ip_address::v4((45u << 24) | (domain << 16) | ((nth / hosts_in_row) << 8) |
                        (nth % hosts_in_row + 2));
}

const site* lab_plan::find(site_role role, std::uint32_t number) const {
  for (const auto& s : sites)
    if (s.role == role && s.number == number) return &s;
  return nullptr;
}

std::optional<std::size_t> lab_plan::index_of(const ip_address& address) const {
  for (std::size_t i = 0; i < sites.size(); ++i)
    if (sites[i].address == address) return i;
  return std::nullopt;
}

result<lab_plan> lay_out(const plan& p, solution how) {
  for (const auto& ok : {check(p, how), check_size(p), check_kinds(p), check_clients(p)})
    if (!ok) return tl::unexpected(ok.error());
  if (auto ok = check_servers(p, how); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_faults(p); !ok) return tl::unexpected(ok.error());
  layout to(p.domains.size());
  add_servers(p, how, to);
  for (peer_id n = 0; n < p.peers.size(); ++n) {
    const auto& peer = p.peers[n];
    to.add({site_role::peer,
            n,
            "peer-" + std::to_string(n),
            peer.domain,
            peer.overlay,
            {},
            peer.up,
            peer.down,
            peer.behind_nat});
  }
  add_lines(p, to.out);
  return std::move(to.out);
}

} // namespace interswarm::compare
