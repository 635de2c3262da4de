#pragma once

#include "modes/compare/live/lab_plan.hpp"

#include <functional>
#include <string>

/// What `ip`, `tc` and `nft` are told, one command a line as their batch modes take it. In the
/// middle of the network is a router: the namespace that this process is in. Each site has a
/// namespace with one cable to it, "eth0" there and "s<index>" here. All packets carry a segment
/// each, so that packets are counted alike on both ends. Neighbours are told, not asked for: no
/// ARP.
namespace interswarm::compare {

/// Where a command finds the namespace of site `index`, such as "/proc/7/fd/9".
using site_path = std::function<std::string(std::size_t index)>;

/// `ip` in the router. `lines_namespace`: where the other ends of the lines' cables are.
std::string router_links(const lab_plan& lab, const site_path& where,
                         const std::string& lines_namespace);
/// `ip` in the namespace of site `index`.
std::string site_links(const lab_plan& lab, std::size_t index);
/// `ip` in the lines' namespace.
std::string line_links(const lab_plan& lab);
/// The name of a line's cable, on both ends.
std::string line_name(const line_plan& line);
/// The Ethernet addresses of a line's cable: in the router, and at the other end.
std::string line_router_mac(std::size_t line);
std::string line_far_mac(std::size_t line);

/// `tc` in the router: what sites receive is shaped by token buckets (tc-tbf(8)). Empty without
/// finite rates.
std::string router_shaping(const lab_plan& lab);
/// `tc` in the namespace of a site: what it sends. Empty for an infinite rate.
std::string site_shaping(const site& s);

/// `nft` in the namespace of a site: counts packets and bytes by the other end's address, before
/// its shaping when it sends and behind it when it receives; behind a NAT, nobody can dial it.
std::string site_counting(const site& s);
/// `nft`, later: nothing is sent any more, and what is not sent is not counted.
std::string site_silence();
/// `nft`, after that: it may send, uncounted.
std::string site_silence_end();

} // namespace interswarm::compare
