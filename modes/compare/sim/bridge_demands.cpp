#include "modes/compare/sim/bridge_model.hpp"

namespace interswarm::compare {

/// What the node learns of its overlay from the tracker, which is somebody else's.
void bridge_model::listen(overlay_id o) {
  auto& node = nodes_[o];
  if (stands(o)) {
    if (world_.now() < node.stand_at) return;
    node.stand_at = world_.now() + bridge_limits::stand_s;
    for (content_id c = 0; c < world_.setting.contents.size(); ++c)
      if (names_.knows(o, c)) demand(o, c, 0);
  } else if (world_.tracker_up[o]) {
    scrape(o);
  }
}

void bridge_model::scrape(overlay_id o) {
  auto& node = nodes_[o];
  const bool all = world_.now() >= node.scrape_at;
  const bool fresh = world_.now() < node.fresh_until && world_.now() >= node.fresh_at;
  if (!all && !fresh) return;
  const auto count = static_cast<content_id>(world_.setting.contents.size());
  node.watched.resize(count);
  node.fresh_at = world_.now() + bridge_limits::fresh_scrape_s;
  if (all) node.scrape_at = world_.now() + bridge_limits::scrape_s;
  const auto first = all ? 0 : count - std::min<content_id>(count, bridge_limits::fresh_names);
  for (auto c = first; c < count; ++c)
    if (names_.knows(o, c)) consider(o, c);
}

/// As registrar_desk does with a scrape's answer.
void bridge_model::consider(overlay_id o, content_id c) {
  auto& w = nodes_[o].watched[c];
  const bittorrent::seed_doubt::counts told{swarms_.seeds(o, c), swarms_.completed(o, c)};
  w.doubt.scraped(told, w.told, static_cast<std::uint64_t>(world_.now() * 1000), {});
  w.told = told;
  const auto unproven = std::min(w.doubt.unproven(), told.complete);
  const auto sources = told.complete - unproven;
  if (swarms_.seekers(o, c) + unproven > 0 && sources < rules().enough_sources)
    demand(o, c, sources);
}

void bridge_model::demand(overlay_id o, content_id c, std::uint32_t sources) {
  if (nodes_[o].desk.demand(key(o, c), sources, clock()) == bridge::demand_action::resolve)
    find(o, c, 0);
}

} // namespace interswarm::compare
