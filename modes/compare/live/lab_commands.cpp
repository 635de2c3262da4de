#include "modes/compare/live/lab_commands.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace interswarm::compare {

namespace {

/// The next hop that cables lead to; nobody has this address.
constexpr auto next_hop = "169.254.0.1";
/// Routing tables of lines.
constexpr std::size_t first_table = 1000;
/// A cable takes whole packets, and a bucket at least some of them.
constexpr double least_burst = 6'000;
constexpr double burst_s = 0.01;
/// Of a packet's wait in a bucket's queue.
constexpr double queue_s = 0.2;
constexpr double least_queue = 30'000;

std::string mac(unsigned kind, std::size_t index) {
  char out[18];
  std::snprintf(out, sizeof out, "02:00:00:%02x:%02x:%02x", kind,
                static_cast<unsigned>(index >> 8 & 0xFF), static_cast<unsigned>(index & 0xFF));
  return out;
}
std::string router_mac(std::size_t site) { return mac(1, site); }
std::string site_mac(std::size_t site) { return mac(2, site); }

std::string cable(const std::string& name, const std::string& here, const std::string& far_name,
                  const std::string& far, const std::string& far_namespace) {
  return "link add " + name + " address " + here + " gso_max_segs 1 type veth peer name " +
         far_name + " address " + far + " gso_max_segs 1 netns " + far_namespace + "\nlink set " +
         name + " up\n";
}

std::string prefix_of(domain_id d) { return "45." + std::to_string(d) + ".0.0/16"; }

std::string bucket(const std::string& device, double rate) {
  const auto burst = std::max(least_burst, rate * burst_s);
  const auto queue = std::max(least_queue, rate * queue_s) + burst;
  char out[200];
  std::snprintf(out, sizeof out, "qdisc add dev %s root tbf rate %.0fbit burst %.0f limit %.0f\n",
                device.c_str(), std::max(1.0, rate * 8), burst, queue);
  return out;
}

} // namespace

std::string line_name(const line_plan& line) {
  return "w" + std::to_string(line.from) + "x" + std::to_string(line.to);
}
std::string line_router_mac(std::size_t line) { return mac(3, line); }
std::string line_far_mac(std::size_t line) { return mac(4, line); }

std::string router_links(const lab_plan& lab, const site_path& where,
                         const std::string& lines_namespace) {
  std::string out = "link set lo up\n";
  for (std::size_t i = 0; i < lab.sites.size(); ++i) {
    const auto name = "s" + std::to_string(i);
    const auto address = lab.sites[i].address.to_string();
    out += cable(name, router_mac(i), "eth0", site_mac(i), where(i));
    out += "route add " + address + "/32 dev " + name + "\n";
    out += "neigh add " + address + " lladdr " + site_mac(i) + " dev " + name + " nud permanent\n";
  }
  for (std::size_t i = 0; i < lab.lines.size(); ++i) {
    const auto& line = lab.lines[i];
    const auto name = line_name(line);
    const auto table = std::to_string(first_table + i);
    out += cable(name, line_router_mac(i), name, line_far_mac(i), lines_namespace);
    out += std::string("neigh add ") + next_hop + " lladdr " + line_far_mac(i) + " dev " + name +
           " nud permanent\n";
    out += std::string("route add default via ") + next_hop + " dev " + name + " onlink table " +
           table + "\n";
    // What comes out of a line goes straight to its site.
    out += "rule add pref 10 iif " + name + " lookup main\n";
    out += "rule add pref 20 from " + prefix_of(line.from) + " to " + prefix_of(line.to) +
           " lookup " + table + "\n";
  }
  return out;
}

std::string site_links(const lab_plan& lab, std::size_t index) {
  const auto address = lab.sites[index].address.to_string();
  return "link set lo up\naddr add " + address + "/32 dev eth0\nlink set eth0 up\nneigh add " +
         next_hop + " lladdr " + router_mac(index) +
         " dev eth0 nud permanent\nroute add default via " + next_hop + " dev eth0 onlink src " +
         address + "\n";
}

std::string line_links(const lab_plan& lab) {
  std::string out = "link set lo up\n";
  for (const auto& line : lab.lines) out += "link set " + line_name(line) + " up\n";
  return out;
}

std::string router_shaping(const lab_plan& lab) {
  std::string out;
  for (std::size_t i = 0; i < lab.sites.size(); ++i)
    if (std::isfinite(lab.sites[i].down)) out += bucket("s" + std::to_string(i), lab.sites[i].down);
  return out;
}

std::string site_shaping(const site& s) {
  return std::isfinite(s.up) ? bucket("eth0", s.up) : std::string();
}

std::string site_counting(const site& s) {
  std::string out = R"(table ip live {
  set came { type ipv4_addr; flags dynamic; counter; size 65535; }
  set went { type ipv4_addr; flags dynamic; counter; size 65535; }
  chain in {
    type filter hook input priority 0; policy accept;
    iif "lo" accept
    update @came { ip saddr }
)";
  if (s.behind_nat) out += "    tcp flags & (syn | ack) == syn drop\n";
  out += R"(  }
  chain out {
    type filter hook output priority 0; policy accept;
    oif "lo" accept
    update @went { ip daddr }
  }
}
)";
  return out;
}

std::string site_silence_end() { return "flush chain ip live out\n"; }

std::string site_silence() { return "insert rule ip live out oif != \"lo\" drop\n"; }

} // namespace interswarm::compare
