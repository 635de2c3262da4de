#include "modes/compare/live/assemble.hpp"

#include "modes/compare/sim/accounts.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

namespace interswarm::compare {

namespace {

bool is_server(site_role r) { return r == site_role::bridge || r == site_role::access; }

/// Nothing for those that are no station: trackers, and a cluster's service.
std::optional<station> station_of(site_role r) {
  switch (r) {
  case site_role::peer: return station::peer;
  case site_role::bridge: return station::bridge;
  case site_role::access: return station::access;
  case site_role::storage: return station::storage;
  case site_role::tracker:
  case site_role::service: break;
  }
  return std::nullopt;
}

using pair_key = std::tuple<station, station, overlay_id, overlay_id, domain_id, domain_id>;

class assembly {
public:
  assembly(const plan& p, const lab_plan& lab, const observations& seen)
      : plan_(p), lab_(lab), seen_(seen) {}

  result<run_record> make() {
    out_.how = seen_.how;
    out_.live = true;
    out_.repetition = seen_.repetition;
    out_.seed = plan_.seed;
    out_.duration = plan_.duration;
    out_.samples = seen_.samples;
    out_.processes = seen_.processes;
    out_.deployed = seen_.deployed;
    out_.stored_bytes = seen_.stored_bytes;
    out_.duplicate_bytes = std::min(seen_.duplicate_bytes, seen_.stored_bytes);
    for (std::size_t i = 0; i < seen_.requests.size(); ++i) request(i);
    traffic_of_all();
    for (overlay_id o = 0; o < plan_.overlays.size(); ++o) fit(o);
    if (auto ok = charges(); !ok) return tl::unexpected(ok.error());
    out_.recovered_after = recovery_times(plan_, out_.requests);
    return std::move(out_);
  }

private:
  void request(std::size_t i);
  void traffic_of_all();
  void publishing();
  void add(station a, station b, const site& from, const site& to, std::uint64_t sent,
           std::uint64_t received);
  void flow(const site& from, const site& to, const flow_count& went, const flow_count& came);
  void fit(overlay_id o);
  result<void> charges();
  std::string overlay_name(const std::string& kind) const;
  std::optional<domain_id> domain_of(const std::string& node) const;

