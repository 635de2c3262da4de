#pragma once

#include "actors/overlays/bittorrent/sent_tally.hpp"
#include "actors/overlays/bittorrent/serve_torrent.hpp"

#include <libtorrent/extensions.hpp>
#include <libtorrent/peer_connection_handle.hpp>

#include <map>
#include <memory>
#include <vector>

namespace interswarm::bittorrent {

/// Watches one client of a served torrent: what it asks for, what it got, what it was refused.
class serve_peer final : public libtorrent::peer_plugin {
public:
  serve_peer(libtorrent::peer_connection_handle connection, std::weak_ptr<serve_torrent> torrent,
             std::shared_ptr<serve_counters> counters, std::uint32_t pieces);
  ~serve_peer() override;

  /// Says HAVE, unless the client still shakes hands: then its bitfield is yet to come.
  void say_have(const std::vector<std::uint32_t>& pieces);
  /// Says HAVE for pieces that were refused a while ago and can be had (again): libtorrent took
  /// them back with `lt_donthave` and would never name them again.
  void offer_again(const serve_torrent& torrent, std::uint64_t now_ms);

  /// Port 0 when the client did not say.
  libtorrent::tcp::endpoint listens_at() const;

  /// Clients leave one who is "upload only" and has nothing new for them; ours may have soon.
  void add_handshake(libtorrent::entry& handshake) override;
  bool on_extension_handshake(const libtorrent::bdecode_node& handshake) override;
  bool on_request(const libtorrent::peer_request& r) override;
  void sent_payload(int bytes) override;
  void sent_piece(const libtorrent::peer_request& r) override;
  void on_disconnect(const libtorrent::error_code& why) override;
  void sent_reject_request(const libtorrent::peer_request& r) override;
  bool on_have(libtorrent::piece_index_t piece) override;
  bool on_bitfield(const libtorrent::bitfield& pieces) override;
  bool on_have_all() override;

private:
  void count_complete(bool after_start);

  libtorrent::peer_connection_handle connection_;
  std::weak_ptr<serve_torrent> torrent_;
  std::shared_ptr<serve_counters> counters_;
  std::vector<bool> has_;
  std::map<std::uint32_t, std::uint32_t> sent_; // bytes of pieces it does not say it has
  std::size_t has_count_ = 0;
  sent_tally tally_;
  bool seen_incomplete_ = false;
  bool complete_ = false;
  bool counted_ = false;
  std::uint16_t listen_port_ = 0;
  std::map<std::uint32_t, std::uint64_t> withdrawn_; // piece -> when, ms
};

/// Attaches the above to every connection of one torrent.
class serve_plugin final : public libtorrent::torrent_plugin {
public:
  explicit serve_plugin(std::shared_ptr<serve_torrent> torrent) : torrent_(std::move(torrent)) {}

  std::shared_ptr<libtorrent::peer_plugin>
  new_connection(const libtorrent::peer_connection_handle& connection) override;
  void tick() override;
  void on_files_checked() override;

private:
  std::shared_ptr<serve_torrent> torrent_;
};

} // namespace interswarm::bittorrent
