#pragma once

#include "actors/overlays/bittorrent/disk_base.hpp"
#include "actors/overlays/bittorrent/serve_torrent.hpp"

#include <map>

namespace interswarm::bittorrent {

/// The disk of the serving session: blocks come from the torrents' sources, already checked; writes
/// and hashes are answered without work (the session runs with `disable_hash_checks`). A torrent's
/// `save_path` ends in its number.
class source_disk final : public disk_base {
public:
  source_disk(libtorrent::io_context& io, std::shared_ptr<serve_shared> shared);
  ~source_disk() override;

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
  void async_stop_torrent(index storage, std::function<void()> handler) override;
  void abort(bool wait) override;

private:
  std::shared_ptr<serve_shared> shared_;
  std::map<std::uint32_t, std::shared_ptr<serve_torrent>> torrents_; // by storage index
  std::uint32_t next_ = 0;
};

} // namespace interswarm::bittorrent
