#pragma once

#include "storage/chunk_backend.hpp"

#include <chrono>
#include <string>

namespace interswarm {

/// A Ceph cluster that an operator runs, and the part of it that is one node's.
struct rados_options {
  /// ceph.conf with the monitors and the user's keyring; empty for where Ceph's own tools look.
  std::string config_file;
  /// Ceph user, without "client.".
  std::string user = "interswarm";
  std::string pool;
  /// RADOS namespace that is this node's alone, so that many nodes share a pool: 1 to
  /// limits::rados_space_bytes of [A-Za-z0-9._-].
  std::string space;
  /// How long one call may take before it fails `timed_out`.
  std::chrono::seconds operation_limit{15};
  /// How long opening may wait for the monitors, before it waits for the lock.
  std::chrono::seconds connect_limit{15};

  /// How long a node that died, or was cut off, keeps others from its namespace. Twice the
  /// operation's limit: a write begins only while there is time for all of it.
  std::chrono::seconds lease() const { return 2 * operation_limit; }
};

/// One object for each chunk, named by the chunk's name in hexadecimal; a write is durable on as
/// many replicas as the pool has. A lock on the object "lock", renewed by a thread, keeps other
/// processes from the namespace; who lost it reads on and fails writes `unavailable`.
///
/// Opening waits up to the lease for the lock of a node that died. Fails `configuration` for a
/// missing file or pool, `denied`, `timed_out`, `no_room`, `unavailable` while another process uses
/// the namespace, and `unimplemented` in a build without librados. Calls fail `timed_out` too: then
/// the object may have been written or removed, or not.
result<std::unique_ptr<chunk_backend>> open_chunk_rados(const rados_options& options);

} // namespace interswarm