  const plan& plan_;
  const lab_plan& lab_;
  const observations& seen_;
  run_record out_;
  std::map<pair_key, traffic> traffics_;
};

void assembly::request(std::size_t i) {
  const auto& s = seen_.requests[i];
  request_record r;
  const bool in_time = s.finished <= plan_.duration;
  if (s.state == request_state::satisfied && in_time) r.end = outcome::satisfied;
  if (s.state == request_state::failed && in_time) r.end = outcome::failed;
  if (r.end != outcome::unfinished) r.finished = s.finished;
  if (s.received > 0 || s.first_byte <= plan_.duration) r.first_byte = s.first_byte;
  r.startup_delay = s.startup_delay;
  r.stalls = s.stalls;
  r.stalled_s = s.stalled_s;
  const auto all = static_cast<double>(s.intake.from_peers + s.intake.from_servers);
  auto share = all == 0 ? 0.0 : static_cast<double>(s.intake.from_servers) / all;
  if (share < chatter_share) share = 0;
  if (share > 1 - chatter_share) share = 1;
  r.from_other = std::min(
      s.received, static_cast<std::uint64_t>(static_cast<double>(s.received) * share + 0.5));
  r.from_own = s.received - r.from_other;
  out_.requests.push_back(r);
}

void assembly::flow(const site& from, const site& to, const flow_count& went,
                    const flow_count& came) {
  const auto a = station_of(from.role), b = station_of(to.role);
  if (!a || !b) {
    const bool with_tracker = from.role == site_role::tracker || to.role == site_role::tracker;
    auto& m = out_.messages[with_tracker ? "tracker" : "cluster"];
    m.count += went.packets;
    m.bytes += went.bytes;
    return;
  }
  // What was on its way while the counters were read is counted at one end only.
  const auto received = payload_of(came);
  add(*a, *b, from, to, std::max(payload_of(went), received), received);
}

void assembly::add(station a, station b, const site& from, const site& to, std::uint64_t sent,
                   std::uint64_t received) {
  auto& t = traffics_[{a, b, from.overlay, to.overlay, from.domain, to.domain}];
  t.from = a;
  t.to = b;
  t.from_overlay = from.overlay;
  t.to_overlay = to.overlay;
  t.from_domain = from.domain;
  t.to_domain = to.domain;
  t.sent += sent;
  t.received += received;
  t.lost += sent - received;
}

void assembly::publishing() {
  const auto& counts = seen_.publishing.sites;
  const auto counted = [](const std::map<ip_address, flow_count>& all, const site& other) {
    const auto at = all.find(other.address);
    return at == all.end() ? 0 : payload_of(at->second);
  };
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto& from = lab_.sites[i];
    if (from.role != site_role::service && from.role != site_role::storage) continue;
    for (std::size_t j = 0; j < counts.size(); ++j) {
      const auto& to = lab_.sites[j];
      if (i == j || to.role != site_role::storage) continue;
      const auto received = counted(counts[j].came, from);
      const auto sent = std::max(counted(counts[i].went, to), received);
      if (from.role == site_role::storage) {
        add(station::storage, station::storage, from, to, sent, received);
        continue;
      }
      const auto copies = plan_.soa.copies;
      add(station::origin, station::storage, from, to, sent / copies, received / copies);
      add(station::storage, station::storage, from, to, sent - sent / copies,
          received - received / copies);
    }
  }
}

void assembly::traffic_of_all() {
  std::map<ip_address, std::size_t> at;
  for (std::size_t i = 0; i < lab_.sites.size(); ++i) at[lab_.sites[i].address] = i;
  for (std::size_t i = 0; i < lab_.sites.size() && i < seen_.counts.sites.size(); ++i) {
    for (const auto& [address, went] : seen_.counts.sites[i].went) {
      const auto to = at.find(address);
      if (to == at.end()) continue;
      const auto& came = seen_.counts.sites[to->second].came;
      const auto other = came.find(lab_.sites[i].address);
      flow(lab_.sites[i], lab_.sites[to->second], went,
           other == came.end() ? flow_count{} : other->second);
    }
  }
  publishing();
  for (const auto& [key, t] : traffics_)
    if (t.sent > 0) out_.traffics.push_back(t);
}

/// Requests that ran side by side at one peer had one intake: what they were given of it together
/// must not be more than there was, and what is left then may be a protocol's words again.
void assembly::fit(overlay_id o) {
  std::uint64_t from_peers = 0, from_servers = 0, own = 0, other = 0;
  for (const auto& t : out_.traffics) {
    if (t.to != station::peer || t.to_overlay != o) continue;
    (t.from == station::peer ? from_peers : from_servers) += t.received;
  }
  std::vector<request_record*> mine;
  for (std::size_t i = 0; i < out_.requests.size(); ++i) {
    auto& r = out_.requests[i];
    if (plan_.peers[plan_.requests[i].peer].overlay != o) continue;
    mine.push_back(&r);
    own += r.from_own;
    other += r.from_other;
  }
  const auto move = [](std::uint64_t& from, std::uint64_t& to, std::uint64_t bytes) {
    const auto moved = std::min(from, bytes);
    from -= moved;
    to += moved;
    return moved;
  };
  auto too_much_own = own - std::min(own, from_peers);
  auto too_much_other = other - std::min(other, from_servers);
  for (auto* r : mine) {
    const auto to_other = move(r->from_own, r->from_other, too_much_own);
    too_much_own -= to_other;
    const auto to_own = move(r->from_other, r->from_own, too_much_other);
    too_much_other -= to_own;
    own = own - to_other + to_own;
    other = other - to_own + to_other;
  }
  for (auto* r : mine) {
    const auto little = static_cast<std::uint64_t>(
        static_cast<double>(r->from_own + r->from_other) * chatter_share);
    if (r->from_own < little && other + r->from_own <= from_servers) {
      own -= r->from_own;
      other += move(r->from_own, r->from_other, r->from_own);
    } else if (r->from_other < little && own + r->from_other <= from_peers) {
      other -= r->from_other;
      own += move(r->from_other, r->from_own, r->from_other);
    }
  }
}

std::string assembly::overlay_name(const std::string& kind) const {
  for (const auto& o : plan_.overlays)
    if (o.kind == kind) return o.name;
  return "stored";
}

std::optional<domain_id> assembly::domain_of(const std::string& node) const {
  for (const auto& s : lab_.sites)
    if (s.name == node) return s.domain;
  return std::nullopt;
}

result<void> assembly::charges() {
  std::map<std::tuple<std::string, std::string, domain_id, domain_id>, charge> all;
  for (const auto& line : seen_.ledgers) {
    const auto from = overlay_name(line.from_overlay), to = overlay_name(line.to_overlay);
    const auto f = domain_of(line.from_domain), t = domain_of(line.to_domain);
    if (!f || !t)
      return fail(errc::internal, "a ledger names " +
                                      printable(f ? line.to_domain : line.from_domain, 100) +
                                      ", which is no node of this run");
    auto& c = all[{from, to, *f, *t}];
    c.from = from;
    c.to = to;
    c.from_domain = *f;
    c.to_domain = *t;
    (line.giver ? c.giver_bytes : c.taker_bytes) += line.bytes;
  }
  for (auto& [key, c] : all) out_.charges.push_back(std::move(c));
  return {};
}

} // namespace

result<std::vector<ledger_line>> parse_ledger(std::string_view text) {
  using nlohmann::json;
  try {
    std::vector<ledger_line> out;
    const auto all = json::parse(text);
    for (const auto& e : all.at("entries"))
      out.push_back({e.at("from_domain").get<std::string>(), e.at("to_domain").get<std::string>(),
                     e.at("from_overlay").get<std::string>(), e.at("to_overlay").get<std::string>(),
                     e.at("role").get<std::string>() == "giver",
                     e.at("bytes").get<std::uint64_t>()});
    return out;
  } catch (const json::exception& e) {
    return fail(errc::malformed, std::string("a ledger: ") + e.what());
  }
}

peer_intake intake_of(const lab_plan& lab, const site_counts& counts) {
  peer_intake out;
  for (const auto& [address, count] : counts.came) {
    const auto at = lab.index_of(address);
    if (!at) continue;
    const auto role = lab.sites[*at].role;
    if (role == site_role::peer) out.from_peers += payload_of(count);
    if (is_server(role)) out.from_servers += payload_of(count);
  }
  return out;
}

seen_request look_at(const request_slot& slot) {
  seen_request out;
  out.state = slot.state;
  out.first_byte = slot.first_byte;
  out.finished = slot.finished;
  out.received = slot.received;
  out.startup_delay = slot.startup_delay;
  out.stalled_s = slot.stalled_s;
  out.stalls = slot.stalls;
  return out;
}

result<run_record> assemble(const plan& p, const lab_plan& lab, const observations& seen) {
  return assembly(p, lab, seen).make();
}

} // namespace interswarm::compare
