#include "actors/bridge/tracker_group.hpp"
#include "actors/overlays/ed2k/peer.hpp"
#include "actors/overlays/ed2k/registrar.hpp"
#include "actors/overlays/ed2k/server.hpp"
#include "modes/config_reader.hpp"
#include "modes/overlay.hpp"
#include "schema/ed2k/link.hpp"
#include "schema/ed2k/record.hpp"

#include <charconv>

namespace interswarm {

namespace {

/// Sections [ed2k.server], [ed2k.registrar] and [ed2k.peer].
class ed2k_overlay final : public overlay {
public:
  std::string name() const override { return std::string(ed2k::overlay_word); }
  bool configured() const override { return server_ || peer_ || !servers_.empty(); }
  void read(config_reader& file) override;
  result<started_overlay> start(const overlay_surroundings& around) override;
  std::string link(const msg::name_record& record,
                   const std::vector<msg::door>& doors) const override;

private:
  void read_server(config_reader& r);
  void read_peer(config_reader& r);
  result<void> start_peer(const overlay_surroundings& around, started_overlay& out);
  result<void> start_directories(const overlay_surroundings& around, started_overlay& out);
  ed2k::own_peer own() const;

  std::optional<ed2k::server_options> server_;
  std::optional<ed2k::peer_options> peer_;
  std::vector<std::string> servers_;
  std::string nick_ = "interswarm";
  double price_per_gib_ = 0;
};

void ed2k_overlay::read(config_reader& file) {
  file.table("ed2k", [this](config_reader& r) {
    r.read("price_per_gib", price_per_gib_);
    r.table("server", [this](config_reader& s) { read_server(s); });
    r.table("peer", [this](config_reader& s) { read_peer(s); });
    r.table("registrar", [this](config_reader& s) {
      s.read("servers", servers_);
      s.read("nick", nick_);
      if (!peer_ && !servers_.empty())
        s.reject("servers", "a registrar needs [ed2k.peer]: servers call its port");
    });
  });
}

void ed2k_overlay::read_server(config_reader& r) {
  ed2k::server_options o;
  o.listen = {ip_address::v4(0x7F000001), 4661};
  std::uint64_t users = o.max_users;
  std::uint64_t connections = o.max_connections_per_address;
  r.read("listen", o.listen);
  r.read("public_address", o.public_address);
  r.read("name", o.name);
  r.read("description", o.description);
  r.read("message_of_the_day", o.message_of_the_day);
  r.read("servers", o.servers);
  r.read("max_users", users);
  r.read("max_connections_per_address", connections);
  r.read("few_sources", o.few_sources);
  r.read("callback_test", o.callback_test);
  o.max_users = users;
  o.max_connections_per_address = connections;
  server_ = std::move(o);
}

void ed2k_overlay::read_peer(config_reader& r) {
  ed2k::peer_options o;
  std::string public_address;
  std::uint64_t slots = o.upload_slots;
  std::uint64_t cache = o.cache_bytes;
  o.spool_dir.clear();
  r.read("listen", o.listen);
  r.read("udp_port", o.udp_port);
  r.read("public_address", public_address);
  r.read("nick", o.nick);
  r.read("upload_slots", slots);
  r.read("cache_bytes", cache);
  r.read("spool", o.spool_dir);
  r.read("read_ahead_bytes", o.read_ahead_bytes);
  r.read("compress", o.compress);
  o.upload_slots = slots;
  o.cache_bytes = cache;
  if (!public_address.empty()) {
    const auto address = ip_address::parse(public_address);
    if (!address) r.reject("public_address", "an address is wanted, such as \"198.51.100.7\"");
    o.public_address = address.value_or(ip_address{});
  }
  peer_ = std::move(o);
}

ed2k::own_peer ed2k_overlay::own() const {
  ed2k::own_peer out;
  if (!peer_) return out;
  out.address = peer_->listen;
  if (out.address.address.is_unspecified()) out.address.address = peer_->public_address;
  out.user_hash = peer_->user_hash;
  return out;
}

result<void> ed2k_overlay::start_peer(const overlay_surroundings& around, started_overlay& out) {
  const auto hash = around.identity("ed2k user hash", peer_->user_hash.size());
  std::copy(hash.begin(), hash.end(), peer_->user_hash.begin());
  // eMule's marks: clients take a peer without them for an old one.
  peer_->user_hash[5] = 0x0E;
  peer_->user_hash[14] = 0x6F;
  if (peer_->spool_dir.empty()) peer_->spool_dir = (around.data / "spool" / "ed2k").string();
  std::error_code failure;
  std::filesystem::create_directories(peer_->spool_dir, failure);
  if (failure) return fail(errc::io, peer_->spool_dir + ": cannot be made: " + failure.message());
  auto started = ed2k::spawn_peer(around.home, *peer_);
  if (!started) return fail(started.error().code, "[ed2k.peer] listen: " + started.error().text);
  out.face.peer = std::move(*started);
  out.addresses.push_back("peer " + peer_->listen.to_string());
  auto reached = peer_->listen;
  if (reached.address.is_unspecified() && !peer_->public_address.is_unspecified())
    reached.address = peer_->public_address;
  out.doors.push_back({name(), reached.to_string(), "peer"});
  return {};
}

result<void> ed2k_overlay::start_directories(const overlay_surroundings& around,
                                             started_overlay& out) {
  std::vector<msg::tracker_actor> directories;
  if (server_) {
    auto started = ed2k::spawn_server(around.home, *server_, own());
    if (!started)
      return fail(started.error().code, "[ed2k.server] listen: " + started.error().text);
    directories.emplace_back(started->tracker);
    out.addresses.push_back("server " + started->listen.to_string());
    out.doors.push_back({name(), started->listen.to_string(), "server"});
  }
  for (const auto& address : servers_) {
    ed2k::registrar_options o;
    const auto colon = address.rfind(':');
    const auto port =
        std::string_view(address).substr(colon == std::string::npos ? address.size() : colon + 1);
    const auto [end, bad] = std::from_chars(port.data(), port.data() + port.size(), o.port);
    if (colon == 0 || colon == std::string::npos || bad != std::errc{} ||
        end != port.data() + port.size()) {
      return fail(errc::configuration,
                  "[ed2k.registrar] servers: \"" + address + "\" is no HOST:PORT");
    }
    o.host = address.substr(0, colon);
    o.nick = nick_;
    o.own = own();
    auto started = ed2k::spawn_registrar(around.home, std::move(o));
    if (!started)
      return fail(started.error().code, "[ed2k.registrar] servers: " + started.error().text);
    directories.emplace_back(std::move(*started));
    // A foreign server tells nobody's demand: what can be given is offered there beforehand.
    out.face.standing = true;
  }
  if (directories.size() == 1) {
    out.face.tracker = std::move(directories.front());
  } else {
    out.face.tracker =
        runtime::spawn_on<bridge::tracker_group>(around.home, std::move(directories));
  }
  return {};
}

result<started_overlay> ed2k_overlay::start(const overlay_surroundings& around) {
  started_overlay out;
  out.face.overlay = name();
  out.face.price_per_gib = price_per_gib_;
  if (peer_) {
    if (auto done = start_peer(around, out); !done) return tl::unexpected(done.error());
  }
  if (auto done = start_directories(around, out); !done) return tl::unexpected(done.error());
  return out;
}

std::string ed2k_overlay::link(const msg::name_record& record,
                               const std::vector<msg::door>& doors) const {
  if (record.name.overlay != name()) return {};
  auto link = ed2k::parse_file_link(record.uri);
  if (!link) return record.uri;
  for (const auto& d : doors) {
    const auto at = endpoint::parse(d.address);
    if (d.overlay == name() && d.kind == "peer" && at)
      link->sources.push_back({at->address.to_string(), at->port, 0, std::nullopt});
  }
  return ed2k::to_string(*link);
}

} // namespace

std::unique_ptr<overlay> make_ed2k_overlay() { return std::make_unique<ed2k_overlay>(); }

} // namespace interswarm
