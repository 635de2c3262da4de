#include "actors/storage/node_board.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>
#include <cmath>

namespace interswarm::storage {

namespace {

constexpr std::size_t max_id_bytes = 255;
/// Before anything was measured.
constexpr instant first_patience{500};

} // namespace

void node_board::expect(const std::string& id, instant now) {
  if (!by_id_.contains(id) && expected_.size() < max_nodes) expected_.try_emplace(id, now);
}

bool node_board::complete(instant now) const {
  return std::none_of(expected_.begin(), expected_.end(), [&](const auto& e) {
    return now - std::max(e.second, joined_at_) < timing_.away_after;
  });
}

result<node_board::number> node_board::joined(const msg::storage_state& state, instant now) {
  if (state.id.empty() || state.id.size() > max_id_bytes || state.domain.size() > max_id_bytes ||
      printable(state.id, max_id_bytes) != state.id)
    return fail(errc::malformed, "a storage node needs a printable id of at most 255 bytes");
  const auto known = by_id_.find(state.id);
  if (known == by_id_.end()) {
    if (nodes_.size() >= max_nodes) return fail(errc::too_large, "too many storage nodes");
    nodes_.push_back({state, now, true, 0, 0, 1});
    by_id_[state.id] = nodes_.size() - 1;
    expected_.erase(state.id);
    joined_at_ = now;
    return nodes_.size() - 1;
  }
  auto& n = nodes_[known->second];
  if (n.connected && now - n.heard_at < timing_.away_after) {
    return fail(errc::conflict, "another storage node with the id " + state.id +
                                    " is in the cluster; give each its own");
  }
  ++n.joins;
  n.connected = true;
  n.state = state;
  n.heard_at = now;
  return known->second;
}

void node_board::heard(number n, const msg::storage_state& state, instant now) {
  auto& at = nodes_[n];
  // Its identity is what it joined with.
  const auto id = at.state.id;
  const auto domain = at.state.domain;
  at.state = state;
  at.state.id = id;
  at.state.domain = domain;
  at.heard_at = now;
}

void node_board::lost(number n) { nodes_[n].connected = false; }

void node_board::answered(number n, instant took, instant now) {
  auto& at = nodes_[n];
  at.heard_at = std::max(at.heard_at, now);
  const auto ms = static_cast<double>(took.count());
  if (at.mean_ms == 0) {
    at.mean_ms = ms;
    at.deviation_ms = ms / 2;
    return;
  }
  at.deviation_ms += (std::abs(ms - at.mean_ms) - at.deviation_ms) / 4;
  at.mean_ms += (ms - at.mean_ms) / 8;
}

presence node_board::presence_of(number n, instant now) const {
  const auto& at = nodes_[n];
  const auto silent = now - at.heard_at;
  if (silent >= timing_.gone_after) return presence::gone;
  return at.connected && silent < timing_.away_after ? presence::here : presence::away;
}

placement node_board::among(bool with_away, instant now, std::vector<number>& numbers) const {
  std::vector<placement_node> out;
  for (number i = 0; i < nodes_.size(); ++i) {
    const auto p = presence_of(i, now);
    if (p == presence::gone || (p == presence::away && !with_away)) continue;
    const auto& s = nodes_[i].state;
    numbers.push_back(i);
    // Without a label each node stands for itself.
    out.push_back(
        {s.id, s.domain.empty() ? "node " + s.id : s.domain, static_cast<double>(s.quota_bytes)});
  }
  return placement(std::move(out));
}

std::vector<node_board::number> node_board::homes(const chunk_name& chunk, std::size_t copies,
                                                  instant now) const {
  std::vector<number> numbers;
  const auto p = among(true, now, numbers);
  auto out = p.place(chunk, copies);
  for (auto& i : out) i = numbers[i];
  return out;
}

std::vector<node_board::number> node_board::put_order(const chunk_name& chunk, std::size_t copies,
                                                      instant now) const {
  std::vector<number> numbers;
  const auto p = among(false, now, numbers);
  auto out = p.place(chunk, copies);
  const auto add = [&](std::size_t i) {
    if (std::find(out.begin(), out.end(), i) == out.end()) out.push_back(i);
  };
  for (const auto i : p.place(chunk, numbers.size())) add(i);
  for (auto& i : out) i = numbers[i];
  return out;
}

std::vector<hedged_read::candidate> node_board::read_order(const chunk_name& chunk,
                                                           instant now) const {
  std::vector<number> numbers;
  const auto p = among(true, now, numbers);
  std::vector<hedged_read::candidate> here;
  std::vector<hedged_read::candidate> away;
  for (const auto i : p.place(chunk, numbers.size())) {
    const auto n = numbers[i];
    auto& side = presence_of(n, now) == presence::here ? here : away;
    if (nodes_[n].connected) side.push_back({n, patience_of(nodes_[n])});
  }
  here.insert(here.end(), away.begin(), away.end());
  return here;
}

instant node_board::patience_of(const node& n) const {
  if (n.mean_ms == 0) return std::max(first_patience, timing_.least_patience);
  const auto ms = instant(static_cast<std::int64_t>(n.mean_ms + 4 * n.deviation_ms));
  return std::max(ms, timing_.least_patience);
}

std::uint64_t node_board::version(instant now) const {
  std::uint64_t out = 0;
  for (number i = 0; i < nodes_.size(); ++i)
    out = out * 31 + nodes_[i].joins * 2 + (presence_of(i, now) == presence::gone ? 1 : 0);
  return out;
}

} // namespace interswarm::storage
