#include "modes/compare/live/crowd.hpp"

#include "actors/overlays/bittorrent/peer.hpp"
#include "actors/overlays/bittorrent/registrar.hpp"
#include "actors/overlays/ed2k/peer.hpp"
#include "actors/overlays/ed2k/registrar.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/system.hpp"
#include "modes/compare/live/node_files.hpp"
#include "modes/compare/live/peer_events.hpp"
#include "modes/compare/live/player.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <random>
#include <sched.h>
#include <thread>
#include <unistd.h>

namespace interswarm::compare {

namespace {

using namespace std::chrono_literals;

/// Of one client each; there are many.
constexpr std::uint32_t connections = 60;
constexpr std::uint64_t piece_cache_bytes = std::uint64_t{8} << 20;
constexpr std::size_t part_cache_bytes = std::size_t{40} << 20;
/// The sockets of a client that has just left are closed within moments.
constexpr int join_tries = 50;
constexpr auto join_pause = 100ms;

/// While it lives, the thread makes sockets and threads in that network namespace.
class inside_network {
public:
  explicit inside_network(int network)
      : before_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)),
        entered_(::setns(network, CLONE_NEWNET) == 0) {}
  ~inside_network() {
    ::setns(before_, CLONE_NEWNET);
    ::close(before_);
  }
  inside_network(const inside_network&) = delete;
  inside_network& operator=(const inside_network&) = delete;
  bool entered() const { return entered_; }

private:
  int before_;
  bool entered_;
};

class crowd {
public:
  crowd(const crowd_scene& scene, runtime::system& system) : scene_(scene), system_(system) {}

  result<void> gather();
  void live();

private:
  struct member {
    std::shared_ptr<runtime::loop> home;
    caf::actor hand;
  };
  void happen(const peer_event& e);
  result<player_joins> make_faces(peer_id n);
  result<player_joins> make_torrent_faces(peer_id n, const site& at, const std::string& spool);
  result<player_joins> make_ed2k_faces(peer_id n, const site& at, const std::string& spool);
  std::string tracker(peer_id n) const {
    return tracker_of(*scene_.what, *scene_.lab, scene_.what->peers[n].overlay);
  }
  std::mt19937_64 random_of(peer_id n) const {
    return std::mt19937_64(scene_.what->seed * 1'000'003 + n);
  }

  const crowd_scene& scene_;
  runtime::system& system_;
  std::vector<member> members_;
};

result<void> crowd::gather() {
  const auto world = std::make_shared<player_world>();
  world->what = scene_.what;
  world->contents = scene_.contents;
  world->shared = scene_.shared;
  for (const auto& c : *scene_.contents) {
    world->files.push_back(mapped_file::open(c.file));
    if (!world->files.back()) return fail(errc::io, c.file + " cannot be read");
  }
  members_.resize(scene_.what->peers.size());
  for (peer_id n = 0; n < scene_.what->peers.size(); ++n) {
    if (!scene_.what->peers[n].client.empty()) continue; // see client_peer.hpp
    const inside_network inside(scene_.networks[n]);
    if (!inside.entered()) return fail(errc::io, "a peer's network cannot be entered");
    auto& m = members_[n];
    m.home = runtime::loop::start(system_.actors(), "peer-" + std::to_string(n));
    m.hand = runtime::spawn_on<player>(*m.home, world, n);
  }
  return {};
}

result<player_joins> crowd::make_torrent_faces(peer_id n, const site& at,
                                               const std::string& spool) {
  auto& home = *members_[n].home;
  bittorrent::peer_options o;
  o.listen = {{at.address, torrent_port}};
  o.connections = connections;
  o.piece_cache_bytes = piece_cache_bytes;
  o.worker_threads = 1;
  // The face gives and takes in two sessions, which are two clients at one address for others.
  o.several_connections_per_address = true;
  o.spool_directory = spool;
  auto peer = bittorrent::spawn_peer(home, o);
  if (!peer) return tl::unexpected(peer.error());
  bittorrent::own_peer_options own;
  auto random = random_of(n);
  for (auto& b : own.id) b = static_cast<byte>('a' + random() % 26);
  std::copy_n(o.peer_id_prefix.begin(), o.peer_id_prefix.size(), own.id.begin());
  own.key = n + 1;
  own.listen = o.listen;
  bittorrent::registrar_options r;
  r.url = tracker(n);
  auto registrar = bittorrent::spawn_registrar(home, r, own);
  if (!registrar) return tl::unexpected(registrar.error());
  return player_joins{std::move(*peer), std::move(*registrar)};
}

