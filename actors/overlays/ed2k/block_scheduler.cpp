#include "actors/overlays/ed2k/block_scheduler.hpp"

#include "actors/overlays/ed2k/limits.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

/// Calls `each(block)` for the blocks that touch `range`, upward, until it returns true.
template <class Each>
bool for_each_block(std::uint64_t size, const byte_range& range, Each each) {
  for (auto offset = range.begin; offset < range.end;) {
    const auto block = block_range(size, block_at(offset));
    if (each(block)) return true;
    offset = block.end;
  }
  return false;
}

void erase_within(std::deque<byte_range>& from, const byte_range& gone) {
  std::erase_if(from, [&](const byte_range& r) { return gone.contains(r); });
}

} // namespace

void block_scheduler::want(const byte_range& wanted, tier at) {
  const byte_range range{wanted.begin, std::min(wanted.end, size_)};
  if (range.empty() || held_.contains(range)) return;
  if (at == tier::ahead) {
    ahead_.add(range);
    return;
  }
  auto& list = at == tier::urgent ? urgent_ : asked_;
  if (std::find(list.begin(), list.end(), range) == list.end()) list.push_back(range);
}

void block_scheduler::unwant(const byte_range& range) {
  erase_within(urgent_, range);
  erase_within(asked_, range);
}

bool block_scheduler::wants_anything() const {
  return !urgent_.empty() || !asked_.empty() || !ahead_.empty();
}

void block_scheduler::add_source(source_id source, std::function<bool(std::uint64_t)> has_part) {
  sources_[source].has_part = std::move(has_part);
}

void block_scheduler::release(source_id source) {
  for (auto it = fetchers_.begin(); it != fetchers_.end();) {
    std::erase(it->second, source);
    it = it->second.empty() ? fetchers_.erase(it) : std::next(it);
  }
  for (auto& [part, owner] : alone_) {
    if (owner == source) owner.reset();
  }
}

void block_scheduler::remove_source(source_id source) {
  release(source);
  sources_.erase(source);
}

void block_scheduler::avoid(source_id source, const byte_range& range) {
  const auto found = sources_.find(source);
  if (found != sources_.end()) found->second.avoided.add(range);
}

std::size_t block_scheduler::holders(std::uint64_t part) const {
  return static_cast<std::size_t>(std::count_if(
      sources_.begin(), sources_.end(), [&](const auto& s) { return s.second.has_part(part); }));
}

bool block_scheduler::may_fetch(source_id source, const source_state& s, const byte_range& block,
                                std::size_t fetchers_allowed) const {
  if (held_.contains(block)) return false;
  const auto found = fetchers_.find(block.begin);
  if (found != fetchers_.end()) {
    if (found->second.size() >= fetchers_allowed) return false;
    if (std::find(found->second.begin(), found->second.end(), source) != found->second.end())
      return false;
  }
  if (!s.has_part(block.begin / part_bytes)) return false;
  const auto reserved = alone_.find(block.begin / part_bytes);
  if (reserved != alone_.end() && reserved->second.value_or(source) != source) return false;
  // A source that sent this block wrong gets it again only when nobody else has it.
  return !s.avoided.intersects(block) || holders(block.begin / part_bytes) < 2;
}

std::optional<byte_range> block_scheduler::pick_from(const range_set& wanted, source_id source,
                                                     const source_state& s,
                                                     std::size_t fetchers_allowed) const {
  std::optional<byte_range> best;
  std::size_t best_holders = 0;
  for (const auto run : wanted) {
    for (auto part = run.begin / part_bytes; part * part_bytes < run.end; ++part) {
      if (!s.has_part(part)) continue;
      const auto count = holders(part);
      if (best && count >= best_holders) continue;
      const auto within = intersection(run, part_range(size_, part));
      for_each_block(size_, within, [&](const byte_range& block) {
        if (!may_fetch(source, s, block, fetchers_allowed)) return false;
        best = block;
        best_holders = count;
        return true;
      });
    }
  }
  return best;
}

std::optional<byte_range> block_scheduler::pick(source_id source, const source_state& s,
                                                std::size_t fetchers_allowed) const {
  for (const auto* list : {&urgent_, &asked_}) {
    for (const auto& range : *list) {
      std::optional<byte_range> found;
      for_each_block(size_, range, [&](const byte_range& block) {
        if (!may_fetch(source, s, block, fetchers_allowed)) return false;
        found = block;
        return true;
      });
      if (found) return found;
    }
  }
  return pick_from(ahead_, source, s, fetchers_allowed);
}

std::optional<byte_range> block_scheduler::assign(source_id source) {
  const auto found = sources_.find(source);
  if (found == sources_.end()) return std::nullopt;
  auto block = pick(source, found->second, 1);
  if (!block) block = pick(source, found->second, limits::max_block_fetchers);
  if (!block) return std::nullopt;
  fetchers_[block->begin].push_back(source);
  const auto reserved = alone_.find(block->begin / part_bytes);
  if (reserved != alone_.end()) reserved->second = source;
  return block;
}

std::vector<source_id> block_scheduler::received(source_id source, const byte_range& run) {
  held_.add(run);
  std::vector<source_id> others;
  const auto block = block_range(size_, block_at(run.begin));
  if (!held_.contains(block)) return others;
  const auto found = fetchers_.find(block.begin);
  if (found != fetchers_.end()) {
    others = std::move(found->second);
    std::erase(others, source);
    fetchers_.erase(found);
  }
  for (auto* list : {&urgent_, &asked_}) {
    std::erase_if(*list,
                  [&](const byte_range& r) { return r.overlaps(block) && held_.contains(r); });
  }
  ahead_.remove(block);
  return others;
}

void block_scheduler::lost(const byte_range& range, tier at) {
  held_.remove(range);
  want(range, at);
}

} // namespace interswarm::ed2k
