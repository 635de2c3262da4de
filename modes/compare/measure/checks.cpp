#include "modes/compare/measure/checks.hpp"

#include "modes/compare/measure/metric.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace interswarm::compare {

namespace {

std::string number(double x) {
  auto text = std::to_string(x);
  if (!std::isfinite(x)) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}
std::string number(std::uint64_t x) { return std::to_string(x); }
std::string of(std::uint64_t part, std::uint64_t whole) {
  return number(part) + " of " + number(whole);
}

/// What one overlay's peers and its node have received.
struct intake {
  std::uint64_t from_peers = 0;
  std::uint64_t from_servers = 0;
  std::uint64_t node = 0; // its bridge or access node, from others
  // According to the requests.
  std::uint64_t own = 0;
  std::uint64_t other = 0;
};

/// Collects the lines. The texts are made only where something is wrong: there may be millions of
/// requests.
class inspection {
public:
  inspection(const plan& p, const run_record& r) : plan_(p), record_(r) {}

  std::vector<std::string> lines() {
    shape();
    // The rest looks things up by the numbers that this has checked.
    if (!lines_.empty()) return std::move(lines_);
    for (const auto& t : record_.traffics) row(t);
    for (std::size_t i = 0; i < record_.requests.size(); ++i) request(i);
    totals();
    charges();
    samples();
    servers();
    return std::move(lines_);
  }

private:
  void say(std::string line) {
    if (lines_.size() < max_lines) lines_.push_back(std::move(line));
  }
  std::string overlay(overlay_id o) const {
    return o == no_overlay ? "no overlay" : "overlay " + printable(plan_.overlays[o].name);
  }

  void shape() {
    const auto& p = plan_;
    const auto& r = record_;
    if (r.seed != p.seed)
      say("the run's seed is " + number(r.seed) + ", the plan's " + number(p.seed));
    if (p.paths.size() != p.domains.size() * p.domains.size())
      say("the plan has " + number(p.paths.size()) + " paths between " + number(p.domains.size()) +
          " domains");
    if (r.requests.size() != p.requests.size())
      say(of(r.requests.size(), p.requests.size()) + " requests are accounted for");
    if (r.recovered_after.size() != p.faults.size())
      say(of(r.recovered_after.size(), p.faults.size()) + " faults are accounted for");
    const auto domain = [&](domain_id d) { return d < p.domains.size(); };
    const auto known = [&](overlay_id o) { return o == no_overlay || o < p.overlays.size(); };
    for (const auto& q : p.requests)
      if (q.peer >= p.peers.size() || q.content >= p.contents.size())
        say("a request names a peer or content that the plan does not have");
    for (const auto& q : p.peers)
      if (q.overlay >= p.overlays.size())
        say("a peer names an overlay that the plan does not have");
    for (const auto& t : r.traffics)
      if (!known(t.from_overlay) || !known(t.to_overlay) || !domain(t.from_domain) ||
          !domain(t.to_domain))
        say("traffic names an overlay or domain that the plan does not have");
    for (const auto& c : r.charges)
      if (!domain(c.from_domain) || !domain(c.to_domain))
        say("a charge names a domain that the plan does not have");
  }

  void fits(station s, overlay_id o) {
    const bool storing = s == station::storage || s == station::origin;
    if (storing && o != no_overlay) say("a storage node or origin is accounted to " + overlay(o));
    if (!storing && o == no_overlay)
      say("a peer, bridge or access node is accounted to no overlay");
    const bool there = record_.how == solution::bridge ? s == station::peer || s == station::bridge
                       : record_.how == solution::soa  ? s != station::bridge
                                                       : s == station::peer;
    if (!there)
      say("there is traffic of a kind of node that " + std::string(word(record_.how)) +
          " does not have");
  }

