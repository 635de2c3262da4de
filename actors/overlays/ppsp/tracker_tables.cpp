#include "actors/overlays/ppsp/tracker_tables.hpp"

#include <algorithm>

namespace interswarm::ppsp {

namespace {

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using wide = unsigned __int128;
  const auto product = static_cast<wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// What the standard library adds to each entry of a list and of a hash table: links, the key, the
/// hash, the allocator's own, and the table's place.
constexpr std::uint64_t list_overhead = 16 + 16;
constexpr std::uint64_t table_overhead = 8 + 16 + 8 + 8 + 16 + 8;
/// Its address' entry, as if each peer had its own, and the allocator's part of three blocks.
constexpr std::uint64_t peer_overhead = 48 + 3 * 16;

} // namespace

std::size_t secret_hash::operator()(std::string_view text) const {
  auto h = secret[0] ^ text.size();
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    h = fold(h ^ word, secret[1]);
    text.remove_prefix(8);
  }
  std::uint64_t tail = 0;
  if (!text.empty()) std::memcpy(&tail, text.data(), text.size());
  return fold(h ^ tail, secret[1] ^ 0x9E3779B97F4A7C15ull);
}

std::size_t secret_hash::operator()(std::uint64_t group) const {
  return fold(group ^ secret[0], secret[1] ^ 0x9E3779B97F4A7C15ull);
}

const tracker_book::membership* tracker_book::peer::in(const swarm& s) const {
  for (const auto& m : swarms) {
    if (m.in == &s) return &m;
  }
  return nullptr;
}

tracked_swarm tracker_book::swarm::status() const {
  return {id,        static_cast<std::uint32_t>(seeders.size()),
          sources,   static_cast<std::uint32_t>(leechers.size()),
          completed, own,
          true};
}

tracker_book::tables::tables(const std::array<std::uint64_t, 2>& secret)
    : peers(0, secret_hash{secret}), by_id(0, secret_hash{secret}),
      per_address(0, secret_hash{secret}), allowed(0, secret_hash{secret}),
      denied(0, secret_hash{secret}) {}

std::uint64_t tracker_book::tables::group_of(const ip_address& a) {
  std::uint64_t group = 0;
  std::memcpy(&group, a.mapped().data() + (a.is_v4() ? 8 : 0), 8);
  return group;
}

std::uint64_t tracker_book::tables::bytes_of(const peer& p) {
  return sizeof(peer) + list_overhead + table_overhead + peer_overhead + p.id.capacity() +
         p.contacts.capacity() * sizeof(peer_contact) + p.swarms.capacity() * sizeof(membership) +
         p.swarms.size() * 2 * sizeof(peer*);
}

std::uint64_t tracker_book::tables::bytes_of(const swarm& s) {
  return sizeof(swarm) + list_overhead + table_overhead + s.id.capacity();
}

tracker_book::peer* tracker_book::tables::find(std::string_view id) const {
  const auto at = peers.find(id);
  return at == peers.end() ? nullptr : &*at->second;
}

tracker_book::swarm* tracker_book::tables::find_swarm(byte_view id) const {
  const auto at = by_id.find(as_text(id));
  return at == by_id.end() ? nullptr : &*at->second;
}

tracker_book::peer& tracker_book::tables::make(const std::string& id, const ip_address& seen,
                                               std::uint64_t now_ms) {
  auto& list = timer(tracker_state::registered);
  auto& p = list.emplace_back();
  p.id = id;
  p.seen = seen;
  p.state = tracker_state::registered;
  p.heard_ms = now_ms;
  peers.emplace(p.id, std::prev(list.end()));
  ++per_address[group_of(seen)];
  memory_bytes += bytes_of(p);
  return p;
}

tracker_book::swarm& tracker_book::tables::make_swarm(byte_view id) {
  auto& s = swarms.emplace_back();
  s.id.assign(id.begin(), id.end());
  by_id.emplace(as_text(s.id), std::prev(swarms.end()));
  memory_bytes += bytes_of(s);
  return s;
}

void tracker_book::tables::enter(peer& p, tracker_state to, std::uint64_t now_ms) {
  auto& from = timer(p.state);
  auto& list = timer(to);
  list.splice(list.end(), from, peers.find(p.id)->second);
  p.state = to;
  p.heard_ms = now_ms;
}

void tracker_book::tables::erase(peer& p) {
  while (!p.swarms.empty()) remove(p, *p.swarms.back().in);
  memory_bytes -= bytes_of(p);
  const auto group = per_address.find(group_of(p.seen));
  if (--group->second == 0) per_address.erase(group);
  const auto at = peers.find(p.id);
  const auto place = at->second;
  peers.erase(at);
  timer(p.state).erase(place);
}

void tracker_book::tables::add(peer& p, swarm& s, bool seeder) {
  const auto before = bytes_of(p);
  auto& list = seeder ? s.seeders : s.leechers;
  const bool source = seeder && !p.contacts.empty();
  p.swarms.push_back({&s, static_cast<std::uint32_t>(list.size()), seeder, source, 0, 0});
  list.push_back(&p);
  if (source) ++s.sources;
  memory_bytes += bytes_of(p) - before;
}

void tracker_book::tables::remove(peer& p, swarm& s) {
  const auto before = bytes_of(p);
  auto* const m = p.in(s);
  auto& list = m->seeder ? s.seeders : s.leechers;
  auto* const last = list.back();
  list[m->place] = last;
  last->in(s)->place = m->place;
  list.pop_back();
  if (list.capacity() > 64 && list.size() < list.capacity() / 4) list.shrink_to_fit();
  if (m->source) --s.sources;
  *m = p.swarms.back();
  p.swarms.pop_back();
  memory_bytes -= before - bytes_of(p);
}

void tracker_book::tables::drop(swarm& s, std::uint64_t now_ms) {
  for (const bool seeder : {true, false}) {
    auto& list = seeder ? s.seeders : s.leechers;
    while (!list.empty()) {
      auto& p = *list.back();
      remove(p, s);
      if (p.swarms.empty()) enter(p, tracker_state::terminated, now_ms);
    }
  }
  memory_bytes -= bytes_of(s);
  const auto at = by_id.find(as_text(s.id));
  const auto place = at->second;
  by_id.erase(at);
  swarms.erase(place);
}

void tracker_book::tables::move(peer& p, const ip_address& seen) {
  if (group_of(seen) != group_of(p.seen)) {
    const auto group = per_address.find(group_of(p.seen));
    if (--group->second == 0) per_address.erase(group);
    ++per_address[group_of(seen)];
  }
  p.seen = seen;
}

void tracker_book::tables::set_contacts(peer& p, std::vector<peer_contact> contacts) {
  memory_bytes -= bytes_of(p);
  p.contacts = std::move(contacts);
  memory_bytes += bytes_of(p);
  for (auto& m : p.swarms) {
    const bool source = m.seeder && !p.contacts.empty();
    if (source != m.source) m.in->sources += source ? 1 : -1;
    m.source = source;
  }
}

std::uint32_t tracker_book::tables::behind(const ip_address& seen) const {
  const auto at = per_address.find(group_of(seen));
  return at == per_address.end() ? 0 : at->second;
}

} // namespace interswarm::ppsp
