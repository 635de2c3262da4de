#include "modes/compare/sim/swarms.hpp"

namespace interswarm::compare {

piece_set swarms::missing(const download& d, const member& m) const {
  const auto has = m.shelf != nobody ? ~piece_set{0} : m.gives;
  return has & d.wanted & ~members_[d.self].have;
}

bool swarms::useful(const download& d, member_id m) const {
  const auto lacks = missing(d, members_[m]);
  if ((lacks & ~d.begun) != 0) return true;
  for (const auto& part : d.parts)
    if (part.left > 0 && (lacks & bit(part.piece)) != 0) return true;
  // Everything else is on its way: at the end sources help each other.
  if ((d.wanted & ~members_[d.self].have & ~d.begun) != 0) return false;
  return std::any_of(d.connections.begin(), d.connections.end(), [&](const connection& other) {
    if (((other.asked | other.ready) & lacks) != 0) return other.source != m;
    return other.moving != nobody && (bit(other.piece) & lacks) != 0 &&
           transport_.look(other.moving).bytes - transport_.arrived(other.moving) >=
               2 * swarm_limits::split_bytes;
  });
}

/// What connection `c` fetches next. Its bytes are nobody else's from now on.
swarms::choice swarms::choose(download& d, std::uint32_t c, bool may_split) {
  auto& s = swarms_[members_[d.self].swarm];
  const auto& cut = cuts_[s.content];
  const auto lacks = missing(d, members_[d.connections[c].source]);
  begun_piece* part = nullptr;
  for (auto& p : d.parts) {
    const bool first = part == nullptr || (d.in_order && p.piece < part->piece);
    if (p.left > 0 && (lacks & bit(p.piece)) != 0 && first) part = &p;
  }
  auto fresh = lacks & ~d.begun;
  if ((fresh & d.urgent) != 0) fresh &= d.urgent;
  auto piece = fresh == 0 ? pieces::max_count : static_cast<std::uint32_t>(std::countr_zero(fresh));
  if (part != nullptr && (!d.in_order || part->piece < piece)) {
    const choice out{part->piece, part->left};
    part->left = 0;
    ++part->flying;
    return out;
  }
  if (fresh == 0) return may_split ? take_over(d, c, lacks) : choice{};
  // With nothing yet, one of the short ones at the beginning: see `pieces`.
  const bool starts = members_[d.self].have == 0 && (fresh & cut.head()) != 0;
  if (!d.in_order && !starts) {
    // The one that is in the fewest hands, beginning anywhere among equals.
    const auto by = static_cast<int>(world_.random_below(pieces::max_count));
    auto best = static_cast<std::uint32_t>(-1);
    for (auto left = std::rotr(fresh, by); left != 0; left &= left - 1) {
      const auto p = static_cast<std::uint32_t>(std::countr_zero(left) + by) % 64;
      if (s.spread[p] >= best) continue;
      best = s.spread[p];
      piece = p;
    }
  }
  d.begun |= bit(piece);
  if (members_[d.self].place != nobody) ++s.spread[piece];
  d.parts.push_back({static_cast<std::uint8_t>(piece), 1, 0, 0, never});
  return {piece, cut.bytes_of(piece)};
}

swarms::choice swarms::take_over(download& d, std::uint32_t c, piece_set of) {
  std::uint32_t slowest = nobody;
  std::uint64_t most = 2 * swarm_limits::split_bytes - 1;
  for (std::uint32_t i = 0; i < d.connections.size(); ++i) {
    auto& other = d.connections[i];
    if (i == c || other.now != connection::state::open) continue;
    if (const auto waiting = (other.asked | other.ready) & of; waiting != 0) {
      // What a server has not begun to send yet.
      const auto piece = static_cast<std::uint32_t>(std::countr_zero(waiting));
      other.asked &= ~bit(piece);
      other.ready &= ~bit(piece);
      auto* part = part_of(d, piece);
      const choice out{piece, part->pledged};
      part->pledged = 0;
      return out;
    }
    if (other.moving == nobody || (bit(other.piece) & of) == 0) continue;
    const auto left = transport_.look(other.moving).bytes - transport_.arrived(other.moving);
    if (left <= most) continue;
    most = left;
    slowest = i;
  }
  if (slowest == nobody) return {};
  auto& other = d.connections[slowest];
  ++part_of(d, other.piece)->flying;
  return {other.piece, transport_.halve(other.moving)};
}

} // namespace interswarm::compare
