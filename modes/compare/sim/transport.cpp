#include "modes/compare/sim/transport.hpp"

#include <cmath>

namespace interswarm::compare {

transfer_id transport::start(const transfer& t, double after, transfer_owner& owner,
                             flow_network::link via) {
  if (unused_.empty()) {
    unused_.push_back(static_cast<transfer_id>(all_.size()));
    all_.emplace_back();
  }
  const auto id = unused_.back();
  unused_.pop_back();
  entry e;
  e.what = t;
  e.now = state::waits;
  e.via = via;
  e.owner = &owner;
  e.share_lost = world_.path(t.from, t.to).loss;
  all_[id] = e;
  ++running_;
  if (after > 0) {
    world_.later(after, *this, {0, id, 0});
  } else {
    begin(id);
  }
  return id;
}

void transport::happen(const occasion& o) {
  if (all_[o.which].now == state::cancelled) {
    all_[o.which].now = state::unused;
    unused_.push_back(o.which);
  } else {
    begin(o.which);
  }
}

void transport::begin(transfer_id id) {
  auto& e = all_[id];
  std::array<flow_network::link, flow_network::max_links> path{};
  std::size_t links = 0;
  const auto& from = world_.nodes[e.what.from];
  const auto& to = world_.nodes[e.what.to];
  for (const auto l : {from.uplink, world_.path_link(from.domain, to.domain), e.via, to.downlink})
    if (l != no_link) path[links++] = l;
  if (links == 0) path[links++] = world_.open_link();
  e.now = state::runs;
  e.flow = world_.network.start(std::span(path).first(links), on_the_wire(e, e.what.bytes));
  if (by_flow_.size() <= e.flow) by_flow_.resize(e.flow + 1);
  by_flow_[e.flow] = id;
  e.owner->begun(id);
}

void transport::go_on(transfer_id id, std::uint64_t bytes) {
  auto& e = all_[id];
  e.what.bytes = bytes;
  e.before = 0;
  e.now = state::runs;
  world_.network.go_on(e.flow, on_the_wire(e, bytes));
}

std::uint64_t transport::as_content(const entry& e, double wire_bytes) const {
  const auto whole = std::floor(wire_bytes * (1 - e.share_lost));
  return std::min(e.before + static_cast<std::uint64_t>(std::max(0.0, whole)), e.what.bytes);
}

std::uint64_t transport::arrived(transfer_id id) const {
  const auto& e = all_[id];
  if (e.now == state::over) return e.what.bytes;
  return e.now == state::runs ? as_content(e, world_.network.moved(e.flow)) : 0;
}

std::uint64_t transport::stop(transfer_id id) {
  auto& e = all_[id];
  if (e.now == state::waits) {
    // Its event is still to come.
    e.now = state::cancelled;
    --running_;
    return 0;
  }
  const auto received =
      e.now == state::over ? e.what.bytes : as_content(e, world_.network.stop(e.flow));
  account(e, received);
  let_go(id);
  return received;
}

std::uint64_t transport::halve(transfer_id id) {
  auto& e = all_[id];
  const auto received = arrived(id);
  const auto taken = (e.what.bytes - received) / 2;
  e.what.bytes -= taken;
  if (e.now == state::runs) {
    world_.network.stop(e.flow);
    world_.network.go_on(e.flow, on_the_wire(e, e.what.bytes - received));
    e.before = received;
  }
  return taken;
}

void transport::break_unreachable() {
  std::vector<transfer_id> broken;
  for (transfer_id id = 0; id < all_.size(); ++id) {
    const auto& e = all_[id];
    const bool alive = e.now == state::waits || e.now == state::runs;
    if (alive && !world_.can_talk(e.what.from, e.what.to)) broken.push_back(id);
  }
  for (const auto id : broken) {
    // What an owner does about one may have ended another.
    const bool waits = all_[id].now == state::waits;
    if (!waits && all_[id].now != state::runs) continue;
    if (world_.can_talk(all_[id].what.from, all_[id].what.to)) continue;
    std::uint64_t received = 0;
    const auto e = all_[id];
    --running_;
    if (waits) {
      all_[id].now = state::cancelled; // its event is still to come
    } else {
      received = as_content(e, world_.network.stop(e.flow));
      account(e, received);
      all_[id].now = state::unused;
    }
    e.owner->ended(id, received, false);
    if (!waits) unused_.push_back(id);
  }
}

void transport::end() {
  for (transfer_id id = 0; id < all_.size(); ++id)
    if (all_[id].now == state::runs) account(all_[id], arrived(id));
}

void transport::advance(moment now) {
  ended_.clear();
  whole_.clear();
  world_.network.advance(now, ended_);
  for (const auto f : ended_) {
    whole_.push_back(by_flow_[f]);
    all_[by_flow_[f]].now = state::over;
  }
  for (std::size_t i = 0; i < whole_.size(); ++i) {
    const auto id = whole_[i];
    // What was done about another one that ended now may have stopped it.
    if (all_[id].now != state::over) continue;
    const auto e = all_[id];
    account(e, e.what.bytes);
    e.owner->ended(id, e.what.bytes, true);
    if (all_[id].now == state::over) let_go(id);
  }
}

void transport::account(const entry& e, std::uint64_t received) {
  const auto lost = std::llround(static_cast<double>(received) * e.share_lost / (1 - e.share_lost));
  world_.books.moved(world_.nodes[e.what.from].end(), world_.nodes[e.what.to].end(), received,
                     static_cast<std::uint64_t>(lost));
}

void transport::let_go(transfer_id id) {
  all_[id].now = state::unused;
  unused_.push_back(id);
  --running_;
}

} // namespace interswarm::compare
