#include "modes/run_bridge.hpp"

#include "actors/bridge/message_handler.hpp"
#include "actors/bridge/name_transfer.hpp"
#include "actors/bridge/status_manager.hpp"
#include "actors/node/control.hpp"
#include "actors/node/entrance.hpp"
#include "actors/node/neighbour_link.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/rpc_dialer.hpp"
#include "actors/runtime/rpc_listener.hpp"
#include "actors/runtime/system.hpp"
#include "modes/config.hpp"
#include "modes/config_reader.hpp"
#include "modes/naming.hpp"
#include "modes/node_folder.hpp"
#include "modes/overlay.hpp"
#include "schema/node.glue.hpp"

#include <iostream>
#include <random>
#include <thread>

namespace interswarm {

namespace {

struct settings {
  node_config node;
  std::vector<std::unique_ptr<overlay>> overlays = all_overlays();
};

result<settings> read_settings(const std::string& file) {
  auto reader = config_reader::open(file);
  if (!reader) return tl::unexpected(error{errc::configuration, reader.error().text});
  settings out;
  read_node_config(*reader, out.node);
  for (auto& o : out.overlays) o->read(*reader);
  if (auto done = reader->finish(); !done) return tl::unexpected(done.error());
  if (!runtime::set_log_level(out.node.log)) {
    return fail(errc::configuration,
                file + ": node.log: one of trace, debug, info, warning, error, off is wanted");
  }
  return out;
}

runtime::system_options system_options_of(const node_config& cfg) {
  runtime::system_options out;
  const auto count = cfg.loops != 0 ? cfg.loops : std::max(2u, std::thread::hardware_concurrency());
  out.loops.clear();
  for (std::uint32_t i = 0; i < count; ++i) out.loops.push_back("loop-" + std::to_string(i));
  // SQLite blocks: the name transfer has a loop of its own, the last one.
  out.loops.push_back("storage");
  // Beside the loops: hashing and verifying, which blocks too.
  out.workers = std::max<std::size_t>(4, std::thread::hardware_concurrency());
  out.grace = cfg.grace;
  return out;
}

/// A running node: put together here, ended by its system in the opposite order.
class node {
public:
  node(settings s, node_folder folder, runtime::system& system)
      : settings_(std::move(s)), folder_(std::move(folder)), system_(system) {}

  result<void> start();
  void tell_ready() const;

private:
  result<void> start_overlays();
  void start_bridge();
  result<void> start_listener();
  result<void> dial_neighbours();
  result<std::optional<runtime::tls_identity>> identity() const;
  std::size_t io_loops() const { return system_.loops() - 1; }

