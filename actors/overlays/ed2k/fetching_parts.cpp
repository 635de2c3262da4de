#include "actors/overlays/ed2k/fetching.hpp"
#include "actors/runtime/off_loop.hpp"
#include "actors/runtime/log.hpp"

namespace interswarm::ed2k {

bool fetching::part_verified(std::uint64_t part) const {
  const auto range = part_range(key_.size, part);
  return !range.empty() && verified_.contains(range);
}

void fetching::take_hash_set(std::vector<md4_digest> parts) {
  if (!part_hashes_.empty()) return;
  if (key_.size >= part_bytes && !match_part_hashes(parts, key_.size, key_.hash)) return;
  parts.resize(std::max<std::uint64_t>(1, part_count(key_.size)));
  part_hashes_ = std::move(parts);
  bytes digests;
  for (const auto& p : part_hashes_) append(digests, p);
  msg::hash_list list;
  list.algorithm = msg::hash_algorithm::md4;
  list.unit = part_bytes;
  list.end = key_.size;
  list.evidence = msg::evidence::structural;
  list.hashes = slice(std::move(digests));
  std::erase_if(record_.hashes,
                [](const auto& l) { return l.algorithm == msg::hash_algorithm::md4; });
  record_.hashes.push_back(std::move(list));
  changed();
  for (std::uint64_t p = 0; p < part_count(key_.size); ++p) {
    if (schedule_.held().contains(part_range(key_.size, p))) check_part(p);
  }
}

void fetching::check_part(std::uint64_t part) {
  if (part_hashes_.empty() || checking_[part] || part_verified(part) || recoveries_.contains(part))
    return;
  checking_[part] = true;
  struct outcome {
    md4_digest digest{};
    result<bytes> data = bytes{};
  };
  off_loop(
      home(), caf::strong_actor_ptr{ctrl()},
      [file = spool_, range = part_range(key_.size, part)] {
        outcome out;
        out.data = file->read(range);
        if (out.data) out.digest = md4(*out.data);
        return out;
      },
      [this, part](outcome&& out) {
        checking_[part] = false;
        if (!out.data) return fail_reads(out.data.error());
        // A reader's verdict may have dropped some of it in between.
        if (!schedule_.held().contains(part_range(key_.size, part))) return;
        part_checked(part, out.digest, std::move(*out.data));
      });
}

void fetching::part_checked(std::uint64_t part, const md4_digest& digest, bytes&& data) {
  if (digest == part_hashes_[part]) {
    verified_.add(part_range(key_.size, part));
    schedule_.shared(part);
    changed();
    punish(blame_.good(part, data));
    answer_proofs(part, msg::verdict::good);
    if (verified_.bytes() == key_.size) leave_all();
    return;
  }
  runtime::log().info("ed2k fetch: part {} is wrong", part);
  if (!aich_leaves_.empty())
    return part_failed(part, data, aich_part_leaves(aich_leaves_, key_.size, part));
  if (ask_recovery(part, std::move(data))) return;
  part_failed(part, data, {});
}

void fetching::part_failed(std::uint64_t part, const bytes& data,
                           std::span<const sha1_digest> leaves) {
  auto found = leaves.empty() ? part_blame::finding{} : blame_.bad_with_leaves(part, data, leaves);
  if (found.drop.empty()) found = blame_.bad(part, data);
  if (leaves.empty()) schedule_.alone(part);
  for (const auto& gone : found.drop) {
    const bool wanted = std::any_of(reads_.begin(), reads_.end(),
                                    [&](const auto& r) { return r.range.overlaps(gone); });
    schedule_.lost(gone, wanted ? block_scheduler::tier::urgent : block_scheduler::tier::ahead);
    for (const auto id : found.culprits) schedule_.avoid(id, gone);
  }
  changed();
  punish(found);
  answer_proofs(part, msg::verdict::bad);
  ask_blocks_of_all();
}

void fetching::punish(const part_blame::finding& found) {
  const auto h = hub_.lock();
  for (const auto id : found.culprits) {
    if (!book_.strike(id)) continue;
    const auto known = links_.find(id);
    auto* session = h && known != links_.end() ? h->session(known->second.session) : nullptr;
    if (session != nullptr) session->close("sent wrong bytes");
  }
}

void fetching::take_recovery(const aich_recovery& recovery) {
  const auto found = recoveries_.find(recovery.part);
  if (found == recoveries_.end() || !aich_root_) return;
  const auto leaves = verify_aich_recovery(recovery, key_.size, *aich_root_);
  // A refusal, or proof that proves nothing: the patience runs on, in case another answers.
  if (!leaves) return;
  const auto data = std::move(found->second.data);
  recoveries_.erase(found);
  part_failed(recovery.part, data, *leaves);
}

} // namespace interswarm::ed2k
