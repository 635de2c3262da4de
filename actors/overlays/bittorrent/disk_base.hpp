#pragma once

#include <libtorrent/disk_buffer_holder.hpp>
#include <libtorrent/disk_interface.hpp>
#include <libtorrent/error_code.hpp>
#include <libtorrent/io_context.hpp>
#include <libtorrent/operations.hpp>
#include <libtorrent/peer_request.hpp>

namespace interswarm::bittorrent {

/// The part of a libtorrent disk that says "done" to whatever concerns files by name: ours have
/// none. Answers are posted to the network thread, as libtorrent wants.
class disk_base : public libtorrent::disk_interface {
protected:
  using index = libtorrent::storage_index_t;
  using read_handler =
      std::function<void(libtorrent::disk_buffer_holder, const libtorrent::storage_error&)>;
  using write_handler = std::function<void(const libtorrent::storage_error&)>;
  using hash_handler = std::function<void(libtorrent::piece_index_t, const libtorrent::sha1_hash&,
                                          const libtorrent::storage_error&)>;
  using hash2_handler = std::function<void(
      libtorrent::piece_index_t, const libtorrent::sha256_hash&, const libtorrent::storage_error&)>;
  using priorities =
      libtorrent::aux::vector<libtorrent::download_priority_t, libtorrent::file_index_t>;

  explicit disk_base(libtorrent::io_context& io) : io_(io) {}

  libtorrent::io_context& io() const { return io_; }

public:
  void async_move_storage(index, std::string path, libtorrent::move_flags_t,
                          std::function<void(libtorrent::status_t, const std::string&,
                                             const libtorrent::storage_error&)>
                              handler) override;
  void async_release_files(index, std::function<void()> handler) override;
  void async_check_files(
      index, const libtorrent::add_torrent_params* resume_data,
      libtorrent::aux::vector<std::string, libtorrent::file_index_t> links,
      std::function<void(libtorrent::status_t, const libtorrent::storage_error&)> handler) override;
  void async_stop_torrent(index, std::function<void()> handler) override;
  void async_rename_file(index, libtorrent::file_index_t file, std::string name,
                         std::function<void(const std::string&, libtorrent::file_index_t,
                                            const libtorrent::storage_error&)>
                             handler) override;
  void async_delete_files(index, libtorrent::remove_flags_t, write_handler handler) override;
  void async_set_file_priority(
      index, priorities prio,
      std::function<void(const libtorrent::storage_error&, priorities)> handler) override;
  void async_clear_piece(index, libtorrent::piece_index_t piece,
                         std::function<void(libtorrent::piece_index_t)> handler) override;
  void update_stats_counters(libtorrent::counters&) const override {}
  std::vector<libtorrent::open_file_state> get_status(index) const override { return {}; }
  void submit_jobs() override {}
  void settings_updated() override {}

private:
  libtorrent::io_context& io_;
};

} // namespace interswarm::bittorrent
