#include "actors/bridge/hash_worker.hpp"

#include "actors/bridge/naming.hpp"
#include "storage/content_hasher.hpp"

#include <algorithm>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace interswarm::bridge {

namespace {

struct hash_worker_state {
  std::unique_ptr<content_hasher> hasher;
};

hash_worker_actor::behavior_type
hash_worker(hash_worker_actor::stateful_pointer<hash_worker_state> self, hash_plan plan) {
  self->state.hasher = std::make_unique<content_hasher>(plan);
  return {
      [self](const hash_block& b) { self->state.hasher->push(b.data); },
      [self, given = !plan.bep52](const hash_finish& x) {
        auto found = self->state.hasher->finish();
        if (given) {
          found.bep52_leaves = x.bep52_leaves;
          found.content_id = bep52_root(found.bep52_leaves);
        }
        return hash_done{std::make_shared<const content_hashes>(std::move(found))};
      },
  };
}

} // namespace

hash_worker_actor spawn_hash_worker(caf::actor_system& system, const hash_plan& plan) {
  return system.spawn(hash_worker, plan);
}

void add_piece_length(hash_plan& plan, std::uint64_t length) {
  auto& all = plan.v1_piece_lengths;
  if (length > 0 && std::find(all.begin(), all.end(), length) == all.end()) all.push_back(length);
}

hash_plan plan_for(const std::vector<naming>& namings, std::uint64_t size) {
  hash_plan out;
  for (const auto& n : namings) {
    for (const auto length : n.piece_lengths(size)) add_piece_length(out, length);
  }
  return out;
}

} // namespace interswarm::bridge
