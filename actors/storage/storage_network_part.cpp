#include "actors/runtime/log.hpp"
#include "actors/storage/storage_network_party.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm::storage {

struct storage_network_party::part_attempt {
  node_board::number node = 0;
  bool have_data = false;
  slice data;
  slice leaves;
};

caf::result<msg::storage_network_part_result>
storage_network_party::part(const msg::storage_network_part& x) {
  chunk_name name;
  if (x.name.size() != name.size())
    return runtime::make_caf_error(errc::malformed, "a chunk's name has 32 bytes");
  const byte_range range{x.range.begin, x.range.end};
  if (range.begin >= range.end || range.end > chunk_bytes || range.begin % bep52_leaf_size != 0)
    return runtime::make_caf_error(errc::malformed, "a part of a chunk is made of its leaves");
  std::copy_n(x.name.data(), name.size(), name.begin());
  if (const auto kept = cache_->find(name); !kept.empty()) {
    if (range.end > kept.size())
      return runtime::make_caf_error(errc::malformed, "the range passes the end of the chunk");
    return msg::storage_network_part_result{kept.sub(range.begin, range.size())};
  }
  if (parts_.size() >= network_parts)
    return runtime::make_caf_error(errc::overloaded, "too many parts of chunks are being read");
  const auto id = next_id_++;
  auto& p = parts_[id];
  p.name = name;
  p.range = range;
  p.plan = hedged_read(board_.read_order(name, clock_now()));
  p.crowd.begun = clock_now();
  p.leaves = leaves_.find(name);
  p.promise = make_response_promise<msg::storage_network_part_result>();
  auto promise = p.promise;
  ask_for_part(id);
  watch_later();
  return promise;
}

void storage_network_party::ask_for_part(std::uint64_t id) {
  auto found = parts_.find(id);
  if (found == parts_.end()) return;
  auto& p = found->second;
  const auto now = clock_now();
  if (now < p.crowd.again_at) return;
  while (const auto n = p.plan.next(now)) {
    if (!nodes_[*n].handle) {
      p.plan.failed(*n);
      continue;
    }
    const auto attempt = std::make_shared<part_attempt>();
    attempt->node = *n;
    attempt->leaves = p.leaves;
    const auto failed = [this, id, n = *n, joined = nodes_[*n].joined](const caf::error& e) {
      note_failure(n, joined, e);
      part_failed(id, n, runtime::to_error(e));
    };
    request(
        nodes_[*n].handle, options_.patience,
        msg::storage_node_get{slice::copy_of(p.name), {p.range.begin, p.range.end}, false, true})
        .then(
            [this, id, attempt](const msg::storage_node_get_result& got) {
              attempt->data = got.data;
              attempt->have_data = true;
              if (!attempt->leaves.empty()) check_part(id, attempt);
            },
            failed);
    if (!p.leaves.empty()) continue;
    request(nodes_[*n].handle, options_.patience, msg::storage_node_leaves{slice::copy_of(p.name)})
        .then(
            [this, id, attempt](const msg::storage_node_leaves_result& got) {
              attempt->leaves = got.leaves;
              if (attempt->have_data) check_part(id, attempt);
            },
            failed);
  }
  if (!p.plan.hopeless()) return;
  if (p.crowd.wait(p.failure, now, options_.patience)) {
    p.plan = hedged_read(board_.read_order(p.name, now));
    p.failed.clear();
    return;
  }
  const auto ended = parts_.extract(id);
  ended.mapped().promise.deliver(runtime::make_caf_error(ended.mapped().failure.value_or(
      error{errc::unavailable, "no storage node is there to read chunk " + to_hex(p.name)})));
}

void storage_network_party::check_part(std::uint64_t id,
                                       const std::shared_ptr<part_attempt>& attempt) {
  const auto found = parts_.find(id);
  if (found == parts_.end()) return; // another was faster
  const auto& p = found->second;
  pool_->run([this, keep = caf::strong_actor_ptr(ctrl()), at = home().shared_from_this(), id,
              attempt, name = p.name, range = p.range, proved = !p.leaves.empty()]() mutable {
    const bool genuine = proved || (attempt->leaves.size() <= chunk_leaves * 32 &&
                                    bep52_root(attempt->leaves, chunk_leaves) == name);
    const bool good = genuine && attempt->data.size() == range.size() &&
                      leaves_match(attempt->leaves, range.begin, attempt->data);
    at->post([this, keep = std::move(keep), id, attempt, name, genuine, good] {
      if (ended()) return;
      if (genuine) leaves_.store(name, attempt->leaves);
      if (good) return part_done(id, attempt->data);
      wrong_bytes(attempt->node, name);
      part_failed(id, attempt->node,
                  {errc::refuted, "a storage node gave wrong bytes for chunk " + to_hex(name)});
    });
  });
}

void storage_network_party::part_done(std::uint64_t id, const slice& data) {
  const auto found = parts_.find(id);
  if (found == parts_.end()) return;
  auto promise = std::move(found->second.promise);
  parts_.erase(found);
  promise.deliver(msg::storage_network_part_result{data});
}

void storage_network_party::part_failed(std::uint64_t id, node_board::number n, error why) {
  const auto found = parts_.find(id);
  if (found == parts_.end()) return;
  auto& p = found->second;
  // Both questions of one attempt may fail: the plan counts a node once.
  if (!p.failed.insert(n).second) return;
  p.plan.failed(n);
  if (says_more(why, p.failure)) p.failure = std::move(why);
  ask_for_part(id);
}

} // namespace interswarm::storage