  settings settings_;
  node_folder folder_;
  runtime::system& system_;
  std::vector<bridge::face> faces_;
  std::vector<std::string> addresses_;
  bridge::name_transfer_actor names_;
  bridge::handler_actor handler_;
  msg::control_actor control_;
};

result<void> node::start_overlays() {
  std::size_t next = 0;
  for (auto& o : settings_.overlays) {
    if (!o->configured()) continue;
    overlay_surroundings around{system_.actors(), system_.home(next++ % io_loops()), folder_.path(),
                                [this](const std::string& purpose, std::size_t count) {
                                  return folder_.identity(purpose, count);
                                }};
    auto started = o->start(around);
    if (!started) return tl::unexpected(started.error());
    system_.enlist(runtime::stage::faces, o->name() + " tracker", started->face.tracker);
    // A node that is nothing but a tracker has no peer.
    if (started->face.peer)
      system_.enlist(runtime::stage::faces, o->name() + " peer", started->face.peer);
    for (auto& a : started->addresses) addresses_.push_back(o->name() + " " + a);
    faces_.push_back(std::move(started->face));
  }
  if (faces_.empty()) {
    return fail(errc::configuration, "no overlay is configured; add [bittorrent.tracker], "
                                     "[ed2k.server] or another section of one");
  }
  return {};
}

void node::start_bridge() {
  const auto& cfg = settings_.node;
  auto& home = system_.home();
  auto status = runtime::spawn_on<bridge::status_manager>(home, cfg.domain, cfg.policy);
  bridge::message_handler::context ctx;
  ctx.domain = cfg.domain;
  ctx.rules = cfg.policy;
  ctx.names = names_;
  ctx.status = status;
  ctx.random_seed = std::random_device{}();
  ctx.random_seed = (ctx.random_seed << 32) ^ std::random_device{}();
  for (const auto& f : faces_) {
    // A tracker alone is no way to a content's bytes.
    if (f.peer) ctx.faces.push_back(f);
  }
  for (std::size_t i = 0; i < io_loops(); ++i) ctx.loops.push_back(&system_.home(i));
  handler_ = runtime::spawn_on<bridge::message_handler>(home, std::move(ctx));
  control::context operations;
  operations.handler = handler_;
  operations.names = names_;
  operations.namings = all_namings();
  operations.stop = [this] { system_.request_stop(); };
  control_ = runtime::spawn_on<control>(home, std::move(operations));
  system_.enlist(runtime::stage::sessions, "control", control_);
  system_.enlist(runtime::stage::sessions, "message handler", handler_);
  system_.enlist(runtime::stage::sessions, "status manager", status);
}

result<std::optional<runtime::tls_identity>> node::identity() const {
  const auto& cfg = settings_.node;
  if (cfg.keys.empty()) return std::optional<runtime::tls_identity>{};
  auto loaded = runtime::tls_identity::load(cfg.keys, cfg.domain);
  if (!loaded) return tl::unexpected(loaded.error());
  return std::optional<runtime::tls_identity>(std::move(*loaded));
}

result<void> node::start_listener() {
  const auto& cfg = settings_.node;
  auto mine = identity();
  if (!mine) return tl::unexpected(mine.error());
  runtime::listen_options options;
  options.address = cfg.listen;
  options.tls = std::move(*mine);
  options.allow_plain = cfg.plain_tcp;
  entrance::context ctx;
  ctx.domain = cfg.domain;
  ctx.handler = handler_;
  ctx.control = control_;
  ctx.operators = cfg.operators;
  for (const auto& n : cfg.neighbours) ctx.neighbours.push_back(n.domain);
  auto& home = system_.home();
  auto listener = runtime::start_listener<msg::node_actor>(
      home, std::move(options), [ctx, &home](const runtime::peer_identity& peer) {
        return msg::node_actor(runtime::spawn_on<entrance>(home, ctx, peer));
      });
  if (!listener) return fail(listener.error().code, "[node] listen: " + listener.error().text);
  system_.enlist(runtime::stage::intake, "listener", listener->handle);
  addresses_.push_back("node " + cfg.listen);
  return {};
}

result<void> node::dial_neighbours() {
  const auto& cfg = settings_.node;
  std::uint64_t seed = std::random_device{}();
  for (const auto& n : cfg.neighbours) {
    if (n.address.empty()) continue;
    auto mine = identity();
    if (!mine) return tl::unexpected(mine.error());
    auto& home = system_.home();
    auto joiner = runtime::spawn_on<neighbour_link>(home, cfg.domain, n.domain, handler_);
    runtime::dial_options options;
    options.address = n.address;
    options.tls = std::move(*mine);
    options.expected_name = n.domain;
    options.allow_plain = cfg.plain_tcp;
    options.longest_wait = std::chrono::seconds(5);
    options.seed = ++seed;
    auto dialer = runtime::start_dialer<msg::node_actor>(
        home, std::move(options),
        [joiner](msg::node_actor up) { caf::anon_send(joiner, node_up{std::move(up)}); },
        [joiner](const error& why) { caf::anon_send(joiner, node_down{to_string(why)}); });
    if (!dialer)
      return fail(dialer.error().code, "[[neighbour]] " + n.domain + ": " + dialer.error().text);
    system_.enlist(runtime::stage::intake, "dialler of " + n.domain, *dialer);
    system_.enlist(runtime::stage::intake, "link to " + n.domain, joiner);
  }
  return {};
}

result<void> node::start() {
  auto names =
      bridge::spawn_name_transfer(system_.home(io_loops()), folder_.path() / "interswarm.db");
  if (!names) return tl::unexpected(names.error());
  names_ = std::move(*names);
  system_.enlist(runtime::stage::storage, "name transfer", names_);
  if (auto done = start_overlays(); !done) return done;
  start_bridge();
  if (auto done = start_listener(); !done) return done;
  return dial_neighbours();
}

void node::tell_ready() const {
  for (const auto& a : addresses_) std::cout << a << "\n";
  std::cout << "ready" << std::endl;
}

int report(const error& e) {
  std::cerr << "interswarm: " << to_string(e) << "\n";
  return e.code == errc::configuration ? 2 : 1;
}

} // namespace

int run_bridge(const std::string& config_file) {
  auto read = read_settings(config_file);
  if (!read) return report(read.error());
  auto folder = node_folder::open(read->node.data);
  if (!folder) return report(folder.error());
  runtime::system system(system_options_of(read->node));
  result<void> started;
  {
    node running(std::move(*read), std::move(*folder), system);
    started = running.start();
    if (started) {
      running.tell_ready();
      system.wait_for_stop();
      runtime::log().info("stopping");
    }
    const auto killed = system.shut_down();
    if (started && !killed.empty()) return 1;
  }
  return started ? 0 : report(started.error());
}

} // namespace interswarm
