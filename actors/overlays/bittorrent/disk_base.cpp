#include "actors/overlays/bittorrent/disk_base.hpp"

#include <boost/asio/post.hpp>

namespace interswarm::bittorrent {
namespace lt = libtorrent;

void disk_base::async_move_storage(
    index, std::string path, lt::move_flags_t,
    std::function<void(lt::status_t, const std::string&, const lt::storage_error&)> handler) {
  boost::asio::post(io_, [h = std::move(handler), p = std::move(path)] { h({}, p, {}); });
}

void disk_base::async_release_files(index, std::function<void()> handler) {
  if (handler) boost::asio::post(io_, std::move(handler));
}

void disk_base::async_check_files(
    index, const lt::add_torrent_params*, lt::aux::vector<std::string, lt::file_index_t>,
    std::function<void(lt::status_t, const lt::storage_error&)> handler) {
  boost::asio::post(io_, [h = std::move(handler)] { h({}, {}); });
}

void disk_base::async_stop_torrent(index, std::function<void()> handler) {
  if (handler) boost::asio::post(io_, std::move(handler));
}

void disk_base::async_rename_file(
    index, lt::file_index_t file, std::string name,
    std::function<void(const std::string&, lt::file_index_t, const lt::storage_error&)> handler) {
  boost::asio::post(io_, [h = std::move(handler), n = std::move(name), file] { h(n, file, {}); });
}

void disk_base::async_delete_files(index, lt::remove_flags_t, write_handler handler) {
  boost::asio::post(io_, [h = std::move(handler)] { h({}); });
}

void disk_base::async_set_file_priority(
    index, priorities prio, std::function<void(const lt::storage_error&, priorities)> handler) {
  boost::asio::post(io_, [h = std::move(handler), p = std::move(prio)] { h({}, p); });
}

void disk_base::async_clear_piece(index, lt::piece_index_t piece,
                                  std::function<void(lt::piece_index_t)> handler) {
  boost::asio::post(io_, [h = std::move(handler), piece] { h(piece); });
}

} // namespace interswarm::bittorrent
