#include "modes/compare/experiment/drawing.hpp"

#include <cmath>

namespace interswarm::compare {

namespace {

/// Weights, summed up for `pick`.
std::vector<double> sums_of(const auto& list) {
  std::vector<double> out;
  double sum = 0;
  for (const auto& item : list) out.push_back(sum += item.weight);
  return out;
}

/// Goes through times online and away from the start to `end`.
class online_walk {
public:
  online_walk(const peers_setup& peers)
      : peers_(peers), session_(*peers.session), pause_(*peers.pause) {}

  std::vector<interval> walk(std::uint64_t seed, overlay_id o, std::uint32_t i, moment end) const {
    random_stream start(seed, concern::at_start, i, o), sessions(seed, concern::session, i, o),
        pauses(seed, concern::pause, i, o);
    // As after a long time: nobody is just coming or going because the run begins.
    const auto online_share = session_.mean() / (session_.mean() + pause_.mean());
    bool online = start.uniform() < online_share;
    const auto u = start.uniform(), v = start.uniform();
    moment at = (online ? session_ : pause_).left(u, v);
    std::vector<interval> out;
    if (online) out.push_back({0, at});
    while (at < end) {
      online = !online;
      const auto& d = online ? *peers_.session : *peers_.pause;
      const auto length = quantile(d, (online ? sessions : pauses).uniform());
      if (online) out.push_back({at, at + length});
      at += length;
    }
    return out;
  }

private:
  const peers_setup& peers_;
  running_time session_, pause_;
};

} // namespace

void drawing::draw_peers() {
  first_.push_back(0);
  for (const auto& o : e_.overlays) first_.push_back(first_.back() + o.peers.count);
  out_.peers.resize(first_.back());
  for (overlay_id o = 0; o < e_.overlays.size(); ++o) {
    place_peers(o);
    set_online(o);
  }
}

/// Shares are kept to the peer, and only who is which is left to chance: a share of 0.3 of ten
/// peers is three of them in each repetition.
void drawing::place_peers(overlay_id o) {
  const auto& setup = e_.overlays[o];
  const auto n = setup.peers.count;
  const auto peer = [&](std::uint32_t i) -> peer_plan& { return out_.peers[begin_of(o) + i]; };
  for (std::uint32_t i = 0; i < n; ++i) {
    peer(i).overlay = o;
    peer(i).domain = setup.domain;
  }
  const auto middle = [n](std::uint32_t rank) { return (rank + 0.5) / n; };
  if (!setup.peers.places.empty()) {
    const auto sums = sums_of(setup.peers.places);
    const auto order = random_order(seed_, concern::place, o, n);
    for (std::uint32_t rank = 0; rank < n; ++rank)
      peer(order[rank]).domain = setup.peers.places[pick(sums, middle(rank))].domain;
  }
  const auto sums = sums_of(setup.peers.bandwidth);
  auto order = random_order(seed_, concern::bandwidth, o, n);
  for (std::uint32_t rank = 0; rank < n; ++rank) {
    const auto& bandwidth = setup.peers.bandwidth[pick(sums, middle(rank))];
    peer(order[rank]).up = bandwidth.up;
    peer(order[rank]).down = bandwidth.down;
  }
  order = random_order(seed_, concern::nat, o, n);
  const auto behind = static_cast<std::uint32_t>(std::floor(setup.peers.nat * n + 0.5));
  for (std::uint32_t rank = 0; rank < behind; ++rank) peer(order[rank]).behind_nat = true;
  order = random_order(seed_, concern::client, o, n);
  std::uint32_t rank = 0;
  for (const auto& c : setup.clients)
    for (std::uint32_t i = 0; i < c.count; ++i) peer(order[rank++]).client = c.program;
}

void drawing::set_online(overlay_id o) {
  const auto& setup = e_.overlays[o].peers;
  if (!setup.session) {
    for (auto p = begin_of(o); p < end_of(o); ++p) out_.peers[p].online = {{0, never}};
    return;
  }
  const online_walk times(setup);
  for (std::uint32_t i = 0; i < setup.count; ++i)
    out_.peers[begin_of(o) + i].online = times.walk(seed_, o, i, e_.duration);
}

} // namespace interswarm::compare
