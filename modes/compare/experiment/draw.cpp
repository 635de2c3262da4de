#include "modes/compare/experiment/draw.hpp"

#include "modes/compare/experiment/drawing.hpp"

namespace interswarm::compare {

namespace {

bridge_plan bridge_of(const experiment& e) {
  bridge_plan out;
  out.policy = e.bridge.policy;
  for (const auto& o : e.overlays) out.nodes.push_back({o.domain, e.bridge.up, e.bridge.down});
  out.spool_bytes = static_cast<std::uint64_t>(e.bridge.spool);
  return out;
}

soa_plan soa_of(const experiment& e) {
  soa_plan out;
  for (const auto& o : e.overlays)
    out.access.push_back({o.domain, e.soa.access_up, e.soa.access_down});
  for (std::uint32_t i = 0; i < e.soa.storage_nodes; ++i) {
    const auto& domains = e.soa.storage_domains;
    out.storage.push_back({domains[i % domains.size()], e.soa.storage_up, e.soa.storage_down});
  }
  for (domain_id d = 0; d < e.domains.size(); ++d)
    out.origins.push_back({d, e.soa.origin_up, e.soa.origin_down});
  out.copies = e.soa.copies;
  out.cache_bytes = static_cast<std::uint64_t>(e.soa.cache);
  out.repair_bytes_per_second = e.soa.repair;
  out.publish_first = e.soa.publish_first;
  out.price_per_gib_stored_month = e.soa.price_per_gib_stored_month;
  return out;
}

} // namespace

plan drawing::take() {
  out_.seed = seed_;
  out_.duration = e_.duration;
  out_.sample_every = e_.sample_every;
  out_.patience = e_.patience;
  out_.domains = e_.domains;
  out_.paths = e_.paths;
  for (const auto& o : e_.overlays) out_.overlays.push_back({o.name, o.kind, o.domain});
  out_.faults = e_.faults;
  out_.bridge = bridge_of(e_);
  out_.soa = soa_of(e_);
  return std::move(out_);
}

result<plan> draw(const experiment& e, std::uint64_t seed) {
  drawing d(e, seed);
  d.draw_peers();
  d.draw_contents();
  if (auto ok = d.draw_requests(); !ok) return tl::unexpected(ok.error());
  return d.take();
}

} // namespace interswarm::compare
