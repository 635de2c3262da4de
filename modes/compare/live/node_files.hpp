#pragma once

#include "modes/compare/live/lab_plan.hpp"

#include <string>
#include <vector>

namespace interswarm::compare {

/// Ports of everything in the live engine's network.
inline constexpr std::uint16_t node_port = 7400;
inline constexpr std::uint16_t tracker_port = 6969;
inline constexpr std::uint16_t torrent_port = 6881;
inline constexpr std::uint16_t ed2k_server_port = 4661;
inline constexpr std::uint16_t ed2k_port = 4662;

/// The certificate names of who publishes and of who runs the nodes.
inline constexpr auto publisher_name = "publisher";
inline constexpr auto operator_name = "operator";

/// The configuration file of the node at a site that is no peer: a tracker or server alone (part of
/// the systems that are there), or a node of the solution as in examples/. `keys` is the folder of
/// certificates. What the plan does not say is the nodes' default.
std::string node_file(const plan& p, const lab_plan& lab, const site& s, const std::string& keys);
/// "bridge" or "soa".
const char* mode_of(site_role role);
/// Where clients of the overlay find its tracker: a URL or "HOST:PORT".
std::string tracker_of(const plan& p, const lab_plan& lab, overlay_id overlay);
/// "HOST:PORT" of a node's own door.
std::string door_of(const site& s);

/// Lines that somebody had to write: neither empty nor a comment.
std::uint32_t lines_of(const std::string& file);
} // namespace interswarm::compare
