#include "modes/compare/experiment/fields.hpp"
#include "modes/compare/experiment/keys.hpp"
#include "modes/compare/experiment/limits.hpp"
#include "modes/compare/experiment/units.hpp"
#include "modes/compare/plan/clients.hpp"

#include <algorithm>

namespace interswarm::compare::keys {

namespace {

const std::vector<std::string> kinds{"bittorrent", "ed2k"};

double sum_of_weights(const auto& list) {
  double out = 0;
  for (const auto& item : list) out += item.weight;
  return out;
}

void read_bandwidth(config_reader& r, peers_setup& out) {
  if (r.has("up") || r.has("down")) {
    if (r.has("bandwidth")) r.reject("bandwidth", "stands for up and down; leave them out");
    if (out.bandwidth.size() != 1) out.bandwidth = {bandwidth_class{}};
  }
  fields::rate(r, "up", out.bandwidth.front().up, false);
  fields::rate(r, "down", out.bandwidth.front().down, false);
  std::vector<bandwidth_class> classes;
  r.tables("bandwidth", [&](config_reader& k) {
    bandwidth_class one;
    fields::number(k, "weight", one.weight, 0, limits::weight);
    fields::rate(k, "up", one.up, false);
    fields::rate(k, "down", one.down, false);
    if (classes.size() == limits::classes) k.reject("up", "too many classes of bandwidth");
    classes.push_back(one);
  });
  if (!r.has("bandwidth")) return;
  if (classes.size() > limits::classes || !(sum_of_weights(classes) > 0))
    r.reject("bandwidth", "1 to " + std::to_string(limits::classes) +
                              " classes are wanted, one of them with a weight");
  if (!classes.empty()) out.bandwidth = std::move(classes);
}

void read_places(config_reader& r, const context& c, peers_setup& out) {
  std::vector<peer_place> places;
  r.tables("places", [&](config_reader& p) {
    peer_place one;
    fields::number(p, "weight", one.weight, 0, limits::weight);
    if (const auto domain = fields::one_of(p, "domain", c.domains)) one.domain = *domain;
    if (!p.has("domain")) p.reject("domain", "is wanted");
    places.push_back(one);
  });
  if (!r.has("places")) return;
  if (places.size() > limits::places || !(sum_of_weights(places) > 0))
    r.reject("places", "1 to " + std::to_string(limits::places) +
                           " domains are wanted, one of them with a weight");
  out.places = std::move(places);
}

void read_peers_keys(config_reader& r, const context& c, peers_setup& out) {
  fields::count(r, "count", out.count, 1, limits::peers);
  fields::share(r, "nat", out.nat);
  read_bandwidth(r, out);
  read_places(r, c, out);
  if (r.form_of("online") == config_reader::form::text) {
    // Needed where an overlay differs from [peers].
    static constexpr std::string_view always[] = {"always"};
    fields::one_of(r, "online", always);
    out.session = out.pause = std::nullopt;
    return;
  }
  r.table("online", [&](config_reader& o) {
    law session, pause;
    fields::spread(o, "session", session, fields::measure::time);
    fields::spread(o, "pause", pause, fields::measure::time);
    if (!o.has("session") || !o.has("pause"))
      o.reject("session", "session and pause are wanted together");
    out.session = session;
    out.pause = pause;
  });
}

void read_demand_keys(config_reader& r, demand_setup& out) {
  fields::number(r, "requests_per_hour", out.requests_per_hour, 0, limits::requests_per_hour);
  fields::share(r, "local", out.local);
  fields::share(r, "streaming", out.streaming);
  fields::rate(r, "playback", out.playback, false);
}

/// A traced file is read once, whatever the number of variants.
std::shared_ptr<const trace> find_trace(config_reader& r, reading& shared,
                                        const std::string& name) {
  const auto slash = shared.file.rfind('/');
  const auto folder = slash == std::string::npos ? "" : shared.file.substr(0, slash + 1);
  auto& known = shared.traces[name];
  if (known) return known;
  auto read = read_trace(name.starts_with('/') ? name : folder + name);
  if (!read) {
    r.reject("trace", read.error().text);
    return nullptr;
  }
  known = std::make_shared<const trace>(std::move(*read));
  return known;
}

void read_clients(config_reader& r, overlay_setup& o) {
  std::uint32_t all = 0;
  r.table("clients", [&](config_reader& c) {
    for (const auto& k : client_kinds) {
      client_count one{k.program, 0};
      fields::count(c, k.program, one.count, 0, o.peers.count);
      if (one.count == 0) continue;
      if (k.overlay != o.kind)
        c.reject(k.program, "speaks " + std::string(k.overlay) + ", not " + o.kind);
      all += one.count;
      o.clients.push_back(std::move(one));
    }
    if (all > o.peers.count)
      c.reject(o.clients.back().program.c_str(),
               "the overlay has " + std::to_string(o.peers.count) + " peers in all");
  });
  if (all > 0 && o.demand.streaming > 0)
    r.reject("clients",
             "go with streaming = 0: a finished client does not show what it could play");
}

} // namespace

void read_peers(config_reader& file, context& c) {
  file.table("peers", [&](config_reader& r) { read_peers_keys(r, c, c.peers); });
}

void read_demand(config_reader& file, context& c, experiment& out) {
  static constexpr std::string_view arrivals[] = {"poisson", "trace", "none"};
  out.demand.end = out.duration;
  file.table("demand", [&](config_reader& r) {
    read_demand_keys(r, c.demand);
    const auto how = fields::one_of(r, "arrivals", arrivals).value_or(0);
    out.poisson = how == 0;
    fields::time(r, "from", out.demand.begin, 0, out.duration);
    fields::time(r, "to", out.demand.end, 0, out.duration);
    if (out.demand.begin >= out.demand.end) r.reject("from", "is not before to");
    std::string name;
    r.read("trace", name);
    if ((how == 1) != r.has("trace")) {
      r.reject("trace", "goes with arrivals = \"trace\"");
    } else if (how == 1) {
      out.traced = find_trace(r, c.shared, name);
    }
  });
}

void read_overlays(config_reader& file, const context& c, experiment& out) {
  for (const auto& name : c.overlays) {
    overlay_setup one{name, name, 0, 1, c.peers, c.demand};
    const auto own = std::find(c.domains.begin(), c.domains.end(), name);
    if (own != c.domains.end()) one.domain = static_cast<domain_id>(own - c.domains.begin());
    out.overlays.push_back(std::move(one));
  }
  file.table("overlay", [&](config_reader& all) {
    for (auto& o : out.overlays) {
      all.table(o.name.c_str(), [&](config_reader& r) {
        if (const auto kind = fields::one_of(r, "kind", kinds)) o.kind = kinds[*kind];
        if (std::find(kinds.begin(), kinds.end(), o.kind) == kinds.end())
          r.reject("kind", "is wanted, unless the overlay's name is one: bittorrent, ed2k");
        if (const auto domain = fields::one_of(r, "domain", c.domains)) o.domain = *domain;
        fields::number(r, "contents", o.contents, 0, limits::weight);
        r.table("peers", [&](config_reader& p) { read_peers_keys(p, c, o.peers); });
        r.table("demand", [&](config_reader& d) { read_demand_keys(d, o.demand); });
        read_clients(r, o);
      });
    }
  });
}

} // namespace interswarm::compare::keys
