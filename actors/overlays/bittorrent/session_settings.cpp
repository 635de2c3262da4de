#include "actors/overlays/bittorrent/session_settings.hpp"

#include "actors/overlays/bittorrent/peer_limits.hpp"
#include "schema/base/encoding.hpp"

#include <libtorrent/add_torrent_params.hpp>
#include <libtorrent/alert_types.hpp>
#include <libtorrent/extensions/smart_ban.hpp>
#include <libtorrent/extensions/ut_metadata.hpp>
#include <libtorrent/extensions/ut_pex.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/settings_pack.hpp>

#include <algorithm>
#include <chrono>

namespace interswarm::bittorrent {
namespace lt = libtorrent;
namespace {

using pack = lt::settings_pack;

void set_common(pack& p, const peer_options& o) {
  p.set_bool(pack::enable_dht, o.dht);
  p.set_bool(pack::enable_lsd, o.local_discovery);
  p.set_bool(pack::enable_upnp, o.port_mapping);
  p.set_bool(pack::enable_natpmp, o.port_mapping);
  p.set_bool(pack::enable_outgoing_utp, o.outgoing_utp);
  p.set_bool(pack::allow_multiple_connections_per_ip, o.several_connections_per_address);
  p.set_str(pack::user_agent, o.user_agent);
  p.set_str(pack::peer_fingerprint, o.peer_id_prefix);
  p.set_int(pack::connections_limit, static_cast<int>(o.connections));
  p.set_int(pack::unchoke_slots_limit, static_cast<int>(o.upload_slots));
  p.set_int(pack::upload_rate_limit, static_cast<int>(o.upload_bytes_per_second));
  p.set_int(pack::max_metadata_size, static_cast<int>(max_info_bytes));
  p.set_int(pack::max_piece_count, static_cast<int>(max_pieces));
  p.set_int(pack::alert_mask, lt::alert_category::error | lt::alert_category::status);
  p.set_int(pack::alert_queue_size, 1000);
  p.set_int(pack::connection_speed, 100);
  // Between two reads a fetch wants nothing, and a served torrent that can give no more at the
  // moment soon may: neither is "upload only", and both sides should stay.
  p.set_bool(pack::close_redundant_connections, false);
  p.set_int(pack::min_reconnect_time, 2);
  p.set_int(pack::max_failcount, 20);
  p.set_int(pack::peer_connect_timeout, 10);
  // A taken port is the operator's mistake, not a reason to move to another.
  p.set_int(pack::max_retry_port_bind, 0);
  p.set_bool(pack::listen_system_port_fallback, false);
}

std::string interfaces(const std::vector<endpoint>& listen) {
  std::string out;
  for (const auto& e : listen) out += (out.empty() ? "" : ",") + e.to_string();
  return out;
}

lt::session_params params(pack p) { return {std::move(p), {}}; }

} // namespace

lt::session_params serve_settings(const peer_options& o) {
  pack p;
  set_common(p, o);
  p.set_str(pack::listen_interfaces, interfaces(o.listen));
  // Our disk checks every piece before a byte of it leaves; see source_disk.
  p.set_bool(pack::disable_hash_checks, true);
  // Reads of a distant source take their time: enough must be asked for at once.
  p.set_int(pack::send_buffer_low_watermark, 1 << 20);
  p.set_int(pack::send_buffer_watermark, 4 << 20);
  p.set_int(pack::send_buffer_watermark_factor, 50);
  return params(std::move(p));
}

lt::session_params fetch_settings(const peer_options& o) {
  pack p;
  set_common(p, o);
  std::vector<endpoint> any;
  for (auto e : o.listen) {
    e.port = 0; // the advertised port is the serving session's
    if (std::find(any.begin(), any.end(), e) == any.end()) any.push_back(e);
  }
  p.set_str(pack::listen_interfaces, interfaces(any));
  p.set_int(pack::request_timeout, 20);
  // A seed that sees us complete may take our address for a seed's from then on (Transmission 3
  // does, for hours) and refuse the next fetch of what we no longer hold.
  p.set_bool(pack::send_redundant_have, false);
  p.set_int(pack::max_queued_disk_bytes, 16 << 20);
  return params(std::move(p));
}

void add_extensions(lt::add_torrent_params& p, const peer_options& o, bool fetching) {
  p.extensions.emplace_back(&lt::create_ut_metadata_plugin);
  if (fetching) p.extensions.emplace_back(&lt::create_smart_ban_plugin);
  if (o.peer_exchange) p.extensions.emplace_back(&lt::create_ut_pex_plugin);
  using namespace lt::torrent_flags;
  p.flags &= ~(auto_managed | paused);
  if (!o.dht) p.flags |= disable_dht;
  if (!o.local_discovery) p.flags |= disable_lsd;
  if (!o.peer_exchange) p.flags |= disable_pex;
}

lt::tcp::endpoint to_libtorrent(const endpoint& e) {
  const auto raw = e.address.network_bytes();
  if (e.address.is_v4()) return {lt::address_v4(e.address.to_v4()), e.port};
  lt::address_v6::bytes_type v6{};
  std::copy_n(raw.begin(), std::min(raw.size(), v6.size()), v6.begin());
  return {lt::address_v6(v6), e.port};
}

endpoint from_libtorrent(const lt::tcp::endpoint& e) {
  if (e.address().is_v4()) return {ip_address::v4(e.address().to_v4().to_uint()), e.port()};
  const auto raw = e.address().to_v6().to_bytes();
  return {ip_address::from_bytes(byte_view(raw.data(), raw.size())).value_or(ip_address{}),
          e.port()};
}

result<std::vector<endpoint>> wait_until_listening(lt::session& s, std::size_t sockets) {
  std::vector<endpoint> out;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (out.size() < sockets && std::chrono::steady_clock::now() < until) {
    s.wait_for_alert(std::chrono::milliseconds(100));
    std::vector<lt::alert*> alerts;
    s.pop_alerts(&alerts);
    for (const auto* a : alerts) {
      if (const auto* failed = lt::alert_cast<lt::listen_failed_alert>(a))
        return fail(errc::io,
                    "cannot listen on " +
                        from_libtorrent({failed->address, static_cast<std::uint16_t>(failed->port)})
                            .to_string() +
                        ": " + printable(failed->error.message()));
      const auto* open = lt::alert_cast<lt::listen_succeeded_alert>(a);
      if (open != nullptr && open->socket_type == lt::socket_type_t::tcp)
        out.push_back(from_libtorrent({open->address, static_cast<std::uint16_t>(open->port)}));
    }
  }
  if (out.size() < sockets) return fail(errc::io, "the BitTorrent ports did not open in 5 s");
  return out;
}

} // namespace interswarm::bittorrent
