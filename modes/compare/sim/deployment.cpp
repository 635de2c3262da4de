#include "modes/compare/sim/deployment.hpp"

#include <algorithm>

namespace interswarm::compare {

namespace {

/// [node] and what is in it.
constexpr std::uint32_t node_lines = 6;
/// Registrar and peer of an overlay; BitTorrent's peer says one thing more.
constexpr std::uint32_t face_lines = 4;
/// [[neighbour]] at both ends, and where the one that dials finds the other.
constexpr std::uint32_t pair_lines = 5;
/// [cluster] of the service node; the others name that in a line more.
constexpr std::uint32_t cluster_lines = 4;
constexpr std::uint32_t service_lines = node_lines + cluster_lines + 3;
constexpr std::uint32_t storage_lines = node_lines + cluster_lines + 1 + 2;
constexpr std::uint32_t access_lines = node_lines + cluster_lines + 1 + 2 + face_lines;

} // namespace

deployment deployed(const plan& p, solution how, std::uint32_t configuration_lines) {
  deployment out;
  if (how == solution::isolated) return out;
  const bool bridge = how == solution::bridge;
  const auto nodes = static_cast<std::uint32_t>(p.overlays.size());
  out.processes = bridge ? nodes : nodes + static_cast<std::uint32_t>(p.soa.storage.size()) + 1;
  out.configuration_lines = configuration_lines;
  const auto published = std::count_if(p.contents.begin(), p.contents.end(),
                                       [](const content_plan& c) { return c.published; });
  const auto told = bridge ? p.contents.size() * nodes : static_cast<std::size_t>(published);
  if (told > 0)
    out.touched.push_back(std::to_string(told) +
                          (bridge ? " names linked" : " contents published"));
  for (const auto& o : p.overlays)
    out.touched.push_back("a party more at the tracker of " + o.name);
  return out;
}

std::uint32_t configuration_lines(const plan& p, solution how) {
  if (how == solution::isolated) return 0;
  const auto overlays = static_cast<std::uint32_t>(p.overlays.size());
  const auto more = static_cast<std::uint32_t>(std::count_if(
      p.overlays.begin(), p.overlays.end(), [](const auto& o) { return o.kind == "bittorrent"; }));
  if (how == solution::bridge)
    return overlays * (node_lines + face_lines) + overlays * (overlays - 1) / 2 * pair_lines + more;
  return overlays * access_lines + more +
         static_cast<std::uint32_t>(p.soa.storage.size()) * storage_lines + service_lines;
}

} // namespace interswarm::compare
