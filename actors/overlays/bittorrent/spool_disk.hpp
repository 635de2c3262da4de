#pragma once

#include "actors/overlays/bittorrent/disk_base.hpp"
#include "actors/overlays/bittorrent/spool_store.hpp"

#include <libtorrent/file_storage.hpp>

#include <map>

namespace interswarm::bittorrent {

/// Finds the spool of the torrent whose `save_path` ends in a number; makes it when there is none.
class spool_directory {
public:
  virtual ~spool_directory() = default;
  virtual std::shared_ptr<spool_store> store_of(std::uint32_t torrent) = 0;
  /// The session ends, and waits for all that its io_context has still to do: no more timers. May
  /// come twice.
  virtual void ending() = 0;
};

/// The disk of the fetching session: blocks go to and come from spool files; hashing and file
/// access run on workers.
class spool_disk final : public disk_base {
public:
  spool_disk(libtorrent::io_context& io, std::shared_ptr<network_thread> network,
             std::shared_ptr<spool_directory> directory);
  ~spool_disk() override;

  libtorrent::storage_holder new_torrent(const libtorrent::storage_params& p,
                                         const std::shared_ptr<void>& torrent) override;
  void remove_torrent(index storage) override;
  void async_read(index storage, const libtorrent::peer_request& r, read_handler handler,
                  libtorrent::disk_job_flags_t flags) override;
  bool async_write(index storage, const libtorrent::peer_request& r, const char* data,
                   std::shared_ptr<libtorrent::disk_observer> observer, write_handler handler,
                   libtorrent::disk_job_flags_t flags) override;
  void async_hash(index storage, libtorrent::piece_index_t piece,
                  libtorrent::span<libtorrent::sha256_hash> v2, libtorrent::disk_job_flags_t flags,
                  hash_handler handler) override;
  void async_hash2(index storage, libtorrent::piece_index_t piece, int offset,
                   libtorrent::disk_job_flags_t flags, hash2_handler handler) override;
  void abort(bool wait) override;
  void submit_jobs() override;

private:
  struct torrent {
    std::shared_ptr<spool_store> store;
    const libtorrent::file_storage* files = nullptr;
  };
  torrent* find(index storage);
  void written(std::size_t bytes);

  std::shared_ptr<network_thread> network_;
  std::shared_ptr<spool_directory> directory_;
  std::map<std::uint32_t, torrent> torrents_;
  std::uint32_t next_ = 0;
  std::uint64_t queued_bytes_ = 0;
  std::vector<std::weak_ptr<libtorrent::disk_observer>> waiting_;
};

} // namespace interswarm::bittorrent
