#include "modes/node_parts.hpp"

#include "actors/runtime/log.hpp"
#include "modes/config_reader.hpp"

#include <algorithm>
#include <iostream>
#include <thread>

namespace interswarm {

result<node_settings> read_node_settings(const std::string& file,
                                         const std::function<void(config_reader&)>& more) {
  auto reader = config_reader::open(file);
  if (!reader) return tl::unexpected(error{errc::configuration, reader.error().text});
  node_settings out;
  read_node_config(*reader, out.node);
  for (auto& o : out.overlays) o->read(*reader);
  if (more) more(*reader);
  if (auto done = reader->finish(); !done) return tl::unexpected(done.error());
  if (!runtime::set_log_level(out.node.log)) {
    return fail(errc::configuration,
                file + ": node.log: one of trace, debug, info, warning, error, off is wanted");
  }
  return out;
}

runtime::system_options system_options_of(const node_config& cfg,
                                          const std::vector<std::string>& blocking) {
  runtime::system_options out;
  const auto count = cfg.loops != 0 ? cfg.loops : std::max(2u, std::thread::hardware_concurrency());
  out.loops.clear();
  for (std::uint32_t i = 0; i < count; ++i) out.loops.push_back("loop-" + std::to_string(i));
  out.loops.insert(out.loops.end(), blocking.begin(), blocking.end());
  // Beside the loops: hashing and verifying, which blocks too.
  out.workers = std::max<std::size_t>(4, std::thread::hardware_concurrency());
  out.grace = cfg.grace;
  return out;
}

result<started_overlays> start_overlays(const std::vector<std::unique_ptr<overlay>>& overlays,
                                        runtime::system& system, std::size_t io_loops,
                                        const node_folder& folder) {
  started_overlays out;
  std::size_t next = 0;
  for (const auto& o : overlays) {
    if (!o->configured()) continue;
    overlay_surroundings around{system.actors(), system.home(next++ % io_loops), folder.path(),
                                [&folder](const std::string& purpose, std::size_t count) {
                                  return folder.identity(purpose, count);
                                }};
    auto started = o->start(around);
    if (!started) return tl::unexpected(started.error());
    system.enlist(runtime::stage::faces, o->name() + " tracker", started->face.tracker);
    // A node that is nothing but a tracker has no peer.
    if (started->face.peer)
      system.enlist(runtime::stage::faces, o->name() + " peer", started->face.peer);
    for (auto& a : started->addresses) out.addresses.push_back(o->name() + " " + a);
    for (auto& d : started->doors) out.doors.push_back(std::move(d));
    out.faces.push_back(std::move(started->face));
  }
  return out;
}

result<std::optional<runtime::tls_identity>> identity_of(const node_config& cfg) {
  if (cfg.keys.empty()) return std::optional<runtime::tls_identity>{};
  auto loaded = runtime::tls_identity::load(cfg.keys, cfg.domain);
  if (!loaded) return tl::unexpected(loaded.error());
  return std::optional<runtime::tls_identity>(std::move(*loaded));
}

int report_failure(const error& e) {
  std::cerr << "interswarm: " << to_string(e) << "\n";
  return e.code == errc::configuration ? 2 : 1;
}

int run_node(const node_config& cfg, const std::vector<std::string>& blocking,
             const node_starter& start) {
  auto folder = node_folder::open(cfg.data);
  if (!folder) return report_failure(folder.error());
  runtime::system system(system_options_of(cfg, blocking));
  std::shared_ptr<void> parts;
  const auto started = start(system, *folder, parts);
  if (started) {
    for (const auto& a : *started) std::cout << a << "\n";
    std::cout << "ready" << std::endl;
    system.wait_for_stop();
    runtime::log().info("stopping");
  }
  const auto killed = system.shut_down();
  if (!started) return report_failure(started.error());
  return killed.empty() ? 0 : 1;
}

} // namespace interswarm
