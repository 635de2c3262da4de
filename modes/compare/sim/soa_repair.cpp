#include "modes/compare/sim/soa_store.hpp"

namespace interswarm::compare {

/// As the repairer: a pass begins when somebody came or went, and again while something was left.
void soa_store::look_at_nodes() {
  if (passing_) return;
  std::vector<char> signature;
  for (std::size_t i = 0; i < board_.size(); ++i)
    signature.push_back(static_cast<char>(board_.presence_of(i, clock())));
  const bool first = signature_.empty();
  if (signature == signature_ && world_.now() < retry_at_) return;
  signature_ = std::move(signature);
  // What was published lies where it belongs.
  if (!first || !world_.setting.soa.publish_first) begin_pass();
}

void soa_store::begin_pass() {
  passing_ = true;
  left_something_ = false;
  retry_at_ = never;
  std::vector<storage::repair_member> members;
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < board_.size(); ++i) {
    const auto presence = board_.presence_of(i, clock());
    if (presence == storage::presence::gone) continue;
    const auto& s = board_.state_of(i);
    members.push_back(
        {{s.id, s.domain.empty() ? "node " + s.id : s.domain, static_cast<double>(s.quota_bytes)},
         presence == storage::presence::here});
    numbers.push_back(i);
  }
  const storage::repair_plan plan(std::move(members), world_.setting.soa.copies);
  for (content_id c = 0; c < copies_.size(); ++c)
    if (!copies_[c].empty()) order(c, plan, numbers);
  put_more();
}

void soa_store::order(content_id c, const storage::repair_plan& plan,
                      const std::vector<std::size_t>& members) {
  const auto batches =
      (copies_[c].size() + soa_limits::names_at_once - 1) / soa_limits::names_at_once;
  for (std::size_t m = 0; m < members.size(); ++m) {
    if (!plan.here(m)) continue;
    // Find, and hold where it belongs.
    world_.books.said(message_kind::repair, 2 * message_cost::rpc, 2 * batches);
    world_.books.said(message_kind::repair, message_cost::repair_name, copies_[c].size());
  }
  for (std::uint32_t i = 0; i < copies_[c].size(); ++i) {
    auto& at = copies_[c][i];
    if (at.empty()) continue;
    std::set<std::size_t> good;
    for (std::size_t m = 0; m < members.size(); ++m)
      if (plan.here(m) && has(c, i, members[m])) good.insert(m);
    const auto orders = plan.of(name_piece(c, i), good, {});
    left_something_ = left_something_ || orders.lost;
    for (const auto m : orders.put) puts_.push_back({c, i, members[m]});
    for (const auto m : orders.remove) {
      std::erase(at, members[m]);
      stored_ -= chunk_bytes_of(c, i);
      changed_ = true;
    }
  }
}

/// Copies are made few at a time, over the link that bounds the repair's rate.
void soa_store::put_more() {
  while (!puts_.empty() && putting_ < soa_limits::copies_at_once) {
    const auto job = puts_.front();
    puts_.pop_front();
    if (has(job.content, job.chunk, job.to)) continue;
    const auto to = world_.storage(job.to);
    const auto& at = copies_[job.content][job.chunk];
    const auto from = std::find_if(at.begin(), at.end(), [&](std::size_t i) {
      return world_.can_talk(world_.storage(i), to);
    });
    if (from == at.end()) {
      left_something_ = true;
      continue;
    }
    ++putting_;
    world_.books.said(message_kind::read, message_cost::read);
    jobs_.push_back(job);
    transport_.start({world_.storage(*from), to, repairing,
                      static_cast<std::uint32_t>(jobs_.size() - 1),
                      chunk_bytes_of(job.content, job.chunk)},
                     world_.round_trip(world_.storage(*from), to), *this, repair_link_);
  }
  if (!passing_ || putting_ > 0 || !puts_.empty()) return;
  passing_ = false;
  if (left_something_) retry_at_ = world_.now() + soa_limits::retry_after_s;
}

} // namespace interswarm::compare
