#pragma once

#include "actors/runtime/loop.hpp"
#include "actors/storage/chunk_cache.hpp"
#include "actors/storage/node_board.hpp"
#include "schema/storage.gen.hpp"

#include <memory>

namespace interswarm::storage {

struct storage_network_options {
  /// Copies of each chunk, on different domains as far as there are any.
  std::size_t copies = 2;
  /// With fewer a `put` fails; the copies that are missing then are made by the repair.
  std::size_t least_copies = 2;
  node_board::timing timing;
  /// Between two questions for a node's state.
  instant ask_every = std::chrono::seconds(2);
  /// For one request to a node.
  instant patience = std::chrono::seconds(20);
  /// Checked chunks kept in memory, unless `cache` is given.
  std::uint64_t cache_bytes = std::uint64_t{256} << 20;
  /// Where they are kept, for others to look.
  std::shared_ptr<chunk_cache> cache{};
  /// Threads that hash what came.
  unsigned threads = 2;
};

/// All storage nodes that joined, as one. Whatever it gives was hashed here against its name.
msg::storage_network_actor spawn_storage_network(runtime::loop& home,
                                                 storage_network_options options);

/// A content in the network as a source. A reader that goes on in order is read ahead for, one that
/// picks pieces gets just those (read_pattern.hpp). `network` must be on a loop. Fails `malformed`
/// when size, chunk names and content id do not belong together.
result<msg::source_actor> spawn_stored_source(runtime::loop& home,
                                              msg::storage_network_actor network,
                                              const msg::stored_content& content);

/// Puts, and chunks that are being read, in work at once; a further one is told `overloaded`.
inline constexpr std::size_t network_puts = 64;
inline constexpr std::size_t network_reads = 1024;
/// Parts of chunks that are being read at once.
inline constexpr std::size_t network_parts = 4096;
/// Leaves kept in memory: 8 KiB for each chunk of which parts were read.
inline constexpr std::uint64_t network_leaf_bytes = std::uint64_t{16} << 20;

} // namespace interswarm::storage
