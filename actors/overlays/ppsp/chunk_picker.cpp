#include "actors/overlays/ppsp/chunk_picker.hpp"

#include <algorithm>

namespace interswarm::ppsp {

namespace {

byte_range run(const chunk_range& r) { return {r.begin, r.end}; }

} // namespace

void chunk_picker::want(const chunk_range& r, tier at) {
  const auto lacking = held_.missing(run(r));
  if (at == tier::urgent) {
    urgent_.add(lacking);
    asked_.subtract(lacking);
  } else {
    auto fresh = lacking;
    fresh.subtract(urgent_);
    asked_.add(fresh);
  }
}

void chunk_picker::unwant(const chunk_range& r) {
  urgent_.remove(run(r));
  asked_.remove(run(r));
}

void chunk_picker::hold(const chunk_range& r) {
  held_.add(run(r));
  unwant(r);
  came(r);
}

void chunk_picker::lose(const chunk_range& r) { held_.remove(run(r)); }

void chunk_picker::came(const chunk_range& r) {
  for (auto& [number, p] : peers_) {
    for (auto& b : p.asked) b.chunks.remove(run(r));
    std::erase_if(p.asked, [](const batch& b) { return b.chunks.empty(); });
  }
}

void chunk_picker::add_peer(peer_number p) { peers_.try_emplace(p); }
void chunk_picker::remove_peer(peer_number p) { peers_.erase(p); }

void chunk_picker::peer_has(peer_number p, const chunk_range& r) {
  if (const auto found = peers_.find(p); found != peers_.end()) found->second.has.add(run(r));
}

const range_set& chunk_picker::haves_of(peer_number p) const {
  static const range_set nothing;
  const auto found = peers_.find(p);
  return found == peers_.end() ? nothing : found->second.has;
}

void chunk_picker::peer_dropped(peer_number p, std::uint64_t before) {
  if (const auto found = peers_.find(p); found != peers_.end())
    found->second.has.remove({0, before});
}

/// What `but` need not be asked for. An urgent chunk for which half its time has passed may be.
range_set chunk_picker::others_owe(peer_number but, instant now) const {
  range_set out;
  for (const auto& [number, p] : peers_) {
    for (const auto& b : p.asked) {
      if (number == but || now - b.asked < (b.due - b.asked) / 2) {
        out.add(b.chunks);
      } else {
        auto calm = b.chunks;
        calm.subtract(urgent_);
        out.add(calm);
      }
    }
  }
  return out;
}

std::size_t chunk_picker::holders(std::uint64_t group) const {
  const byte_range r{group * group_chunks, (group + 1) * group_chunks};
  return static_cast<std::size_t>(std::count_if(
      peers_.begin(), peers_.end(), [&](const auto& p) { return p.second.has.intersects(r); }));
}

/// Appends up to `most` chunks of `candidates`, from the left.
std::uint64_t chunk_picker::take(const range_set& candidates, std::uint64_t most,
                                 std::vector<chunk_range>& into) const {
  std::uint64_t taken = 0;
  for (const auto& r : candidates) {
    if (taken == most) break;
    const auto size = std::min(r.size(), most - taken);
    into.push_back({r.begin, r.begin + size});
    taken += size;
  }
  return taken;
}

std::vector<chunk_range> chunk_picker::assign(peer_number p, std::uint64_t most, instant now,
                                              instant due) {
  std::vector<chunk_range> out;
  const auto found = peers_.find(p);
  if (found == peers_.end() || most == 0) return out;
  const auto owed = others_owe(p, now);
  auto urgent = urgent_.intersect(found->second.has);
  urgent.subtract(owed);
  auto left = most - take(urgent, most, out);
  auto calm = asked_.intersect(found->second.has);
  calm.subtract(owed);
  // Groups, the rarest first; of equally rare ones the first. A few are looked at, not all of a
  // large content.
  constexpr std::size_t most_groups = 64;
  std::vector<std::pair<std::size_t, std::uint64_t>> groups;
  for (const auto& r : calm) {
    for (auto g = r.begin / group_chunks; g * group_chunks < r.end; ++g) {
      if (groups.size() == most_groups) break;
      if (groups.empty() || groups.back().second != g) groups.emplace_back(holders(g), g);
    }
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [count, g] : groups) {
    if (left == 0) break;
    left -= take(calm.intersect(byte_range{g * group_chunks, (g + 1) * group_chunks}), left, out);
  }
  if (out.empty()) return out;
  batch b{{}, now, due};
  for (const auto& r : out) b.chunks.add(run(r));
  found->second.asked.push_back(std::move(b));
  return out;
}

std::uint64_t chunk_picker::under_way(peer_number p) const {
  const auto found = peers_.find(p);
  std::uint64_t out = 0;
  if (found != peers_.end())
    for (const auto& b : found->second.asked) out += b.chunks.bytes();
  return out;
}

void chunk_picker::release(peer_number p) {
  if (const auto found = peers_.find(p); found != peers_.end()) found->second.asked.clear();
}

std::vector<std::pair<peer_number, std::uint64_t>> chunk_picker::late(instant now) {
  std::vector<std::pair<peer_number, std::uint64_t>> out;
  for (auto& [number, p] : peers_) {
    std::uint64_t count = 0;
    std::erase_if(p.asked, [&](const batch& b) {
      if (b.due > now) return false;
      count += b.chunks.bytes();
      return true;
    });
    if (count > 0) out.emplace_back(number, count);
  }
  return out;
}

std::optional<instant> chunk_picker::next_late() const {
  std::optional<instant> out;
  for (const auto& [number, p] : peers_) {
    for (const auto& b : p.asked)
      if (!out || b.due < *out) out = b.due;
  }
  return out;
}

std::vector<peer_number> chunk_picker::owing(const chunk_range& r, peer_number but) const {
  std::vector<peer_number> out;
  for (const auto& [number, p] : peers_) {
    if (number != but && std::any_of(p.asked.begin(), p.asked.end(),
                                     [&](const batch& b) { return b.chunks.intersects(run(r)); }))
      out.push_back(number);
  }
  return out;
}

bool chunk_picker::wants_anything() const { return !urgent_.empty() || !asked_.empty(); }

} // namespace interswarm::ppsp
