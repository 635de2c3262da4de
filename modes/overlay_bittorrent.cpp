#include "actors/bridge/tracker_group.hpp"
#include "actors/overlays/bittorrent/peer.hpp"
#include "actors/overlays/bittorrent/registrar.hpp"
#include "actors/overlays/bittorrent/tracker.hpp"
#include "modes/config_reader.hpp"
#include "modes/overlay.hpp"
#include "schema/bittorrent/magnet.hpp"
#include "schema/bittorrent/record.hpp"

#include <algorithm>

namespace interswarm {

namespace {

/// Sections [bittorrent.tracker], [bittorrent.registrar] and [bittorrent.peer].
class bittorrent_overlay final : public overlay {
public:
  std::string name() const override { return std::string(bittorrent::overlay_word); }
  bool configured() const override { return tracker_ || peer_ || !trackers_.empty(); }
  void read(config_reader& file) override;
  result<started_overlay> start(const overlay_surroundings& around) override;
  std::string link(const msg::name_record& record,
                   const std::vector<msg::door>& doors) const override;

private:
  void read_tracker(config_reader& r);
  void read_peer(config_reader& r);
  result<void> start_peer(const overlay_surroundings& around, started_overlay& out);
  result<void> start_directories(const overlay_surroundings& around, started_overlay& out);
  bittorrent::own_peer_options own(const overlay_surroundings& around) const;

