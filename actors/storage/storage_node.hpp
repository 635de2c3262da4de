#pragma once

#include "actors/runtime/loop.hpp"
#include "schema/storage.gen.hpp"
#include "storage/chunk_store.hpp"

#include <chrono>
#include <memory>

namespace interswarm::storage {

struct storage_node_options {
  /// Unique in the cluster, the same after a restart.
  std::string id;
  /// What fails together with this node.
  std::string domain;
  /// Threads for the disk and the hashes.
  unsigned threads = 4;
  /// How long a chunk that nobody holds is kept: whoever publishes it again need not send it.
  std::chrono::seconds grace = std::chrono::hours(24);
  /// Each chunk is read and hashed so often, at no more than this rate.
  std::chrono::seconds scrub_interval = std::chrono::hours(24 * 7);
  std::uint64_t scrub_bytes_per_second = std::uint64_t{8} << 20;
};

/// A storage node over `store`: requests run on threads of its own. Scrubs and removes what nobody
/// holds by itself.
msg::storage_node_actor spawn_storage_node(runtime::loop& home, std::shared_ptr<chunk_store> store,
                                           storage_node_options options);

/// Requests in work at one node, and the bytes that they may hold in memory together; a further one
/// is told `overloaded`.
inline constexpr std::size_t node_requests = 4096;
inline constexpr std::uint64_t node_request_bytes = 64 * chunk_bytes;

} // namespace interswarm::storage