  void row(const traffic& t) {
    const auto from = overlay(t.from_overlay), to = overlay(t.to_overlay);
    if (t.sent != t.received + t.lost)
      say("sent is not received + lost: " + number(t.sent) + " is not " + number(t.received) +
          " + " + number(t.lost) + " bytes from " + from + " to " + to);
    fits(t.from, t.from_overlay);
    fits(t.to, t.to_overlay);
    if (t.to != station::peer || t.from_overlay == t.to_overlay) return;
    say(t.from == station::peer ? "peers of " + from + " gave directly to peers of " + to
                                : "peers of " + to + " got from a server that is not their own");
  }

  void request(std::size_t i) {
    const auto& q = plan_.requests[i];
    const auto& r = record_.requests[i];
    const auto size = plan_.contents[q.content].size;
    const auto held = r.from_own + r.from_other;
    const auto complain = [&](const std::string& what) { say("request " + number(i) + what); };
    if (r.end == outcome::satisfied) {
      if (held != size) complain(" is satisfied with " + of(held, size) + " bytes");
      // !(a <= b) and not a > b: NaN is wrong too.
      if (!(r.finished >= q.at) || !(r.finished <= record_.duration * (1 + 1e-9)))
        complain(" is satisfied at " + number(r.finished) + " s, asked for at " + number(q.at) +
                 " s of " + number(record_.duration));
      if (size > 0 && !(r.first_byte <= r.finished)) complain(" ended before its first byte");
    } else if (held > size) {
      complain(" has " + of(held, size) + " bytes");
    }
    if (!(r.first_byte >= q.at)) complain(" has its first byte before it was asked for");
    if (held > 0 && !std::isfinite(r.first_byte)) complain(" has bytes but no first one");
    if (!(r.startup_delay >= 0) || !(r.stalled_s >= 0)) complain(" has negative times");
  }

  void totals() {
    std::vector<intake> in(plan_.overlays.size());
    for (std::size_t i = 0; i < record_.requests.size(); ++i) {
      auto& to = in[plan_.peers[plan_.requests[i].peer].overlay];
      to.own += record_.requests[i].from_own;
      to.other += record_.requests[i].from_other;
    }
    for (const auto& t : record_.traffics) {
      if (t.to_overlay == no_overlay) continue;
      auto& to = in[t.to_overlay];
      if (t.to == station::peer) {
        (t.from == station::peer ? to.from_peers : to.from_servers) += t.received;
      } else if (t.from_overlay != t.to_overlay) {
        to.node += t.received;
      }
    }
    for (overlay_id o = 0; o < in.size(); ++o) {
      agree(o, "from its peers", in[o].own, in[o].from_peers);
      agree(o, "through its node", in[o].other, in[o].from_servers);
      if (in[o].from_servers > 0 && in[o].node == 0)
        say("the node of " + overlay(o) + " gave " + number(in[o].from_servers) +
            " bytes and has received none");
    }
  }

  void agree(overlay_id o, const char* how, std::uint64_t requests, std::uint64_t traffics) {
    if (record_.live ? requests <= traffics : requests == traffics) return;
    say("requests of " + overlay(o) + " got " + number(requests) + " bytes " + how +
        "; the traffic says " + number(traffics));
  }

  std::optional<overlay_id> named(const std::string& name) const {
    if (name == "stored") return no_overlay;
    for (overlay_id o = 0; o < plan_.overlays.size(); ++o)
      if (plan_.overlays[o].name == name) return o;
    return std::nullopt;
  }

  /// What has gone from another overlay, or from storage and origins, to an overlay's node.
  std::uint64_t gone(overlay_id from, overlay_id to) const {
    std::uint64_t out = 0;
    for (const auto& t : record_.traffics)
      if (t.from_overlay == from && t.to_overlay == to && t.from_overlay != t.to_overlay)
        out += t.received;
    return out;
  }

  /// Between two nodes of which one was out of reach, the giver may lack what it could not hear.
  bool always_in_reach() const {
    return std::none_of(plan_.faults.begin(), plan_.faults.end(), [](const fault_plan& f) {
      return f.kind == fault_kind::bridge || f.kind == fault_kind::access ||
             f.kind == fault_kind::domain_cut;
    });
  }