  std::optional<bittorrent::tracker_options> tracker_;
  std::optional<bittorrent::peer_options> peer_;
  std::vector<std::string> trackers_;
  bool keep_swarms_ = true;
  bittorrent::registrar_timing timing_;
  double price_per_gib_ = 0;
};

void bittorrent_overlay::read(config_reader& file) {
  file.table("bittorrent", [this](config_reader& r) {
    r.read("price_per_gib", price_per_gib_);
    r.table("tracker", [this](config_reader& s) { read_tracker(s); });
    r.table("peer", [this](config_reader& s) { read_peer(s); });
    r.table("registrar", [this](config_reader& s) {
      s.read("trackers", trackers_);
      s.read("scrape_interval", timing_.scrape_interval_s);
      s.read("min_sources", timing_.min_sources);
      if (!peer_ && !trackers_.empty()) {
        s.reject("trackers", "a registrar announces our peer: [bittorrent.peer] is wanted");
      }
    });
  });
}

void bittorrent_overlay::read_tracker(config_reader& r) {
  bittorrent::tracker_options o;
  std::vector<std::string> proxies;
  r.read("listen", o.listen);
  r.read("udp", o.udp);
  r.read("http", o.http);
  r.read("udp_threads", o.udp_threads);
  r.read("udp_packets_per_address", o.udp_packets_per_address);
  r.read("http_requests_per_address", o.http_requests_per_address);
  r.read("http_connections", o.http_connections);
  r.read("http_proxies", proxies);
  r.read("stats_for_everybody", o.stats_for_everybody);
  r.read("retry_minutes", o.retry_minutes);
  r.read("keep_swarms", keep_swarms_);
  r.read("allow_list", o.allow_list_file);
  r.read("deny_list", o.deny_list_file);
  r.read("interval", o.swarms.interval_s);
  r.read("min_interval", o.swarms.min_interval_s);
  for (const auto& text : proxies) {
    if (const auto address = ip_address::parse(text)) {
      o.http_proxies.push_back(*address);
    } else {
      r.reject("http_proxies", "\"" + text + "\" is no address");
    }
  }
  tracker_ = std::move(o);
}

void bittorrent_overlay::read_peer(config_reader& r) {
  bittorrent::peer_options o;
  o.listen = {{ip_address::v4(0), 6881}};
  o.spool_directory.clear();
  r.read("listen", o.listen);
  r.read("connections", o.connections);
  r.read("upload_slots", o.upload_slots);
  r.read("upload_bytes_per_second", o.upload_bytes_per_second);
  r.read("spool", o.spool_directory);
  r.read("piece_cache_bytes", o.piece_cache_bytes);
  r.read("source_deadline_ms", o.source_deadline_ms);
  r.read("read_ahead_bytes", o.read_ahead_bytes);
  r.read("idle_ms", o.idle_ms);
  r.read("dht", o.dht);
  r.read("local_discovery", o.local_discovery);
  r.read("port_mapping", o.port_mapping);
  r.read("peer_exchange", o.peer_exchange);
  r.read("outgoing_utp", o.outgoing_utp);
  r.read("several_connections_per_address", o.several_connections_per_address);
  peer_ = std::move(o);
}

bittorrent::own_peer_options bittorrent_overlay::own(const overlay_surroundings& around) const {
  bittorrent::own_peer_options out;
  const std::string prefix = peer_ ? peer_->peer_id_prefix : "-IS0100-";
  const auto id = around.identity("bittorrent peer id", out.id.size());
  std::copy(id.begin(), id.end(), out.id.begin());
  std::copy_n(prefix.begin(), std::min(prefix.size(), out.id.size()), out.id.begin());
  const auto key = around.identity("bittorrent tracker key", 4);
  for (const auto b : key) out.key = (out.key << 8) | b;
  if (out.key == 0) out.key = 1;
  if (peer_) out.listen = peer_->listen;
  return out;
}

result<void> bittorrent_overlay::start_peer(const overlay_surroundings& around,
                                            started_overlay& out) {
  if (peer_->spool_directory.empty()) {
    peer_->spool_directory = (around.data / "spool" / "bittorrent").string();
  }
  std::error_code failure;
  std::filesystem::create_directories(peer_->spool_directory, failure);
  if (failure) {
    return fail(errc::io, peer_->spool_directory + ": cannot be made: " + failure.message());
  }
  auto started = bittorrent::spawn_peer(around.home, *peer_);
  if (!started) {
    return fail(started.error().code, "[bittorrent.peer] listen: " + started.error().text);
  }
  out.face.peer = std::move(*started);
  for (const auto& e : peer_->listen) {
    out.addresses.push_back("peer " + e.to_string());
    out.doors.push_back({name(), e.to_string(), "peer"});
  }
  return {};
}

result<void> bittorrent_overlay::start_directories(const overlay_surroundings& around,
                                                   started_overlay& out) {
  std::vector<msg::tracker_actor> directories;
  if (tracker_) {
    if (keep_swarms_) tracker_->state_file = (around.data / "bittorrent-swarms").string();
    auto started = bittorrent::spawn_tracker(around.home, *tracker_, own(around));
    if (!started) {
      return fail(started.error().code, "[bittorrent.tracker] listen: " + started.error().text);
    }
    const auto opened = [&](const std::string& scheme, const endpoint& e) {
      out.addresses.push_back("tracker " + scheme + e.to_string());
      out.doors.push_back({name(), scheme + e.to_string() + "/announce", "tracker"});
    };
    for (const auto& e : started->udp) opened("udp://", e);
    for (const auto& e : started->http) opened("http://", e);
    directories.push_back(std::move(started->actor));
  }
  for (const auto& url : trackers_) {
    bittorrent::registrar_options o;
    o.url = url;
    o.timing = timing_;
    auto started = bittorrent::spawn_registrar(around.home, o, own(around));
    if (!started) {
      return fail(started.error().code, "[bittorrent.registrar] trackers: " + started.error().text);
    }
    directories.push_back(std::move(*started));
    out.doors.push_back({name(), url, "tracker"});
  }
  if (directories.size() == 1) {
    out.face.tracker = std::move(directories.front());
  } else {
    out.face.tracker =
        runtime::spawn_on<bridge::tracker_group>(around.home, std::move(directories));
  }
  return {};
}

result<started_overlay> bittorrent_overlay::start(const overlay_surroundings& around) {
  started_overlay out;
  out.face.overlay = name();
  out.face.price_per_gib = price_per_gib_;
  if (peer_) {
    if (auto done = start_peer(around, out); !done) return tl::unexpected(done.error());
  }
  if (auto done = start_directories(around, out); !done) return tl::unexpected(done.error());
  return out;
}

std::string bittorrent_overlay::link(const msg::name_record& record,
                                     const std::vector<msg::door>& doors) const {
  if (record.name.overlay != name()) return {};
  auto magnet = bittorrent::parse_magnet(record.uri);
  if (!magnet) {
    const auto torrent = bittorrent::make_metainfo(record);
    if (!torrent) return record.uri;
    magnet = bittorrent::make_magnet(*torrent);
  }
  for (const auto& d : doors) {
    if (d.overlay != name()) continue;
    (d.kind == "tracker" ? magnet->trackers : magnet->peers).push_back(d.address);
  }
  return to_string(*magnet);
}

} // namespace

std::unique_ptr<overlay> make_bittorrent_overlay() {
  return std::make_unique<bittorrent_overlay>();
}

} // namespace interswarm
