#include "actors/overlays/bittorrent/fetch_plugin.hpp"

#include "schema/base/wire.hpp"

#include <algorithm>
#include <libtorrent/bdecode.hpp>
#include <libtorrent/entry.hpp>
#include <libtorrent/error_code.hpp>
#include <libtorrent/peer_info.hpp>

namespace interswarm::bittorrent {
namespace lt = libtorrent;

namespace {

/// Seconds; a reject may take ten.
constexpr int patience_ticks = 12;

} // namespace

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
  const bool idle = bool(info.flags & lt::peer_info::snubbed) && info.download_queue_length > 0;
  idle_ticks_ = idle ? idle_ticks_ + 1 : 0;
  if (idle_ticks_ > patience_ticks)
    connection_.disconnect(lt::errors::timed_out, lt::operation_t::bittorrent);
}

bool fetch_peer::on_extension_handshake(const lt::bdecode_node& handshake) {
  const auto takes = handshake.dict_find_int_value("reqq");
  if (takes > 0) most_outstanding_ = static_cast<int>(std::max<std::int64_t>(1, takes * 15 / 16));
  return true;
}

bool fetch_peer::write_request(const lt::peer_request& r) {
  if (outstanding_ >= most_outstanding_) {
    held_back_.push_back(r);
    return true;
  }
  ++outstanding_;
  return false;
}

void fetch_peer::send(const lt::peer_request& r) {
  bytes message;
  big_endian_writer(message)
      .u32(13)
      .u8(6)
      .u32(static_cast<std::uint32_t>(static_cast<int>(r.piece)))
      .u32(static_cast<std::uint32_t>(r.start))
      .u32(static_cast<std::uint32_t>(r.length));
  ++outstanding_;
  connection_.send_buffer(reinterpret_cast<const char*>(message.data()),
                          static_cast<int>(message.size()));
}

void fetch_peer::answered() {
  outstanding_ = std::max(0, outstanding_ - 1);
  if (held_back_.empty() || outstanding_ >= most_outstanding_) return;
  const auto next = held_back_.front();
  held_back_.pop_front();
  send(next);
}

bool fetch_peer::on_piece(const lt::peer_request&, lt::span<const char> data) {
  if (const auto t = torrent_.lock()) t->on_block(static_cast<std::uint64_t>(data.size()));
  answered();
  return false;
}

bool fetch_peer::on_reject(const lt::peer_request&) {
  answered();
  return false;
}

bool fetch_peer::on_choke() {
  // libtorrent waits for a reject of each: the peer must have heard of them.
  for (const auto& r : held_back_) send(r);
  held_back_.clear();
  return false;
}

bool fetch_peer::on_unchoke() {
  outstanding_ = 0;
  return false;
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
