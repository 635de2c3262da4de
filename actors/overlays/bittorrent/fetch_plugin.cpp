#include "actors/overlays/bittorrent/fetch_plugin.hpp"

#include <libtorrent/entry.hpp>
#include <libtorrent/error_code.hpp>
#include <libtorrent/peer_info.hpp>

namespace interswarm::bittorrent {
namespace lt = libtorrent;

fetch_peer::~fetch_peer() { on_disconnect({}); }

void fetch_peer::add_handshake(lt::entry& handshake) { handshake.dict().erase("upload_only"); }

bool fetch_peer::offers() {
  if (const auto t = torrent_.lock()) {
    if (!std::exchange(counted_, true)) t->peer_joined();
    t->on_peers_changed();
  }
  return false;
}

bool fetch_peer::on_have(lt::piece_index_t) { return offers(); }
bool fetch_peer::on_dont_have(lt::piece_index_t) { return offers(); }
bool fetch_peer::on_bitfield(const lt::bitfield&) { return offers(); }
bool fetch_peer::on_have_all() { return offers(); }

bool fetch_peer::on_have_none() {
  if (const auto t = torrent_.lock()) t->on_peers_changed();
  return false;
}

void fetch_peer::on_disconnect(const lt::error_code&) {
  if (!std::exchange(counted_, false)) return;
  if (const auto t = torrent_.lock()) t->peer_left();
}

void fetch_peer::tick() {
  lt::peer_info info;
  connection_.get_peer_info(info);
  if (bool(info.flags & lt::peer_info::snubbed) && info.download_queue_length > 0)
    connection_.disconnect(lt::errors::timed_out, lt::operation_t::bittorrent);
}

std::shared_ptr<lt::peer_plugin>
fetch_plugin::new_connection(const lt::peer_connection_handle& connection) {
  return std::make_shared<fetch_peer>(torrent_, connection);
}

void fetch_plugin::on_files_checked() {
  // libtorrent is still in the middle of it.
  if (const auto t = torrent_.lock()) t->ready_soon();
}

void fetch_plugin::on_piece_pass(lt::piece_index_t piece) {
  if (const auto t = torrent_.lock())
    t->on_piece(static_cast<std::uint32_t>(static_cast<int>(piece)));
}

} // namespace interswarm::bittorrent
