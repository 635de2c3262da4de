#pragma once

#include "actors/overlays/bittorrent/peer_options.hpp"
#include "actors/overlays/bittorrent/piece_cache.hpp"
#include "actors/overlays/bittorrent/piece_loader.hpp"

#include <libtorrent/disk_buffer_holder.hpp>
#include <libtorrent/disk_interface.hpp>
#include <libtorrent/error_code.hpp>
#include <libtorrent/peer_request.hpp>
#include <libtorrent/socket.hpp>
#include <libtorrent/torrent_handle.hpp>

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <map>
#include <set>

namespace interswarm::bittorrent {

class serve_peer;

/// What all served torrents of a session share.
struct serve_shared : std::enable_shared_from_this<serve_shared> {
  explicit serve_shared(peer_options o) : options(std::move(o)), cache(options.piece_cache_bytes) {}

  peer_options options;
  std::shared_ptr<network_thread> network = std::make_shared<network_thread>();
  std::shared_ptr<runtime::worker_pool> workers;
  piece_cache cache;
  /// By number, for pieces that come out of the cache's line.
  std::map<std::uint32_t, std::weak_ptr<class serve_torrent>> torrents;

  /// Runs while reads wait, for their deadlines and repetitions.
  std::unique_ptr<boost::asio::steady_timer> timer;
  bool armed = false;

  /// Starts what waits for room in the cache.
  void admit_waiting();
  void arm_timer();
};

/// Counters of one torrent on offer; read from any thread.
struct serve_counters {
  std::atomic<std::uint64_t> bytes_sent{0};
  std::atomic<std::uint32_t> clients{0};
  std::atomic<std::uint32_t> completed{0};
  std::atomic<std::uint64_t> last_request_ms{0};
};

/// Milliseconds of a steady clock.
std::uint64_t steady_ms();

/// A torrent on offer: takes libtorrent's block reads, loads and checks whole pieces from the
/// sources, and tells libtorrent of pieces that have become obtainable. Network thread only.
class serve_torrent : public std::enable_shared_from_this<serve_torrent> {
public:
  using read_handler =
      std::function<void(libtorrent::disk_buffer_holder, const libtorrent::storage_error&)>;

  serve_torrent(std::uint32_t number, std::shared_ptr<const torrent_metadata> metadata,
                std::shared_ptr<serve_shared> shared, std::shared_ptr<serve_counters> counters);

  std::uint32_t number() const { return number_; }
  const torrent_metadata& metadata() const { return *metadata_; }
  const std::shared_ptr<const torrent_metadata>& metadata_pointer() const { return metadata_; }
  const std::shared_ptr<serve_counters>& counters() const { return counters_; }

  void add_offer(std::unique_ptr<offered_file> offer);
  /// True when it was the last one.
  bool remove_offer(std::uint64_t id);
  std::vector<std::unique_ptr<offered_file>> take_offers() { return std::exchange(offers_, {}); }
  /// Now, or as soon as the torrent is entered.
  void dial(const libtorrent::tcp::endpoint& client);
  /// Where connected clients can be dialled.
  std::set<libtorrent::tcp::endpoint> clients() const;
  /// Dials the clients of this torrent's former entry.
  void carry(std::set<libtorrent::tcp::endpoint> clients);
  void set_have(std::uint64_t id, range_set have);
  /// libtorrent accepted the torrent; `announced` pieces are known to it.
  void added(libtorrent::torrent_handle handle, std::set<std::uint32_t> announced);
  libtorrent::torrent_handle handle() const { return handle_; }
  /// Pieces that some source can give and the torrent can prove.
  std::set<std::uint32_t> obtainable() const;
  bool obtainable(std::uint32_t piece) const;

  void read(const libtorrent::peer_request& r, read_handler handler);
  /// A client will read `piece` soon.
  void expect(std::uint32_t piece);
  /// The cache has room for `piece` now.
  void start_load(std::uint32_t piece);
  /// About once a second.
  void tick();
  bool busy() const { return !loading_.empty(); }
  /// libtorrent has checked the torrent and takes pieces from here on.
  void ready();
  /// Fails everything that waits.
  void stop();

  void peer_joined(const std::shared_ptr<serve_peer>& peer) { peers_.push_back(peer); }

private:
  struct waiting_block {
    libtorrent::peer_request request;
    read_handler handler;
    std::uint64_t deadline_ms = 0;
  };
  struct loading {
    std::vector<waiting_block> blocks;
    /// The reads under way; null while waiting for the cache or for a source.
    std::shared_ptr<piece_load> load;
    bool admitted = false;
    std::uint32_t attempts = 0;
    std::uint64_t retry_ms = 0;
  };

  void loaded(std::uint32_t piece, piece_load::outcome how, slice data,
              const std::vector<std::uint64_t>& failed_offers);
  void retry_later(std::uint32_t piece, loading& l);
  void give(const waiting_block& b, const slice& data);
  void announce_new();

  std::uint32_t number_;
  std::shared_ptr<const torrent_metadata> metadata_;
  std::shared_ptr<serve_shared> shared_;
  std::shared_ptr<serve_counters> counters_;
  libtorrent::torrent_handle handle_;
  std::vector<std::unique_ptr<offered_file>> offers_;
  std::vector<libtorrent::tcp::endpoint> to_dial_;
  std::set<libtorrent::tcp::endpoint> carried_;
  std::set<std::uint32_t> announced_;
  std::set<std::uint32_t> to_announce_;
  bool announcing_ = false;
  bool ready_ = false;
  bool stopped_ = false;
  std::map<std::uint32_t, loading> loading_;
  std::vector<std::weak_ptr<serve_peer>> peers_;
};

} // namespace interswarm::bittorrent
