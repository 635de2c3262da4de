#include "actors/overlays/ed2k/part_blame.hpp"

#include "actors/overlays/ed2k/limits.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

void add_once(std::vector<source_id>& to, source_id id) {
  if (std::find(to.begin(), to.end(), id) == to.end()) to.push_back(id);
}

} // namespace

void part_blame::received(const byte_range& run, source_id from) {
  givers_[block_range(size_, block_at(run.begin)).begin] = from;
}

std::optional<source_id> part_blame::giver(const byte_range& block) const {
  const auto found = givers_.find(block.begin);
  if (found == givers_.end()) return std::nullopt;
  return found->second;
}

std::vector<source_id> part_blame::givers(const byte_range& range) const {
  std::vector<source_id> out;
  for (auto offset = range.begin; offset < std::min(range.end, size_);) {
    const auto block = block_range(size_, block_at(offset));
    if (const auto from = giver(block)) add_once(out, *from);
    offset = block.end;
  }
  return out;
}

part_blame::finding part_blame::good(std::uint64_t part, byte_view data) {
  finding out;
  const auto begin = part_range(size_, part).begin;
  if (const auto found = failed_.find(part); found != failed_.end()) {
    for (const auto& s : found->second) {
      const auto r = block_range(size_, {part, s.block});
      if (sha1(data.subspan(r.begin - begin, r.size())) != s.digest) add_once(out.culprits, s.from);
    }
    failed_.erase(found);
  }
  const auto whole = part_range(size_, part);
  givers_.erase(givers_.lower_bound(whole.begin), givers_.lower_bound(whole.end));
  return out;
}

part_blame::finding part_blame::bad(std::uint64_t part, byte_view data) {
  finding out;
  const auto whole = part_range(size_, part);
  out.drop.push_back(whole);
  const auto from = givers(whole);
  if (from.size() == 1) {
    out.culprits = from;
  } else if (failed_.contains(part) || failed_.size() < limits::max_failed_parts_remembered) {
    auto& suspects = failed_[part];
    suspects.clear();
    for (std::uint64_t b = 0; b < block_count(size_, part); ++b) {
      const auto r = block_range(size_, {part, b});
      if (const auto who = giver(r))
        suspects.push_back({b, sha1(data.subspan(r.begin - whole.begin, r.size())), *who});
    }
  }
  givers_.erase(givers_.lower_bound(whole.begin), givers_.lower_bound(whole.end));
  return out;
}

part_blame::finding part_blame::bad_with_leaves(std::uint64_t part, byte_view data,
                                                std::span<const sha1_digest> leaves) {
  finding out;
  const auto whole = part_range(size_, part);
  for (std::uint64_t b = 0; b < std::min<std::uint64_t>(block_count(size_, part), leaves.size());
       ++b) {
    const auto r = block_range(size_, {part, b});
    if (sha1(data.subspan(r.begin - whole.begin, r.size())) == leaves[b]) continue;
    out.drop.push_back(r);
    if (const auto from = giver(r)) add_once(out.culprits, *from);
    givers_.erase(r.begin);
  }
  return out;
}

} // namespace interswarm::ed2k
