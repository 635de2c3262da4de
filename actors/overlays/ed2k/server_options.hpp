#pragma once

#include "actors/overlays/ed2k/server_index.hpp"
#include "schema/base/endpoint.hpp"

#include <string>
#include <vector>

namespace interswarm::ed2k {

/// An ed2k server of our own: section [ed2k.server] of the configuration.
struct server_options {
  /// TCP; datagrams are taken 4 ports above. Port 0 takes any free pair.
  endpoint listen = {};
  /// What clients are told to be this server's address, when `listen` is not what they reach.
  endpoint public_address = {};
  std::string name = "interswarm";
  std::string description = "A server of an Interswarm node";
  /// Lines for people, '\n' between them, shown at login.
  std::string message_of_the_day = {};
  /// Other servers that clients are told of, at most `limits::max_listed_servers`.
  std::vector<endpoint> servers = {};
  std::size_t max_users = 20'000;
  std::size_t max_connections_per_address = 16;
  index_options index = {};
  /// Below this many complete sources a sought name is told to those who watch.
  std::uint32_t few_sources = 1;
  /// Connect back to a client's port before it gets a high id. Off: every client with a port gets
  /// one.
  bool callback_test = true;
};

/// The peer of this node, as the server's clients reach it. An address of 0.0.0.0 stands for the
/// server's own.
struct own_peer {
  endpoint address = {};
  md4_digest user_hash{};
};

} // namespace interswarm::ed2k
