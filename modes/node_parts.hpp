#pragma once

#include "actors/runtime/system.hpp"
#include "actors/runtime/tls.hpp"
#include "modes/config.hpp"
#include "modes/node_folder.hpp"
#include "modes/overlay.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What both modes do alike.
namespace interswarm {

/// A node's configuration as far as both modes read it; `more` reads the sections of one mode.
struct node_settings {
  node_config node;
  std::vector<std::unique_ptr<overlay>> overlays = all_overlays();
};
result<node_settings> read_node_settings(const std::string& file,
                                         const std::function<void(config_reader&)>& more);

/// Loops for sockets and, behind them, one for each of `blocking`.
runtime::system_options system_options_of(const node_config& cfg,
                                          const std::vector<std::string>& blocking);

/// Overlays that were started, in the order of the configuration.
struct started_overlays {
  std::vector<bridge::face> faces;
  /// For people.
  std::vector<std::string> addresses;
  /// For clients.
  std::vector<msg::door> doors;
};
/// Starts those that are configured on the loops in turn and enlists their actors.
result<started_overlays> start_overlays(const std::vector<std::unique_ptr<overlay>>& overlays,
                                        runtime::system& system, std::size_t io_loops,
                                        const node_folder& folder);

/// The node's certificate, or nothing without TLS.
result<std::optional<runtime::tls_identity>> identity_of(const node_config& cfg);

/// Starts a node and gives what it listens on, for people. What is put into `parts` is kept until
/// all actors have ended, also when the start fails half-way.
using node_starter = std::function<result<std::vector<std::string>>(
    runtime::system&, const node_folder&, std::shared_ptr<void>& parts)>;

/// Opens the folder, makes the system, runs `start`, prints the addresses and "ready", and waits
/// for the end. Gives the process's exit code.
int run_node(const node_config& cfg, const std::vector<std::string>& blocking,
             const node_starter& start);
int report_failure(const error& e);

} // namespace interswarm