  void charges() {
    std::map<std::pair<overlay_id, overlay_id>, std::uint64_t> sums;
    std::vector<std::uint64_t> to_overlay(plan_.overlays.size());
    const bool must_agree = always_in_reach();
    for (const auto& c : record_.charges) {
      const auto pair = printable(c.from) + " to " + printable(c.to);
      if (c.giver_bytes > c.taker_bytes || (must_agree && c.giver_bytes != c.taker_bytes))
        say("ledgers disagree about " + pair + ": " + number(c.giver_bytes) + " bytes given, " +
            number(c.taker_bytes) + " taken");
      const auto from = named(c.from), to = named(c.to);
      if (from && to && *to != no_overlay) {
        sums[{*from, *to}] += c.taker_bytes;
        to_overlay[*to] += c.taker_bytes;
      } else {
        say("a charge names an overlay that the plan does not have: " + pair);
      }
    }
    for (const auto& [pair, bytes] : sums) {
      const auto real = gone(pair.first, pair.second);
      if (bytes > real)
        say(number(bytes) + " bytes are charged from " +
            (pair.first == no_overlay ? "storage" : overlay(pair.first)) + " to " +
            overlay(pair.second) + ", where " + number(real) + " have gone");
    }
    if (!record_.live) escaped_charges(to_overlay);
  }

  /// Whatever a node gave of a content it has taken once at least, and that is charged.
  void escaped_charges(const std::vector<std::uint64_t>& charged) {
    std::map<std::pair<overlay_id, content_id>, std::uint64_t> most;
    for (std::size_t i = 0; i < record_.requests.size(); ++i) {
      const auto& q = plan_.requests[i];
      auto& here = most[{plan_.peers[q.peer].overlay, q.content}];
      here = std::max(here, record_.requests[i].from_other);
    }
    std::vector<std::uint64_t> least(plan_.overlays.size());
    for (const auto& [where, bytes] : most) least[where.first] += bytes;
    for (overlay_id o = 0; o < least.size(); ++o)
      if (charged[o] < least[o])
        say("only " + number(charged[o]) + " bytes are charged to " + overlay(o) +
            ", whose requests got " + number(least[o]) + " different ones through its node");
  }

  void samples() {
    std::uint64_t satisfied = 0, received = 0;
    for (const auto& q : record_.requests) {
      satisfied += q.end == outcome::satisfied ? 1 : 0;
      received += q.from_own + q.from_other;
    }
    const sample* before = nullptr;
    for (const auto& s : record_.samples) {
      const auto complain = [&](const char* what) {
        say("the sample at " + number(s.at) + " s" + what);
      };
      if (s.crossed > s.received) complain(" has more crossed than received");
      if (s.satisfied > satisfied || (!record_.live && s.received > received))
        complain(" counts more than the whole run");
      if (before != nullptr && !(s.at > before->at)) complain(" is not behind the one before");
      if (before != nullptr && (s.satisfied < before->satisfied || s.failed < before->failed ||
                                s.received < before->received || s.crossed < before->crossed))
        complain(" counts less than the one before");
      before = &s;
    }
  }

  void servers() {
    if (record_.duplicate_bytes > record_.stored_bytes)
      say(of(record_.duplicate_bytes, record_.stored_bytes) + " stored bytes are copies");
    if (record_.name_hits > record_.name_lookups)
      say(of(record_.name_hits, record_.name_lookups) + " name lookups were hits");
    for (const double s : record_.recovered_after)
      if (!(s >= 0)) say("a fault was recovered from before it ended");
  }

  static constexpr std::size_t max_lines = 20;
  const plan& plan_;
  const run_record& record_;
  std::vector<std::string> lines_;
};

} // namespace

std::vector<std::string> violations(const plan& p, const run_record& r) {
  return inspection(p, r).lines();
}

} // namespace interswarm::compare
