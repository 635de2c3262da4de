#pragma once

#include "actors/bridge/naming.hpp"
#include "actors/runtime/loop.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/services/contract.hpp"
#include "schema/storage.gen.hpp"

#include <functional>
#include <memory>

namespace interswarm::services {

/// The next bytes of a content that is being published; answered when they were taken. What was
/// taken before is passed over. Fails `conflict` when bytes are missing before `offset`,
/// `overloaded` when too much is on its way, and as the work itself did.
struct take_block {
  std::uint64_t offset = 0;
  slice data;
};
/// All bytes were sent.
struct take_end {
  std::uint64_t size = 0;
};
/// Whoever sends the bytes cannot go on.
struct abandon_work {
  error why;
};
/// What the sender waits for, for people.
struct work_note {
  std::string text;
};
/// A chunk's name is known, and the BEP 52 leaves that it was made of.
struct chunk_named {
  std::size_t index = 0;
  slice name;
  slice leaves;
};
struct put_again {
  std::size_t index = 0;
};

/// Takes a content's bytes once, in order: hashes all its names, stores its chunks in the network
/// and at the end enters names and publication in the catalogue.
using publish_work_actor = msg::publishing_actor::extend<caf::replies_to<take_block>::with<void>, //
                                                         caf::replies_to<take_end>::with<void>,   //
                                                         caf::reacts_to<abandon_work>,            //
                                                         caf::reacts_to<work_note>,               //
                                                         caf::reacts_to<chunk_named>,             //
                                                         caf::reacts_to<put_again>>;

struct publish_context {
  catalogue_desk_actor desk;
  msg::storage_network_actor network;
  std::vector<bridge::naming> namings;
  /// Where clients get a content of these names.
  std::function<std::vector<msg::link>(const std::vector<msg::name_record>&,
                                       const msg::publication&)>
      links;
  /// Names chunks.
  std::shared_ptr<runtime::worker_pool> pool;
};

/// Chunks on their way to the storage network, and blocks that wait for the hashes: what one
/// publication may hold in memory is (chunks + blocks) x 4 MiB.
inline constexpr std::size_t chunks_in_flight = 6;
inline constexpr std::size_t blocks_in_flight = 6;

/// `holder` (not of 32 bytes, which content ids have) holds the chunks until the content does.
/// `size` may be `msg::unknown_size`: then the end tells it. Fails as content_hasher::check does.
result<publish_work_actor> spawn_publish_work(runtime::loop& home, publish_context context,
                                              msg::publication draft, std::uint64_t size,
                                              slice holder);

} // namespace interswarm::services

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::take_block)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::take_end)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::abandon_work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::work_note)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::chunk_named)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::put_again)
