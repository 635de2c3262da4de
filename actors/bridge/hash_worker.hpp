#pragma once

#include "schema/base/bytes.hpp"
#include "storage/content_hashes.hpp"

#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>
#include <memory>

namespace interswarm::bridge {

struct hash_block {
  slice data;
};
struct hash_finish {
  /// The content's BEP 52 leaves, of a plan without them: whoever hashed them already.
  bytes bep52_leaves{};
};
struct hash_done {
  std::shared_ptr<const content_hashes> hashes;
};
/// A content hasher on a thread of its own; a block is answered when it was taken, so that the
/// reader keeps pace.
using hash_worker_actor = caf::typed_actor<caf::replies_to<hash_block>::with<void>,
                                           caf::replies_to<hash_finish>::with<hash_done>>;

/// `plan` must be one that content_hasher::check allows.
hash_worker_actor spawn_hash_worker(caf::actor_system& system, const hash_plan& plan);

} // namespace interswarm::bridge

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::hash_block)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::hash_finish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::hash_done)
