#include "actors/bridge/tracker_group.hpp"
#include "actors/overlays/ppsp/peer.hpp"
#include "actors/overlays/ppsp/registrar.hpp"
#include "actors/overlays/ppsp/tracker.hpp"
#include "modes/config_reader.hpp"
#include "modes/overlay.hpp"
#include "schema/base/encoding.hpp"
#include "schema/ppsp/record.hpp"

namespace interswarm {

namespace {

/// Sections [ppsp.tracker], [ppsp.registrar] and [ppsp.peer].
class ppsp_overlay final : public overlay {
public:
  std::string name() const override { return std::string(ppsp::overlay_word); }
  bool configured() const override { return tracker_ || peer_ || !trackers_.empty(); }
  void read(config_reader& file) override;
  result<started_overlay> start(const overlay_surroundings& around) override;
  std::string link(const msg::name_record& record,
                   const std::vector<msg::door>& doors) const override;

private:
  void read_tracker(config_reader& r);
  void read_peer(config_reader& r);
  result<void> start_peer(const overlay_surroundings& around, started_overlay& out);
  result<void> start_trackers(const overlay_surroundings& around, started_overlay& out);

  std::optional<ppsp::tracker_options> tracker_;
  std::optional<ppsp::peer_options> peer_;
  std::vector<std::string> trackers_;
  std::string authorization_;
  double price_per_gib_ = 0;
};

void ppsp_overlay::read(config_reader& file) {
  file.table("ppsp", [this](config_reader& r) {
    r.read("price_per_gib", price_per_gib_);
    r.table("tracker", [this](config_reader& s) { read_tracker(s); });
    r.table("registrar", [this](config_reader& s) {
      s.read("trackers", trackers_);
      s.read("authorization", authorization_);
    });
    r.table("peer", [this](config_reader& s) {
      read_peer(s);
      if (!tracker_ && trackers_.empty())
        s.reject("listen", "a PPSP peer needs [ppsp.tracker] or [ppsp.registrar] to find others");
    });
    if (!peer_ && !trackers_.empty())
      r.reject("registrar", "a registrar needs [ppsp.peer]: it enters it there");
  });
}

void ppsp_overlay::read_tracker(config_reader& r) {
  ppsp::tracker_options o;
  r.read("listen", o.listen);
  r.read("connections", o.connections);
  r.read("allow_list", o.allow_list_file);
  r.read("deny_list", o.deny_list_file);
  r.read("track_timer", o.book.track_timer_s);
  r.read("max_peers", o.book.max_peers);
  r.read("max_swarms", o.book.max_swarms);
  r.read("max_memory_bytes", o.book.max_memory_bytes);
  r.read("min_sources", o.book.min_sources);
  r.read("requests_per_address", o.responder.requests_per_address);
  r.read("stats_for_everybody", o.responder.stats_for_everybody);
  std::vector<std::string> proxies;
  r.read("http_proxies", proxies);
  for (const auto& one : proxies) {
    const auto address = ip_address::parse(one);
    if (!address) r.reject("http_proxies", "\"" + printable(one, 60) + "\" is no address");
    o.responder.proxies.push_back(address.value_or(ip_address{}));
  }
  tracker_ = std::move(o);
}

void ppsp_overlay::read_peer(config_reader& r) {
  ppsp::peer_options o;
  o.spool_dir.clear();
  std::string public_address;
  std::uint64_t clients = o.clients;
  std::uint64_t sources = o.sources;
  r.read("listen", o.listen);
  r.read("public_address", public_address);
  r.read("spool", o.spool_dir);
  r.read("read_ahead_bytes", o.read_ahead_bytes);
  r.read("clients", clients);
  r.read("sources", sources);
  o.clients = clients;
  o.sources = sources;
  if (!public_address.empty()) {
    const auto address = ip_address::parse(public_address);
    if (!address) r.reject("public_address", "an address is wanted, such as \"198.51.100.7\"");
    o.public_address = address.value_or(ip_address{});
  }
  peer_ = std::move(o);
}

result<void> ppsp_overlay::start_peer(const overlay_surroundings& around, started_overlay& out) {
  if (peer_->spool_dir.empty()) peer_->spool_dir = (around.data / "spool" / "ppsp").string();
  std::error_code failure;
  std::filesystem::create_directories(peer_->spool_dir, failure);
  if (failure) return fail(errc::io, peer_->spool_dir + ": cannot be made: " + failure.message());
  auto started = ppsp::spawn_peer(around.home, *peer_);
  if (!started) return fail(started.error().code, "[ppsp.peer] listen: " + started.error().text);
  out.face.peer = std::move(*started);
  out.addresses.push_back("peer udp " + peer_->listen.to_string());
  auto reached = peer_->listen;
  if (reached.address.is_unspecified() && !peer_->public_address.is_unspecified())
    reached.address = peer_->public_address;
  out.doors.push_back({name(), reached.to_string(), "peer"});
  return {};
}

/// Our own tracker and those of others, as one.
result<void> ppsp_overlay::start_trackers(const overlay_surroundings& around,
                                          started_overlay& out) {
  std::vector<endpoint> own;
  if (peer_) {
    own = {peer_->listen};
    if (own.front().address.is_unspecified()) own.front().address = peer_->public_address;
  }
  std::vector<msg::tracker_actor> directories;
  if (tracker_) {
    auto started = ppsp::spawn_tracker(around.home, *tracker_,
                                       {to_hex(around.identity("ppsp peer id", 20)), own});
    if (!started) return fail(started.error().code, "[ppsp.tracker]: " + started.error().text);
    directories.push_back(std::move(started->actor));
    for (const auto& at : started->http) {
      out.addresses.push_back("tracker http://" + at.to_string());
      out.doors.push_back({name(), at.to_string(), "tracker"});
    }
  }
  for (const auto& url : trackers_) {
    ppsp::registrar_options o;
    o.url = url;
    o.own = own;
    o.authorization = authorization_;
    auto started = ppsp::spawn_registrar(around.home, std::move(o));
    if (!started)
      return fail(started.error().code, "[ppsp.registrar] trackers: " + started.error().text);
    directories.push_back(std::move(*started));
    // Such a tracker tells nobody's demand: what can be given is offered there beforehand.
    out.face.standing = true;
  }
  out.face.tracker =
      directories.size() == 1
          ? std::move(directories.front())
          : runtime::spawn_on<bridge::tracker_group>(around.home, std::move(directories));
  return {};
}

result<started_overlay> ppsp_overlay::start(const overlay_surroundings& around) {
  started_overlay out;
  out.face.overlay = name();
  out.face.price_per_gib = price_per_gib_;
  if (peer_) {
    if (auto done = start_peer(around, out); !done) return tl::unexpected(done.error());
  }
  if (auto done = start_trackers(around, out); !done) return tl::unexpected(done.error());
  return out;
}

std::string ppsp_overlay::link(const msg::name_record& record,
                               const std::vector<msg::door>& doors) const {
  if (record.name.overlay != name()) return {};
  auto link = ppsp::make_link(record);
  if (!link) return record.uri;
  for (const auto& d : doors) {
    const auto at = endpoint::parse(d.address);
    if (d.overlay == name() && d.kind == "peer" && at) link->peers.push_back(*at);
  }
  return ppsp::to_string(*link);
}

} // namespace

std::unique_ptr<overlay> make_ppsp_overlay() { return std::make_unique<ppsp_overlay>(); }

} // namespace interswarm
