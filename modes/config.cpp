#include "modes/config.hpp"

#include "modes/config_reader.hpp"

namespace interswarm {

namespace {

void read_policy(config_reader& r, bridge::policy& p) {
  r.read("rate_weight", p.rate_weight);
  r.read("sources_weight", p.sources_weight);
  r.read("load_weight", p.load_weight);
  r.read("price_weight", p.price_weight);
  r.read("local_weight", p.local_weight);
  r.read("failure_weight", p.failure_weight);
  r.read("assumed_rate", p.assumed_rate);
  r.read("min_sources", p.min_sources);
  r.read("enough_sources", p.enough_sources);
  r.read("linger", p.linger);
  r.read("no_progress", p.no_progress);
  r.read("first_delivery", p.first_delivery);
  r.read("first_refusal", p.first_refusal);
  r.read("refusal_life", p.refusal_life);
  r.read("keep_fetched", p.keep_fetched);
  r.read("warm_up_bytes", p.warm_up_bytes);
}

} // namespace

void read_node_config(config_reader& file, node_config& out) {
  file.table("node", [&](config_reader& r) {
    std::string data = out.data.string();
    r.read("domain", out.domain);
    r.read("data", data);
    r.read("log", out.log);
    r.read("listen", out.listen);
    r.read("keys", out.keys);
    r.read("plain_tcp", out.plain_tcp);
    r.read("operators", out.operators);
    r.read("loops", out.loops);
    r.read("grace", out.grace);
    out.data = data;
    if (out.domain.empty() || out.domain.size() > 63)
      r.reject("domain", "1 to 63 characters are wanted");
    if (out.loops > 64) r.reject("loops", "0 to 64 are wanted");
  });
  file.tables("neighbour", [&](config_reader& r) {
    node_config::neighbour n;
    r.read("domain", n.domain);
    r.read("address", n.address);
    if (n.domain.empty()) r.reject("domain", "the neighbour's domain is wanted");
    out.neighbours.push_back(std::move(n));
  });
  file.table("bridge", [&](config_reader& r) { read_policy(r, out.policy); });
}

} // namespace interswarm
