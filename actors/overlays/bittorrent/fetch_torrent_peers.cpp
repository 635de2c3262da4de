#include "actors/overlays/bittorrent/fetch_torrent.hpp"
#include "actors/overlays/bittorrent/peer_limits.hpp"
#include "actors/overlays/bittorrent/serve_torrent.hpp"
#include "actors/overlays/bittorrent/session_settings.hpp"

#include <libtorrent/torrent_status.hpp>

#include <algorithm>

namespace interswarm::bittorrent {
namespace lt = libtorrent;
namespace {

constexpr std::uint64_t find_again_ms = 60000;
constexpr std::uint64_t find_backoff_max_ms = 30000;
constexpr std::uint64_t reader_find_every_ms = 2000;

} // namespace

void fetch_torrent::find_peers(std::uint64_t now) {
  if (finding_ || now < find_ms_ || !finder_) return;
  // With everything held nobody is needed, and whoever is dialled takes us for a seed.
  if (!held_.empty() && std::find(held_.begin(), held_.end(), false) == held_.end()) return;
  finding_ = true;
  finder_->find(
      max_found_peers, reply<std::vector<endpoint>>([weak = weak_from_this(),
                                                     network = shared_->network](auto found) {
        network->post([weak, found = std::move(found)] {
          const auto self = weak.lock();
          if (!self) return;
          self->finding_ = false;
          const auto again = std::uint64_t{1000} << std::min(self->fruitless_finds_, 5u);
          self->find_ms_ = steady_ms() + (self->peers_ > 0 ? find_again_ms
                                                           : std::min(again, find_backoff_max_ms));
          ++self->fruitless_finds_;
          if (!found || self->resting_ || !self->handle_.is_valid()) return;
          self->dial(*found);
        });
      }));
}

void fetch_torrent::dial(const std::vector<endpoint>& found) {
  const bool alone = handle_.status(lt::status_flags_t{}).num_connections == 0;
  // Seeds that were met while nothing was wanted are not dialled again unless they are news.
  // Forgetting ends connections, also those that have not introduced themselves yet.
  if (alone) handle_.clear_peers();
  for (std::size_t i = 0; i < std::min(found.size(), max_found_peers); ++i)
    handle_.connect_peer(to_libtorrent(found[i]));
  // libtorrent dials whom it was told of once a second, but at once when a torrent is resumed.
  if (!alone) return;
  handle_.pause();
  handle_.resume();
}

void fetch_torrent::find_for_reader(const waiting_read& r, std::uint64_t now) {
  if (finding_ || now < reader_find_ms_) return;
  bool offered = peers_ > 0 && r.placed;
  for (auto p = r.pieces.begin; offered && p < r.pieces.end; ++p) offered = held_[p] || offered_[p];
  if (offered) return;
  reader_find_ms_ = now + reader_find_every_ms;
  fruitless_finds_ = 0;
  find_ms_ = 0;
  find_peers(now);
}

void fetch_torrent::peer_left() {
  availability_stale_ = true;
  if (--peers_ > 0) return;
  fruitless_finds_ = 0;
  find_ms_ = 0;
}

void fetch_torrent::refresh_availability() {
  availability_stale_ = false;
  if (!ready_ || !handle_.is_valid()) return;
  std::vector<int> counts;
  handle_.piece_availability(counts);
  std::vector<bool> now(offered_.size());
  for (std::size_t i = 0; i < now.size() && i < counts.size(); ++i) now[i] = counts[i] > 0;
  if (now == offered_) return;
  offered_ = std::move(now);
  changed();
}

} // namespace interswarm::bittorrent
