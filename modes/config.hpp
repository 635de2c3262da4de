#pragma once

#include "actors/bridge/policy.hpp"
#include "schema/base/endpoint.hpp"
#include "schema/base/result.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace interswarm {

class config_reader;

/// Sections [node], [[neighbour]] and [bridge] of a node's configuration file. An overlay's own
/// sections are read by its wiring (modes/overlay_*.cpp).
struct node_config {
  /// This operator's domain: what neighbours and ledgers call the node. With TLS it is the
  /// certificate's name.
  std::string domain = "local";
  /// Folder for the database, the spool and the node's lasting identities; made if it is not there.
  std::filesystem::path data = "interswarm-data";
  /// trace, debug, info, warning, error, off
  std::string log = "info";
  /// Where neighbours and client commands connect.
  std::string listen = "127.0.0.1:7400";
  /// Folder of certificates made by `interswarm keys`; empty: plain TCP, on loopback only.
  std::string keys;
  /// Allows plain TCP beyond loopback: only for networks that are themselves protected.
  bool plain_tcp = false;
  /// Certificate names that may use the operator's commands, beside this machine's own users.
  std::vector<std::string> operators{"operator"};
  /// Event loops; 0 = one for each core, at least 2.
  std::uint32_t loops = 0;
  /// How long an ordered shutdown may take.
  std::chrono::seconds grace{10};

  struct neighbour {
    std::string domain;
    /// "host:port"; empty: it dials us.
    std::string address;
  };
  std::vector<neighbour> neighbours;
  bridge::policy policy;
};

/// Reads the sections above from an open file; the caller reads the rest and finishes.
void read_node_config(config_reader& file, node_config& out);

} // namespace interswarm
