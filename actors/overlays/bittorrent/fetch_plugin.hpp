#pragma once

#include "actors/overlays/bittorrent/fetch_torrent.hpp"

#include <deque>
#include <libtorrent/extensions.hpp>
#include <libtorrent/peer_connection_handle.hpp>
#include <libtorrent/peer_request.hpp>

namespace interswarm::bittorrent {

/// Watches one peer of a fetched torrent: whether it is there and what it offers.
class fetch_peer final : public libtorrent::peer_plugin {
public:
  fetch_peer(std::weak_ptr<fetch_torrent> torrent, libtorrent::peer_connection_handle connection)
      : torrent_(std::move(torrent)), connection_(std::move(connection)) {}
  ~fetch_peer() override;

  /// A torrent that wants nothing at the moment would call itself "upload only", and seeds would
  /// leave before the next read.
  void add_handshake(libtorrent::entry& handshake) override;
  bool on_have(libtorrent::piece_index_t piece) override;
  bool on_dont_have(libtorrent::piece_index_t piece) override;
  bool on_bitfield(const libtorrent::bitfield& pieces) override;
  bool on_have_all() override;
  bool on_have_none() override;
  void on_disconnect(const libtorrent::error_code& why) override;
  /// Once a second. Leaves a peer that has let requests lie, so that it is dialled anew: those that
  /// were cancelled meanwhile (Transmission 3 gives no reject for them) would fill libtorrent's
  /// queue for it for good.
  void tick() override;

  // Requests are held back while the peer has as many as it takes: libtorrent fills the queue to
  // what `reqq` (BEP 10) says, of which Transmission 3 takes one less, and tells of the one that it
  // rejects up to ten seconds later.
  bool on_extension_handshake(const libtorrent::bdecode_node& handshake) override;
  bool write_request(const libtorrent::peer_request& r) override;
  bool on_piece(const libtorrent::peer_request& r, libtorrent::span<const char> data) override;
  bool on_reject(const libtorrent::peer_request& r) override;
  bool on_choke() override;
  bool on_unchoke() override;

private:
  bool offers();
  void answered();
  void send(const libtorrent::peer_request& r);

  std::weak_ptr<fetch_torrent> torrent_;
  libtorrent::peer_connection_handle connection_;
  bool counted_ = false;
  int idle_ticks_ = 0;
  std::deque<libtorrent::peer_request> held_back_;
  int outstanding_ = 0;
  int most_outstanding_ = 480;
};

class fetch_plugin final : public libtorrent::torrent_plugin {
public:
  explicit fetch_plugin(std::weak_ptr<fetch_torrent> torrent) : torrent_(std::move(torrent)) {}

  std::shared_ptr<libtorrent::peer_plugin>
  new_connection(const libtorrent::peer_connection_handle& connection) override;
  void on_files_checked() override;
  void on_piece_pass(libtorrent::piece_index_t piece) override;

private:
  std::weak_ptr<fetch_torrent> torrent_;
};

} // namespace interswarm::bittorrent
