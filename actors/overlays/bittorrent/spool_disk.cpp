#include "actors/overlays/bittorrent/spool_disk.hpp"

#include "actors/overlays/bittorrent/peer_limits.hpp"
#include "schema/base/hash.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <libtorrent/disk_observer.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace interswarm::bittorrent {
namespace lt = libtorrent;
namespace {

constexpr std::uint64_t block_bytes = 16384;

/// One block on its way to a client.
class block_buffer final : public lt::buffer_allocator_interface {
public:
  static lt::disk_buffer_holder make(slice data) {
    const auto size = static_cast<int>(data.size());
    auto* owner = new block_buffer(std::move(data));
    return {*owner, const_cast<char*>(reinterpret_cast<const char*>(owner->data_.data())), size};
  }
  void free_disk_buffer(char*) override { delete this; }

private:
  explicit block_buffer(slice data) : data_(std::move(data)) {}
  ~block_buffer() = default;
  slice data_;
};

lt::storage_error failed(lt::operation_t op) {
  return {boost::system::errc::make_error_code(boost::system::errc::io_error), op};
}

lt::storage_error aborted(lt::operation_t op) {
  return {boost::asio::error::operation_aborted, op};
}

std::uint64_t offset_of(const lt::file_storage& files, lt::piece_index_t piece) {
  return static_cast<std::uint64_t>(static_cast<int>(piece)) *
         static_cast<std::uint64_t>(files.piece_length());
}

/// Calls `*handler` and lets it go, both on the network thread.
template <class Handler, class... Args>
void answer(network_thread& network, std::shared_ptr<Handler> handler, Args... args) {
  network.post([handler = std::move(handler), ... args = std::move(args)]() mutable {
    std::exchange(*handler, nullptr)(std::move(args)...);
  });
}

} // namespace

spool_disk::spool_disk(lt::io_context& io, std::shared_ptr<network_thread> network,
                       std::shared_ptr<spool_directory> directory)
    : disk_base(io), network_(std::move(network)), directory_(std::move(directory)) {
  network_->open(io);
}

spool_disk::~spool_disk() {
  directory_->ending();
  network_->close();
}

spool_disk::torrent* spool_disk::find(index storage) {
  const auto at = torrents_.find(static_cast<std::uint32_t>(storage));
  return at == torrents_.end() || !at->second.store ? nullptr : &at->second;
}

lt::storage_holder spool_disk::new_torrent(const lt::storage_params& p,
                                           const std::shared_ptr<void>&) {
  std::uint32_t number = 0;
  const auto last = p.path.find_last_of('/') + 1;
  std::from_chars(p.path.data() + last, p.path.data() + p.path.size(), number);
  const auto storage = next_++;
  torrents_[storage] = {directory_->store_of(number), &p.files};
  return {lt::storage_index_t(storage), *this};
}

void spool_disk::remove_torrent(index storage) {
  if (auto* t = find(storage)) t->store->flush();
  torrents_.erase(static_cast<std::uint32_t>(storage));
}

void spool_disk::async_read(index storage, const lt::peer_request& r, read_handler handler,
                            lt::disk_job_flags_t) {
  auto* t = find(storage);
  if (t == nullptr) {
    boost::asio::post(io(),
                      [h = std::move(handler)] { h({}, aborted(lt::operation_t::file_read)); });
    return;
  }
  const auto begin = offset_of(*t->files, r.piece) + static_cast<std::uint64_t>(r.start);
  auto h = std::make_shared<read_handler>(std::move(handler));
  t->store->with_bytes(
      {begin, begin + static_cast<std::uint64_t>(r.length)},
      [network = network_, held = network_->hold(), h](result<slice> data) mutable {
        auto* n = network.get();
        n->post([h = std::move(h), data = std::move(data)]() mutable {
          const auto f = std::exchange(*h, nullptr);
          if (data)
            f(block_buffer::make(std::move(*data)), {});
          else
            f({}, failed(lt::operation_t::file_read));
        });
      });
}

void spool_disk::written(std::size_t bytes) {
  queued_bytes_ -= bytes;
  if (queued_bytes_ > max_queued_write_bytes / 2) return;
  auto waiting = std::move(waiting_);
  waiting_.clear();
  for (const auto& w : waiting)
    if (const auto observer = w.lock()) observer->on_disk();
}

