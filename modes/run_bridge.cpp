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
#include "modes/naming.hpp"
#include "modes/node_parts.hpp"
#include "schema/node.glue.hpp"

#include <random>

namespace interswarm {

namespace {

/// A running node: put together here, ended by its system in the opposite order.
class node {
public:
  node(node_settings s, const node_folder& folder, runtime::system& system)
      : settings_(std::move(s)), folder_(folder), system_(system) {}

  /// Gives what it listens on.
  result<std::vector<std::string>> start();

private:
  void start_bridge();
  result<void> start_listener();
  result<void> dial_neighbours();
  std::size_t io_loops() const { return system_.loops() - 1; }

  node_settings settings_;
  const node_folder& folder_;
  runtime::system& system_;
  std::vector<bridge::face> faces_;
  std::vector<std::string> addresses_;
  bridge::name_transfer_actor names_;
  bridge::handler_actor handler_;
  msg::control_actor control_;
};

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

result<void> node::start_listener() {
  const auto& cfg = settings_.node;
  auto mine = identity_of(cfg);
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
    auto mine = identity_of(cfg);
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

result<std::vector<std::string>> node::start() {
  auto names =
      bridge::spawn_name_transfer(system_.home(io_loops()), folder_.path() / "interswarm.db");
  if (!names) return tl::unexpected(names.error());
  names_ = std::move(*names);
  system_.enlist(runtime::stage::storage, "name transfer", names_);
  auto started = start_overlays(settings_.overlays, system_, io_loops(), folder_);
  if (!started) return tl::unexpected(started.error());
  if (started->faces.empty())
    return fail(errc::configuration, "no overlay is configured; add [bittorrent.tracker], "
                                     "[ed2k.server] or another section of one");
  faces_ = std::move(started->faces);
  addresses_ = std::move(started->addresses);
  start_bridge();
  if (auto listening = start_listener(); !listening) return tl::unexpected(listening.error());
  if (auto dialled = dial_neighbours(); !dialled) return tl::unexpected(dialled.error());
  return addresses_;
}

} // namespace

int run_bridge(const std::string& config_file) {
  auto read = read_node_settings(config_file, {});
  if (!read) return report_failure(read.error());
  const auto cfg = read->node;
  const auto start = [&](runtime::system& system, const node_folder& folder,
                         std::shared_ptr<void>& parts) {
    const auto made = std::make_shared<node>(std::move(*read), folder, system);
    parts = made;
    return made->start();
  };
  // SQLite blocks: the name transfer has a loop of its own.
  return run_node(cfg, {"storage"}, start);
}

} // namespace interswarm