result<player_joins> crowd::make_ed2k_faces(peer_id n, const site& at, const std::string& spool) {
  auto& home = *members_[n].home;
  ed2k::peer_options o;
  o.listen = {at.address, ed2k_port};
  o.nick = at.name;
  o.cache_bytes = part_cache_bytes;
  o.spool_dir = spool;
  auto random = random_of(n);
  for (auto& b : o.user_hash) b = static_cast<byte>(random() & 0xFF);
  // eMule's marks: clients take a peer without them for an old one.
  o.user_hash[5] = 0x0E;
  o.user_hash[14] = 0x6F;
  auto peer = ed2k::spawn_peer(home, o);
  if (!peer) return tl::unexpected(peer.error());
  ed2k::registrar_options r;
  const auto server = endpoint::parse(tracker(n));
  r.host = server->address.to_string();
  r.port = server->port;
  r.nick = at.name;
  r.own = {o.listen, o.user_hash};
  auto registrar = ed2k::spawn_registrar(home, std::move(r));
  if (!registrar) return tl::unexpected(registrar.error());
  return player_joins{std::move(*peer), msg::tracker_actor(std::move(*registrar))};
}

result<player_joins> crowd::make_faces(peer_id n) {
  const auto& at = *scene_.lab->find(site_role::peer, n);
  const auto spool = scene_.folder + "/" + at.name;
  std::error_code code;
  std::filesystem::create_directories(spool, code);
  const inside_network inside(scene_.networks[n]);
  const auto& kind = scene_.what->overlays[at.overlay].kind;
  return kind == "bittorrent" ? make_torrent_faces(n, at, spool) : make_ed2k_faces(n, at, spool);
}

void crowd::happen(const peer_event& e) {
  switch (e.what) {
  case peer_event::kind::wants:
    caf::anon_send(members_[scene_.what->requests[e.number].peer].hand, player_wants{e.number});
    return;
  case peer_event::kind::leaves: caf::anon_send(members_[e.number].hand, player_leaves{}); return;
  case peer_event::kind::joins: break;
  }
  auto faces = make_faces(e.number);
  for (int n = 0; !faces && n < join_tries; ++n) {
    std::this_thread::sleep_for(join_pause);
    faces = make_faces(e.number);
  }
  if (faces) {
    caf::anon_send(members_[e.number].hand, std::move(*faces));
  } else {
    scene_.shared.complain("peer " + std::to_string(e.number) +
                           " cannot join: " + to_string(faces.error()));
  }
}

void crowd::live() {
  const auto events =
      events_of(*scene_.what, [this](peer_id n) { return scene_.what->peers[n].client.empty(); });
  const auto& shared = scene_.shared;
  std::size_t next = 0;
  for (;
       next < events.size() && events[next].at <= 0 && events[next].what == peer_event::kind::joins;
       ++next)
    happen(events[next]);
  while (!shared.started()) std::this_thread::sleep_for(1ms);
  for (; next < events.size(); ++next) {
    const auto wait = events[next].at - shared.now();
    if (wait > 0) std::this_thread::sleep_for(std::chrono::duration<double>(wait));
    happen(events[next]);
  }
  for (;;) ::pause();
}

} // namespace

int run_crowd(const crowd_scene& scene) {
  runtime::set_log_level("info");
  runtime::system_options options;
  options.loops = {"crowd"};
  options.workers = 2;
  runtime::system system(std::move(options));
  crowd all(scene, system);
  if (auto ok = all.gather(); !ok) {
    scene.shared.complain(to_string(ok.error()));
    return 1;
  }
  all.live();
  return 0;
}

} // namespace interswarm::compare
