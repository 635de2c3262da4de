#include "actors/overlays/bittorrent/source_disk.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <charconv>

namespace interswarm::bittorrent {
namespace lt = libtorrent;
namespace {

std::uint32_t to_number(lt::storage_index_t i) { return static_cast<std::uint32_t>(i); }

} // namespace

source_disk::source_disk(lt::io_context& io, std::shared_ptr<serve_shared> shared)
    : disk_base(io), shared_(std::move(shared)) {
  shared_->network->open(io);
}

source_disk::~source_disk() {
  shared_->timer.reset(); // belongs to the io_context, which ends soon
  shared_->network->close();
}

lt::storage_holder source_disk::new_torrent(const lt::storage_params& p,
                                            const std::shared_ptr<void>&) {
  std::uint32_t number = 0;
  const auto last = p.path.find_last_of('/') + 1;
  std::from_chars(p.path.data() + last, p.path.data() + p.path.size(), number);
  const auto storage = next_++;
  if (const auto at = shared_->torrents.find(number); at != shared_->torrents.end())
    if (auto torrent = at->second.lock()) torrents_.emplace(storage, std::move(torrent));
  return {lt::storage_index_t(storage), *this};
}

void source_disk::remove_torrent(index storage) {
  const auto at = torrents_.find(to_number(storage));
  if (at == torrents_.end()) return;
  const auto torrent = std::move(at->second);
  torrents_.erase(at);
  torrent->stop();
}

void source_disk::async_read(index storage, const lt::peer_request& r, read_handler handler,
                             lt::disk_job_flags_t) {
  if (const auto at = torrents_.find(to_number(storage)); at != torrents_.end()) {
    at->second->read(r, std::move(handler));
    return;
  }
  boost::asio::post(io(), [h = std::move(handler)] {
    h({}, {boost::asio::error::operation_aborted, lt::operation_t::file_read});
  });
}

bool source_disk::async_write(index, const lt::peer_request&, const char*,
                              std::shared_ptr<lt::disk_observer>, write_handler handler,
                              lt::disk_job_flags_t) {
  boost::asio::post(io(), [h = std::move(handler)] { h({}); });
  return false;
}

void source_disk::async_hash(index, lt::piece_index_t piece, lt::span<lt::sha256_hash>,
                             lt::disk_job_flags_t, hash_handler handler) {
  boost::asio::post(io(), [h = std::move(handler), piece] { h(piece, {}, {}); });
}

void source_disk::async_hash2(index, lt::piece_index_t piece, int, lt::disk_job_flags_t,
                              hash2_handler handler) {
  boost::asio::post(io(), [h = std::move(handler), piece] { h(piece, {}, {}); });
}

void source_disk::async_stop_torrent(index storage, std::function<void()> handler) {
  if (const auto at = torrents_.find(to_number(storage)); at != torrents_.end()) at->second->stop();
  disk_base::async_stop_torrent(storage, std::move(handler));
}

void source_disk::abort(bool) {
  for (const auto& [storage, torrent] : torrents_) torrent->stop();
}

} // namespace interswarm::bittorrent
