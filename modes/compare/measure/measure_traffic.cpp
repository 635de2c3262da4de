#include "modes/compare/measure/sheet.hpp"
#include "schema/base/encoding.hpp"

#include <array>

namespace interswarm::compare {

namespace {

constexpr double gib = 1024.0 * 1024 * 1024;
/// A twelfth of a Gregorian year, 365.2425 days.
constexpr double month_s = 365.2425 / 12 * 86'400;

/// Sums of bytes sent.
struct sums {
  std::array<double, station_kinds> by{};
  double lost = 0;
  double inside = 0;
  double across_overlays = 0;
  double storage_links = 0;
  double across_domains = 0;
  double price = 0;
};

sums sums_of(const plan& p, const run_record& r) {
  sums out;
  for (const auto& t : r.traffics) {
    const auto sent = static_cast<double>(t.sent);
    out.by[static_cast<std::size_t>(t.from)] += sent;
    out.lost += static_cast<double>(t.lost);
    if (t.from_overlay == no_overlay || t.to_overlay == no_overlay) {
      out.storage_links += sent;
    } else {
      (t.from_overlay == t.to_overlay ? out.inside : out.across_overlays) += sent;
    }
    if (t.from_domain != t.to_domain) out.across_domains += sent;
    out.price += sent / gib * p.path(t.from_domain, t.to_domain).price_per_gib;
  }
  return out;
}

/// Byte-seconds that servers kept: between two samples what the earlier one says, after the last
/// one until the end what that says.
double kept(const run_record& r) {
  double out = 0;
  for (std::size_t i = 0; i < r.samples.size(); ++i) {
    const auto until = i + 1 < r.samples.size() ? r.samples[i + 1].at : r.duration;
    if (until > r.samples[i].at)
      out += static_cast<double>(r.samples[i].stored) * (until - r.samples[i].at);
  }
  return out;
}

void add_charges(const plan& p, const run_record& r, sheet& out) {
  double bytes = 0, price = 0, unsettled = 0;
  std::map<std::pair<std::string, std::string>, double> pairs;
  double others = 0;
  for (const auto& c : r.charges) {
    const auto moved = static_cast<double>(c.taker_bytes);
    bytes += moved;
    unsettled += moved - static_cast<double>(c.giver_bytes);
    price += moved / gib * p.path(c.from_domain, c.to_domain).price_per_gib;
    const std::pair pair(printable(c.from, 64), printable(c.to, 64));
    if (pairs.contains(pair) || pairs.size() < max_named_metrics) {
      pairs[pair] += moved;
    } else {
      others += moved;
    }
  }
  out.begin(topic::price);
  out.headline("charged_bytes", "Chargeable traffic", unit::bytes, better::neither, bytes);
  out.add("charged_price", "Price of the chargeable traffic", unit::price, better::neither, price);
  out.add("unsettled_bytes", "Chargeable traffic that its giver has not heard of", unit::bytes,
          better::neither, unsettled);
  for (const auto& [pair, moved] : pairs)
    out.add("charged." + pair.first + ">" + pair.second,
            "Chargeable traffic from " + pair.first + " to " + pair.second, unit::bytes,
            better::neither, moved);
  if (others > 0)
    out.add("charged.others", "Chargeable traffic from other pairs", unit::bytes, better::neither,
            others);
}

} // namespace

void measure_traffic(const plan& p, const run_record& r, sheet& out) {
  const auto s = sums_of(p, r);
  const auto by = [&](station x) { return s.by[static_cast<std::size_t>(x)]; };
  const double servers =
      by(station::bridge) + by(station::access) + by(station::storage) + by(station::origin);
  out.begin(topic::traffic);
  out.headline("origin_bytes", "Sent by origin servers", unit::bytes, better::lower,
               by(station::origin));
  out.headline("server_bytes", "Sent by all servers", unit::bytes, better::lower, servers);
  out.add("peer_bytes", "Sent by peers", unit::bytes, better::neither, by(station::peer));
  out.add("bridge_bytes", "Sent by bridge nodes", unit::bytes, better::neither,
          by(station::bridge));
  out.add("access_bytes", "Sent by access nodes", unit::bytes, better::neither,
          by(station::access));
  out.add("storage_bytes", "Sent by storage nodes", unit::bytes, better::neither,
          by(station::storage));
  out.headline("within_overlays_bytes", "Sent within overlays", unit::bytes, better::neither,
               s.inside);
  out.headline("across_overlays_bytes", "Sent across overlays", unit::bytes, better::neither,
               s.across_overlays);
  out.headline("storage_links_bytes", "Sent to and from storage and origins", unit::bytes,
               better::neither, s.storage_links);
  out.headline("across_domains_bytes", "Sent across domains", unit::bytes, better::lower,
               s.across_domains);
  out.add("lost_bytes", "Lost on the way and sent again", unit::bytes, better::lower, s.lost);

  const double storing = kept(r) / gib / month_s * p.soa.price_per_gib_stored_month;
  out.begin(topic::price);
  out.headline("traffic_price", "Price of the traffic", unit::price, better::lower, s.price);
  out.add("storage_price", "Price of the bytes that servers keep", unit::price, better::lower,
          storing);
  out.headline("total_price", "Price of traffic and storage", unit::price, better::lower,
               s.price + storing);
  add_charges(p, r, out);
}

} // namespace interswarm::compare
