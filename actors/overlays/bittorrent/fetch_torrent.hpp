#pragma once

#include "actors/overlays/bittorrent/fetch.hpp"
#include "actors/overlays/bittorrent/fetch_window.hpp"
#include "actors/overlays/bittorrent/network_thread.hpp"
#include "actors/overlays/bittorrent/spool_disk.hpp"

#include <boost/asio/steady_timer.hpp>
#include <libtorrent/session_handle.hpp>
#include <libtorrent/torrent_handle.hpp>

#include <list>
#include <map>

namespace interswarm::bittorrent {

class fetch_torrent;

/// What all fetched torrents of a session share.
struct fetch_shared : spool_directory, std::enable_shared_from_this<fetch_shared> {
  explicit fetch_shared(peer_options o) : options(std::move(o)) {}

  peer_options options;
  std::shared_ptr<network_thread> network = std::make_shared<network_thread>();
  std::shared_ptr<runtime::worker_pool> workers;
  libtorrent::session_handle session;
  std::map<std::uint32_t, std::weak_ptr<fetch_torrent>> torrents; // by number
  std::unique_ptr<boost::asio::steady_timer> timer;
  bool armed = false;
  bool ended = false;

  std::shared_ptr<spool_store> store_of(std::uint32_t torrent) override;
  void ending() override {
    ended = true;
    timer.reset();
  }
  /// Ticks every 100 ms while some torrent is not at rest.
  void arm_timer();
};

/// A torrent that is fetched: takes reads of its files, wants the pieces they need, answers when
/// those are verified, finds peers while there is demand and rests when there is none. Network
/// thread only.
class fetch_torrent : public std::enable_shared_from_this<fetch_torrent> {
public:
  fetch_torrent(std::uint32_t number, torrent_name name,
                std::shared_ptr<const torrent_metadata> metadata,
                std::shared_ptr<peer_finder> finder, std::shared_ptr<fetch_shared> shared);

  std::uint32_t number() const { return number_; }
  std::shared_ptr<spool_store> store();

  fetch_state state(std::uint32_t file);
  void read(std::uint32_t file, byte_range range, std::uint32_t deadline_ms, bool urgent,
            reply<slice> done);
  void genuine(std::uint32_t file, byte_range range, std::uint32_t deadline_ms,
               reply<genuine_answer> done);
  void judge_bad(std::uint32_t file, byte_range range);
  void watch(std::uint64_t owner, std::function<void(std::uint64_t)> changed);
  void unwatch(std::uint64_t owner) { watchers_.erase(owner); }
  void stop();

  /// From the plugins.
  void ready_soon();
  void on_block(std::uint64_t bytes) { received_bytes_ += bytes; }
  void on_piece(std::uint32_t piece);
  void on_peers_changed() { availability_stale_ = true; }
  void peer_joined() {
    ++peers_;
    availability_stale_ = true;
  }
  void peer_left();

  /// Every 100 ms; false when the torrent came to rest.
  bool tick();

private:
  struct waiting_read {
    std::uint64_t id = 0;
    std::uint32_t file = 0;
    byte_range range;
    std::uint64_t began_ms = 0;
    std::uint64_t deadline_ms = 0;
    bool urgent = false;
    bool placed = false; // in piece space, once the metadata is known
    piece_run pieces;
    reply<slice> done;
  };

  void enter();
  void rest();
  void spool_failed(const error& why);
  void on_ready();
  void demand();
  void fail_all(error why);
  bool place(waiting_read& r);
  bool answer_if_held(waiting_read& r);
  bool held(piece_run pieces) const;
  byte_range space(std::uint32_t file, byte_range range) const;
  void apply_later();
  void apply();
  void find_peers(std::uint64_t now);
  void dial(const std::vector<endpoint>& found);
  /// Now, when a reader wants what no connected peer has: others may have come since.
  void find_for_reader(const waiting_read& r, std::uint64_t now);
  void refresh_availability();
  void learn_layers();
  void changed() { ++version_; }
  void recheck(piece_run pieces, std::function<void(std::vector<std::uint32_t>)> bad);
  void fetch_again(const std::vector<std::uint32_t>& pieces);
  void expire(std::uint64_t now);

  std::uint32_t number_;
  torrent_name name_;
  std::shared_ptr<const torrent_metadata> metadata_;
  std::shared_ptr<peer_finder> finder_;
  std::shared_ptr<fetch_shared> shared_;
  std::shared_ptr<spool_store> store_;
  libtorrent::torrent_handle handle_;
  std::optional<error> failure_;
  /// The spool took no bytes; reads fail so until then.
  error spool_failure_{errc::io, {}};
  std::uint64_t spool_retry_ms_ = 0;
  bool ready_ = false;
  bool resting_ = true;
  bool apply_pending_ = false;
  bool finding_ = false;

  fetch_window window_;
  std::map<std::uint32_t, std::uint8_t> applied_;
  std::list<waiting_read> waiting_;
  std::uint64_t next_read_ = 1;
  std::vector<bool> held_;
  std::vector<bool> offered_;
  std::uint32_t peers_ = 0;
  bool availability_stale_ = false;
  std::uint64_t availability_ms_ = 0;
  std::uint64_t demand_ms_ = 0;
  std::uint64_t find_ms_ = 0;
  std::uint64_t reader_find_ms_ = 0;
  std::uint32_t fruitless_finds_ = 0;
  /// libtorrent's own totals move once a second.
  std::uint64_t received_bytes_ = 0;
  std::uint64_t version_ = 1;
  std::uint64_t told_version_ = 1;
  std::map<std::uint64_t, std::function<void(std::uint64_t)>> watchers_;
};

} // namespace interswarm::bittorrent