bool spool_disk::async_write(index storage, const lt::peer_request& r, const char* data,
                             std::shared_ptr<lt::disk_observer> observer, write_handler handler,
                             lt::disk_job_flags_t) {
  auto* t = find(storage);
  if (t == nullptr) {
    boost::asio::post(io(), [h = std::move(handler)] { h(aborted(lt::operation_t::file_write)); });
    return false;
  }
  const auto size = static_cast<std::size_t>(r.length);
  queued_bytes_ += size;
  t->store->write(offset_of(*t->files, r.piece) + static_cast<std::uint64_t>(r.start),
                  {reinterpret_cast<const byte*>(data), size},
                  [this, size, h = std::move(handler)](const result<void>& done) {
                    h(done ? lt::storage_error{} : failed(lt::operation_t::file_write));
                    written(size);
                  });
  if (queued_bytes_ <= max_queued_write_bytes || !observer) return false;
  waiting_.emplace_back(observer);
  return true;
}

void spool_disk::async_hash(index storage, lt::piece_index_t piece, lt::span<lt::sha256_hash> v2,
                            lt::disk_job_flags_t flags, hash_handler handler) {
  auto* t = find(storage);
  if (t == nullptr) {
    boost::asio::post(io(), [h = std::move(handler), piece] {
      h(piece, {}, aborted(lt::operation_t::file_read));
    });
    return;
  }
  t->store->flush();
  const auto begin = offset_of(*t->files, piece);
  const auto size = static_cast<std::uint64_t>(t->files->piece_size(piece));
  const auto size2 = v2.empty() ? 0 : static_cast<std::uint64_t>(t->files->piece_size2(piece));
  const bool v1 = bool(flags & disk_interface::v1_hash);
  auto h = std::make_shared<hash_handler>(std::move(handler));
  t->store->with_bytes({begin, begin + size}, [network = network_, held = network_->hold(), h,
                                               piece, v2, v1, size2](result<slice> data) mutable {
    if (!data)
      return answer(*network, std::move(h), piece, lt::sha1_hash{},
                    failed(lt::operation_t::file_read));
    lt::sha1_hash digest;
    if (v1) digest = lt::sha1_hash(reinterpret_cast<const char*>(sha1(*data).data()));
    for (std::uint64_t at = 0; at < size2; at += block_bytes) {
      const auto block = data->view().subspan(at, std::min(block_bytes, size2 - at));
      v2[static_cast<std::ptrdiff_t>(at / block_bytes)] =
          lt::sha256_hash(reinterpret_cast<const char*>(sha256(block).data()));
    }
    answer(*network, std::move(h), piece, digest, lt::storage_error{});
  });
}

void spool_disk::async_hash2(index storage, lt::piece_index_t piece, int offset,
                             lt::disk_job_flags_t, hash2_handler handler) {
  auto* t = find(storage);
  if (t == nullptr) {
    boost::asio::post(io(), [h = std::move(handler), piece] {
      h(piece, {}, aborted(lt::operation_t::file_read));
    });
    return;
  }
  const auto start = static_cast<std::uint64_t>(offset);
  const auto size = static_cast<std::uint64_t>(t->files->piece_size2(piece));
  const auto begin = offset_of(*t->files, piece) + start;
  auto h = std::make_shared<hash2_handler>(std::move(handler));
  t->store->with_bytes(
      {begin, begin + std::min(block_bytes, size - std::min(start, size))},
      [network = network_, held = network_->hold(), h, piece](result<slice> data) mutable {
        lt::sha256_hash digest;
        if (data) digest = lt::sha256_hash(reinterpret_cast<const char*>(sha256(*data).data()));
        answer(*network, std::move(h), piece, digest,
               data ? lt::storage_error{} : failed(lt::operation_t::file_read));
      });
}

void spool_disk::submit_jobs() {
  for (auto& [storage, t] : torrents_)
    if (t.store) t.store->flush();
}

void spool_disk::abort(bool) {
  directory_->ending();
  submit_jobs();
}

} // namespace interswarm::bittorrent
