#include "actors/overlays/bittorrent/serve_plugin.hpp"

#include "actors/overlays/bittorrent/peer_limits.hpp"
#include "actors/overlays/bittorrent/tcp_acknowledged.hpp"
#include "schema/base/wire.hpp"

#include <libtorrent/bdecode.hpp>
#include <libtorrent/entry.hpp>
#include <libtorrent/peer_connection.hpp>

#include <algorithm>

namespace interswarm::bittorrent {
namespace lt = libtorrent;
namespace {

constexpr std::uint64_t offer_again_ms = 2000;
constexpr byte msg_have = 4; // BEP 3

std::uint32_t to_number(lt::piece_index_t p) {
  return static_cast<std::uint32_t>(static_cast<int>(p));
}

/// Nothing over uTP, and once the socket is closed.
std::optional<std::uint64_t> acknowledged_bytes(lt::peer_connection& connection) {
  auto* const tcp = boost::get<lt::tcp::socket>(&connection.get_socket());
  if (tcp == nullptr || !tcp->is_open()) return std::nullopt;
  return tcp_acknowledged(tcp->native_handle());
}

} // namespace

serve_peer::serve_peer(lt::peer_connection_handle connection, std::weak_ptr<serve_torrent> torrent,
                       std::shared_ptr<serve_counters> counters, std::uint32_t pieces)
    : connection_(std::move(connection)), torrent_(std::move(torrent)),
      counters_(std::move(counters)), has_(pieces) {
  ++counters_->clients;
}

serve_peer::~serve_peer() { --counters_->clients; }

void serve_peer::add_handshake(lt::entry& handshake) { handshake.dict().erase("upload_only"); }

bool serve_peer::on_extension_handshake(const lt::bdecode_node& handshake) {
  const auto port = handshake.type() == lt::bdecode_node::dict_t
                        ? handshake.dict_find_int_value("p", 0) // BEP 10
                        : 0;
  if (port > 0 && port <= 0xffff) listen_port_ = static_cast<std::uint16_t>(port);
  return true;
}

lt::tcp::endpoint serve_peer::listens_at() const {
  if (connection_.is_outgoing()) return connection_.remote();
  return {connection_.remote().address(), listen_port_};
}

bool serve_peer::on_request(const lt::peer_request& r) {
  counters_->last_request_ms = steady_ms();
  seen_incomplete_ = true;
  // libtorrent reads only as much as fits its send buffer; the request queue tells more.
  if (const auto torrent = torrent_.lock(); torrent && !connection_.is_choked())
    torrent->expect(to_number(r.piece));
  return false;
}

void serve_peer::sent_payload(int bytes) {
  tally_.told(static_cast<std::uint64_t>(bytes));
  counters_->bytes_sent += static_cast<std::uint64_t>(bytes);
}

void serve_peer::sent_piece(const lt::peer_request& r) {
  tally_.queued(static_cast<std::uint32_t>(r.length));
  const auto piece = to_number(r.piece);
  if (piece < has_.size() && !has_[piece]) sent_[piece] += static_cast<std::uint32_t>(r.length);
}

void serve_peer::on_disconnect(const lt::error_code&) {
  // Whoever leaves on its last piece does so before it names it: what it was given in full counts.
  if (const auto torrent = torrent_.lock(); torrent && !complete_ && !has_.empty()) {
    const auto given = [&](const auto& s) {
      return s.second >= torrent->metadata().map.piece_size(s.first);
    };
    const auto held =
        has_count_ + static_cast<std::size_t>(std::count_if(sent_.begin(), sent_.end(), given));
    complete_ = held == has_.size();
    count_complete(false);
  }
  const auto connection = connection_.native_handle();
  if (!connection) return;
  const auto& told = connection->statistics();
  counters_->bytes_sent += tally_.left(
      acknowledged_bytes(*connection),
      static_cast<std::uint64_t>(told.total_payload_upload() + told.total_protocol_upload()),
      complete_);
}

void serve_peer::sent_reject_request(const lt::peer_request& r) {
  if (withdrawn_.size() < max_withdrawn_pieces)
    withdrawn_.try_emplace(to_number(r.piece), steady_ms());
}

void serve_peer::say_have(const std::vector<std::uint32_t>& pieces) {
  if (pieces.empty() || connection_.in_handshake() || connection_.is_disconnecting()) return;
  bytes out;
  for (const auto piece : pieces) big_endian_writer(out).u32(5).u8(msg_have).u32(piece);
  connection_.send_buffer(reinterpret_cast<const char*>(out.data()), static_cast<int>(out.size()));
}

void serve_peer::offer_again(const serve_torrent& torrent, std::uint64_t now_ms) {
  std::vector<std::uint32_t> out;
  for (auto at = withdrawn_.begin(); at != withdrawn_.end();) {
    const auto [piece, since] = *at;
    if (now_ms < since + offer_again_ms || !torrent.obtainable(piece)) {
      ++at;
      continue;
    }
    out.push_back(piece);
    at = withdrawn_.erase(at);
  }
  say_have(out);
}

void serve_peer::count_complete(bool after_start) {
  if (after_start) seen_incomplete_ = true;
  if (!complete_ || !seen_incomplete_ || counted_) return;
  counted_ = true;
  ++counters_->completed;
}

bool serve_peer::on_have(lt::piece_index_t piece) {
  const auto p = to_number(piece);
  if (p < has_.size() && !has_[p]) {
    has_[p] = true;
    sent_.erase(p);
    complete_ = ++has_count_ == has_.size();
    count_complete(true);
  }
  return false;
}

bool serve_peer::on_bitfield(const lt::bitfield& pieces) {
  // aria2 sends bitfields in mid-session instead of many HAVEs.
  has_count_ = 0;
  for (std::size_t p = 0; p < has_.size(); ++p) {
    has_[p] = static_cast<int>(p) < pieces.size() && pieces.get_bit(static_cast<int>(p));
    has_count_ += has_[p] ? 1 : 0;
    if (has_[p]) sent_.erase(static_cast<std::uint32_t>(p));
  }
  complete_ = has_count_ == has_.size();
  if (!complete_) seen_incomplete_ = true;
  count_complete(false);
  return false;
}

bool serve_peer::on_have_all() {
  has_.assign(has_.size(), true);
  has_count_ = has_.size();
  complete_ = true;
  count_complete(false);
  return false;
}

std::shared_ptr<lt::peer_plugin>
serve_plugin::new_connection(const lt::peer_connection_handle& connection) {
  auto peer = std::make_shared<serve_peer>(connection, torrent_, torrent_->counters(),
                                           torrent_->metadata().map.piece_count());
  torrent_->peer_joined(peer);
  return peer;
}

void serve_plugin::tick() { torrent_->tick(); }

void serve_plugin::on_files_checked() { torrent_->ready(); }

} // namespace interswarm::bittorrent
