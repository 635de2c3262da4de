#include "modes/compare/experiment/drawing.hpp"
#include "modes/compare/experiment/limits.hpp"
#include "modes/compare/experiment/portable_math.hpp"

#include <algorithm>
#include <tuple>

namespace interswarm::compare {

namespace {

/// A peer that has or wants already what it would ask for asks for something else instead. After so
/// many it asks for nothing: it has nearly everything that is popular.
constexpr int choices = 100;
/// Draws of a time at which a peer of a crowd, or of a peer that a trace leaves open, is online.
constexpr int tries = 100;

} // namespace

bool drawing::is_online(peer_id p, moment at) const {
  const auto& times = out_.peers[p].online;
  const auto after = std::upper_bound(times.begin(), times.end(), at,
                                      [](moment t, const interval& i) { return t < i.begin; });
  return after != times.begin() && at < std::prev(after)->end;
}

bool drawing::holds(peer_id p, content_id c) const {
  const auto& held = out_.peers[p].holds;
  return std::binary_search(held.begin(), held.end(), c);
}

double drawing::playback(overlay_id o, double u) const {
  const auto& demand = e_.overlays[o].demand;
  return u < demand.streaming ? demand.playback : 0;
}

result<void> drawing::draw_requests() {
  if (e_.poisson) {
    const zipf popularity(e_.content_count(), e_.contents.zipf);
    for (overlay_id o = 0; o < e_.overlays.size(); ++o) draw_arrivals(o, popularity);
  }
  for (std::size_t i = 0; i < e_.crowds.size(); ++i) draw_crowd(i);
  follow_trace();
  if (static_cast<double>(out_.requests.size()) > limits::requests * 1.01 + 1000)
    return fail(errc::too_large, "more than " + std::to_string(out_.requests.size()) +
                                     " requests; lower requests_per_hour, peers or duration");
  keep_first_requests();
  return {};
}

/// Each peer asks at times of a Poisson process of its own, of which those while it is away do not
/// happen; together they are one whose rate follows the number of peers online.
void drawing::draw_arrivals(overlay_id o, const zipf& popularity) {
  const auto& demand = e_.overlays[o].demand;
  if (!(demand.requests_per_hour > 0)) return;
  const auto rate = demand.requests_per_hour / 3600;
  const auto& own = held_in_[o];
  std::vector<double> own_sums;
  double sum = 0;
  if (demand.local > 0) {
    for (const auto c : own) own_sums.push_back(sum += popularity.share(c));
  }
  // Who wanted it last; saves a set for each peer.
  std::vector<peer_id> wanted_by(e_.content_count(), static_cast<peer_id>(-1));
  for (auto p = begin_of(o); p < end_of(o); ++p) {
    const std::uint64_t i = p - begin_of(o);
    random_stream gaps(seed_, concern::arrival, i, o);
    auto at = e_.demand.begin;
    auto left = e_.content_count() - out_.peers[p].holds.size();
    for (std::uint64_t k = 0; left > 0; ++k) {
      at -= natural_log(gaps.uniform()) / rate;
      if (!(at < e_.demand.end)) break;
      if (!is_online(p, at)) continue;
      // A stream for each request: what one chooses moves no other's choice.
      random_stream choice(seed_, concern::choice, i << 32 | k, o);
      const bool local = choice.uniform() < demand.local && !own.empty();
      const auto play = playback(o, choice.uniform());
      for (int n = 0; n < choices; ++n) {
        const auto u = choice.uniform();
        const auto c = local ? own[pick(own_sums, u)] : popularity.rank(u);
        if (wanted_by[c] == p || holds(p, c)) continue;
        wanted_by[c] = p;
        --left;
        out_.requests.push_back({at, p, c, play});
        break;
      }
    }
  }
}

/// Rates fall exponentially, as was measured of torrents (Guo et al., "Measurements, analysis, and
/// modeling of BitTorrent-like systems", IMC 2005).
void drawing::draw_crowd(std::size_t number) {
  const auto& crowd = e_.crowds[number];
  std::vector<std::pair<std::uint64_t, peer_id>> order;
  for (const auto o : crowd.overlays) {
    for (auto p = begin_of(o); p < end_of(o); ++p) {
      const auto i = std::uint64_t{p - begin_of(o)} << 32 | number;
      order.emplace_back(random_key(seed_, concern::crowd_order, i, o), p);
    }
  }
  std::sort(order.begin(), order.end());
  // Times after the end do not come up: those before have their probability.
  const auto before_end = 1 - exponential(-std::min(700.0, (e_.duration - crowd.at) / crowd.decay));
  std::uint32_t left = crowd.requests;
  for (const auto& [key, p] : order) {
    if (left == 0) break;
    if (holds(p, crowd.content)) continue;
    const auto o = out_.peers[p].overlay;
    random_stream times(seed_, concern::crowd, std::uint64_t{p - begin_of(o)} << 32 | number, o);
    const auto play = playback(o, times.uniform());
    for (int n = 0; n < tries; ++n) {
      const auto at = crowd.at - crowd.decay * natural_log(1 - times.uniform() * before_end);
      if (!(at < e_.duration) || !is_online(p, at)) continue;
      out_.requests.push_back({at, p, crowd.content, play});
      --left;
      break;
    }
  }
}

void drawing::follow_trace() {
  if (!e_.traced) return;
  std::vector<overlay_id> overlays;
  for (const auto& name : e_.traced->overlays) {
    overlay_id o = 0;
    while (e_.overlays[o].name != name) ++o; // checked when the file was read
    overlays.push_back(o);
  }
  for (std::size_t i = 0; i < e_.traced->rows.size(); ++i) {
    const auto& row = e_.traced->rows[i];
    const auto o = overlays[row.overlay];
    random_stream who(seed_, concern::trace, i, o);
    const auto play = playback(o, who.uniform());
    for (int n = 0; n < tries; ++n) {
      const auto peers = end_of(o) - begin_of(o);
      const auto number =
          row.peer != trace::any_peer ? row.peer : static_cast<std::uint32_t>(who.below(peers));
      const auto p = begin_of(o) + number;
      const bool possible = is_online(p, row.at) && !holds(p, row.content);
      if (possible) out_.requests.push_back({row.at, p, row.content, play});
      if (possible || row.peer != trace::any_peer) break;
    }
  }
}

/// Nobody asks for the same content twice: of crowds, traces and the peer's own will the first
/// counts.
void drawing::keep_first_requests() {
  auto& r = out_.requests;
  std::sort(r.begin(), r.end(), [](const request_plan& a, const request_plan& b) {
    return std::tie(a.peer, a.content, a.at) < std::tie(b.peer, b.content, b.at);
  });
  const auto same = [](const request_plan& a, const request_plan& b) {
    return a.peer == b.peer && a.content == b.content;
  };
  r.erase(std::unique(r.begin(), r.end(), same), r.end());
  std::sort(r.begin(), r.end(), [](const request_plan& a, const request_plan& b) {
    return std::tie(a.at, a.peer, a.content) < std::tie(b.at, b.peer, b.content);
  });
}

} // namespace interswarm::compare
