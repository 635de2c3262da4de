#include "modes/bridge_policy.hpp"

#include "modes/config_reader.hpp"

namespace interswarm {

void read_bridge_policy(config_reader& r, bridge::policy& p) {
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

} // namespace interswarm
