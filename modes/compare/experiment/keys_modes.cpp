#include "modes/bridge_policy.hpp"
#include "modes/compare/experiment/fields.hpp"
#include "modes/compare/experiment/keys.hpp"
#include "modes/compare/experiment/limits.hpp"

#include <algorithm>

namespace interswarm::compare::keys {

namespace {

void check_policy(config_reader& r, const bridge::policy& p) {
  const std::pair<const char*, double> weights[] = {
      {"rate_weight", p.rate_weight},   {"sources_weight", p.sources_weight},
      {"load_weight", p.load_weight},   {"price_weight", p.price_weight},
      {"local_weight", p.local_weight}, {"failure_weight", p.failure_weight}};
  for (const auto& [key, weight] : weights) {
    if (!(weight >= -limits::weight && weight <= limits::weight))
      r.reject(key, "a number from -1000000 to 1000000 is wanted");
  }
  if (!(p.assumed_rate >= limits::least_rate && p.assumed_rate <= limits::most_rate))
    r.reject("assumed_rate", "bytes/s are wanted, from 1 to 1e13");
}

/// What a kind of fault is about: the keys that it has beside `from` and `to`.
enum class about : std::uint8_t { overlay, node, domain, domains };

struct fault_name {
  std::string_view name;
  fault_kind kind;
  about what;
};
constexpr fault_name fault_names[] = {{"tracker", fault_kind::tracker, about::overlay},
                                      {"bridge", fault_kind::bridge, about::overlay},
                                      {"access", fault_kind::access, about::overlay},
                                      {"storage_node", fault_kind::storage_node, about::node},
                                      {"origin", fault_kind::origin, about::domain},
                                      {"domain_cut", fault_kind::domain_cut, about::domain},
                                      {"slow_path", fault_kind::slow_path, about::domains}};

void read_target(config_reader& r, const context& c, const experiment& e, about what,
                 fault_plan& out) {
  const auto wanted = [&](const char* key, about own) {
    if ((what == own) == r.has(key)) return;
    r.reject(key, r.has(key) ? "has no meaning with this kind" : "is wanted with this kind");
  };
  const auto overlay = fields::one_of(r, "overlay", c.overlays);
  std::uint32_t node = 0;
  fields::count(r, "node", node, 0, limits::storage_nodes);
  const auto domain = fields::one_of(r, "domain", c.domains);
  const auto domains = fields::some_of(r, "domains", c.domains);
  fields::number(r, "factor", out.factor, 0, 1);
  wanted("overlay", about::overlay);
  wanted("node", about::node);
  wanted("domain", about::domain);
  wanted("domains", about::domains);
  wanted("factor", about::domains);
  if (node >= e.soa.storage_nodes && what == about::node)
    r.reject("node", "there are only " + std::to_string(e.soa.storage_nodes) +
                         " storage nodes, numbered from 0");
  if (what == about::domains && domains && domains->size() != 2)
    r.reject("domains", "two domains are wanted");
  switch (what) {
  case about::overlay: out.target = overlay.value_or(0); break;
  case about::node: out.target = node; break;
  case about::domain: out.target = domain.value_or(0); break;
  case about::domains:
    if (!domains || domains->size() != 2) break;
    out.target = domains->front();
    out.other = domains->back();
    break;
  }
}

void read_fault(config_reader& r, const context& c, experiment& out) {
  std::vector<std::string> kinds;
  for (const auto& k : fault_names) kinds.emplace_back(k.name);
  const auto kind = fields::one_of(r, "kind", kinds);
  if (!r.has("kind")) r.reject("kind", "is wanted");
  fault_plan one;
  one.kind = fault_names[kind.value_or(0)].kind;
  read_target(r, c, out, fault_names[kind.value_or(0)].what, one);
  fields::time(r, "from", one.when.begin, 0, out.duration);
  if (!r.has("from")) r.reject("from", "is wanted");
  fields::time(r, "to", one.when.end, 0, limits::duration);
  if (one.when.begin >= one.when.end) r.reject("to", "a time after from is wanted");
  if (out.faults.size() == limits::faults)
    r.reject("kind", "more than " + std::to_string(limits::faults) + " tables [[fault]]");
  if (out.faults.size() < limits::faults) out.faults.push_back(one);
}

} // namespace

void read_modes(config_reader& file, const context& c, experiment& out) {
  file.table("bridge", [&](config_reader& r) {
    read_bridge_policy(r, out.bridge.policy);
    check_policy(r, out.bridge.policy);
    fields::rate(r, "up", out.bridge.up, true);
    fields::rate(r, "down", out.bridge.down, true);
    fields::size(r, "spool", out.bridge.spool, 0, limits::store_bytes);
  });
  auto& soa = out.soa;
  for (domain_id d = 0; d < c.domains.size(); ++d) soa.storage_domains.push_back(d);
  file.table("soa", [&](config_reader& r) {
    fields::rate(r, "access_up", soa.access_up, true);
    fields::rate(r, "access_down", soa.access_down, true);
    fields::count(r, "storage_nodes", soa.storage_nodes, 1, limits::storage_nodes);
    fields::rate(r, "storage_up", soa.storage_up, true);
    fields::rate(r, "storage_down", soa.storage_down, true);
    if (const auto domains = fields::some_of(r, "storage_domains", c.domains))
      soa.storage_domains = *domains;
    if (soa.storage_domains.empty()) r.reject("storage_domains", "at least one domain is wanted");
    fields::count(r, "copies", soa.copies, 1, limits::copies);
    if (soa.copies > soa.storage_nodes)
      r.reject("copies", "at most storage_nodes are wanted: each is on another node");
    fields::size(r, "cache", soa.cache, 0, limits::store_bytes);
    fields::rate(r, "repair", soa.repair, true);
    r.read("publish_first", soa.publish_first);
    fields::number(r, "price_per_gib_stored_month", soa.price_per_gib_stored_month, 0,
                   limits::price);
    fields::rate(r, "origin_up", soa.origin_up, true);
    fields::rate(r, "origin_down", soa.origin_down, true);
  });
}

void read_faults(config_reader& file, const context& c, experiment& out) {
  file.tables("fault", [&](config_reader& r) { read_fault(r, c, out); });
}

} // namespace interswarm::compare::keys
