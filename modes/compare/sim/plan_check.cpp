#include "modes/compare/sim/plan_check.hpp"

#include <algorithm>
#include <cmath>

namespace interswarm::compare {

namespace {

tl::unexpected<error> wrong(const std::string& what) {
  return fail(errc::malformed, "the plan cannot be run: " + what);
}

bool is_rate(double x) { return x > 0; } // not NaN either

result<void> check_sizes(const plan& p) {
  if (p.overlays.size() > max_overlays || p.domains.size() > max_domains ||
      p.contents.size() > max_contents || p.peers.size() > max_peers ||
      p.requests.size() > max_requests)
    return fail(errc::too_large,
                "the simulator takes 64 overlays, 1,024 domains, 1,048,576 contents, 16,777,216 "
                "peers and 268,435,456 requests");
  if (p.domains.empty() || p.overlays.empty()) return wrong("it has no domain or no overlay");
  if (p.paths.size() != p.domains.size() * p.domains.size())
    return wrong("not every pair of domains has a path");
  if (!(p.duration > 0) || !std::isfinite(p.duration) || !is_rate(p.sample_every) ||
      !is_rate(p.patience))
    return wrong("duration, sample_every and patience must be more than 0");
  return {};
}

result<void> check_places(const plan& p) {
  for (const auto& path : p.paths)
    if (!is_rate(path.rate) || !(path.delay_s >= 0) || !(path.loss >= 0) || path.loss >= 1)
      return wrong("a path's rate, delay or loss is out of range");
  for (const auto& o : p.overlays)
    if (o.domain >= p.domains.size()) return wrong("an overlay is in no domain");
  for (const auto& c : p.contents)
    if (c.size == 0 || c.size > std::uint64_t{1} << 50 || c.origin >= p.domains.size())
      return wrong("a content has no bytes, too many, or its origin is in no domain");
  for (const auto& peer : p.peers) {
    if (peer.overlay >= p.overlays.size() || peer.domain >= p.domains.size() || !is_rate(peer.up) ||
        !is_rate(peer.down))
      return wrong("a peer is in no overlay or domain, or has no rate");
    moment after = 0;
    for (const auto& i : peer.online) {
      if (i.begin < after || !(i.end > i.begin))
        return wrong("a peer's online times are not in order");
      after = i.end;
    }
    for (const auto c : peer.holds)
      if (c >= p.contents.size()) return wrong("a peer holds a content that is not there");
  }
  return {};
}

result<void> check_requests(const plan& p) {
  moment after = 0;
  std::vector<std::pair<peer_id, content_id>> all;
  for (const auto& r : p.requests) {
    if (r.peer >= p.peers.size() || r.content >= p.contents.size() || !(r.playback >= 0))
      return wrong("a request is of a peer or content that is not there");
    if (!(r.at >= after)) return wrong("requests are not in order of time");
    after = r.at;
    all.emplace_back(r.peer, r.content);
  }
  for (peer_id n = 0; n < p.peers.size(); ++n)
    for (const auto c : p.peers[n].holds) all.emplace_back(n, c);
  std::sort(all.begin(), all.end());
  if (std::adjacent_find(all.begin(), all.end()) != all.end())
    return wrong("a peer asks for or holds a content twice");
  return {};
}

result<void> check_servers(const plan& p, solution how) {
  const auto good = [&p](const std::vector<server_plan>& all) {
    return std::all_of(all.begin(), all.end(), [&p](const server_plan& s) {
      return s.domain < p.domains.size() && is_rate(s.up) && is_rate(s.down);
    });
  };
  if (how == solution::bridge &&
      (p.bridge.nodes.size() != p.overlays.size() || !good(p.bridge.nodes)))
    return wrong("not every overlay has a bridge node with a domain and rates");
  if (how != solution::soa) return {};
  const auto& s = p.soa;
  if (s.access.size() != p.overlays.size() || !good(s.access) || s.storage.empty() ||
      s.storage.size() > 1024 || !good(s.storage) || s.origins.size() != p.domains.size() ||
      !good(s.origins))
    return wrong("access nodes (one an overlay), storage nodes (1 to 1,024) or origins (one a "
                 "domain) are missing, or have no domain or rates");
  if (s.copies == 0 || !is_rate(s.repair_bytes_per_second))
    return wrong("copies and repair_bytes_per_second must be more than 0");
  return {};
}

result<void> check_faults(const plan& p) {
  for (const auto& f : p.faults) {
    std::size_t targets = p.domains.size();
    if (f.kind == fault_kind::tracker || f.kind == fault_kind::bridge ||
        f.kind == fault_kind::access)
      targets = p.overlays.size();
    // A storage node that this plan does not have is nothing that can fail in other solutions.
    if (f.kind == fault_kind::storage_node) targets = p.soa.storage.size();
    if (f.target >= targets || !(f.when.begin >= 0) || !(f.when.end > f.when.begin))
      return wrong("a fault is of something that is not there, or ends before it begins");
    if (f.kind != fault_kind::slow_path) continue;
    if (f.other >= p.domains.size() || !(f.factor >= 0) || f.factor > 1)
      return wrong("a slow path has no other end, or its factor is not from 0 to 1");
    if (std::isinf(p.path(f.target, f.other).rate) && std::isinf(p.path(f.other, f.target).rate))
      return wrong("a path without a bound on its rate cannot become slow: give it a rate");
  }
  return {};
}

} // namespace

result<void> check(const plan& p, solution how) {
  if (auto ok = check_sizes(p); !ok) return ok;
  if (auto ok = check_places(p); !ok) return ok;
  if (auto ok = check_requests(p); !ok) return ok;
  if (auto ok = check_servers(p, how); !ok) return ok;
  return check_faults(p);
}

} // namespace interswarm::compare
