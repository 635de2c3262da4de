#include "modes/config.hpp"

#include "modes/bridge_policy.hpp"
#include "modes/config_reader.hpp"

namespace interswarm {

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
  file.table("bridge", [&](config_reader& r) { read_bridge_policy(r, out.policy); });
}

} // namespace interswarm
