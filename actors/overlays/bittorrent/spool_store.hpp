#pragma once

#include "actors/overlays/bittorrent/network_thread.hpp"
#include "actors/overlays/bittorrent/reply.hpp"
#include "actors/overlays/bittorrent/sparse_file.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "schema/base/range.hpp"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace interswarm::bittorrent {

/// The bytes of one fetched torrent, in its piece space: blocks on their way to the spool file, and
/// the file. Network thread only; the file is touched by workers.
class spool_store : public std::enable_shared_from_this<spool_store> {
public:
  /// `failed` is told on the network thread of each batch that could not be written.
  spool_store(std::shared_ptr<sparse_file> file, std::shared_ptr<network_thread> network,
              std::weak_ptr<runtime::worker_pool> workers, std::function<void(const error&)> failed)
      : file_(std::move(file)), network_(std::move(network)), workers_(std::move(workers)),
        failed_(std::move(failed)) {}

  /// Copies `data`; `done` comes on the network thread. Starts with the next `flush`.
  void write(std::uint64_t offset, byte_view data, std::function<void(result<void>)> done);
  /// Hands what `write` collected to a worker.
  void flush();
  /// `job` runs on a worker with all of `range`, blocks that are still on their way included.
  void with_bytes(byte_range range, std::function<void(result<slice>)> job);

  std::uint64_t pending_bytes() const { return pending_bytes_; }

private:
  struct block {
    std::uint64_t offset = 0;
    std::shared_ptr<const bytes> data;
    std::function<void(result<void>)> done;
  };

  std::shared_ptr<sparse_file> file_;
  std::shared_ptr<network_thread> network_;
  std::weak_ptr<runtime::worker_pool> workers_;
  std::function<void(const error&)> failed_;
  std::vector<block> collected_;
  std::map<std::uint64_t, std::shared_ptr<const bytes>> pending_; // by offset
  std::uint64_t pending_bytes_ = 0;
};

} // namespace interswarm::bittorrent
