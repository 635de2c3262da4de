#pragma once

#include "actors/overlays/ed2k/server_index.hpp"
#include "schema/ed2k/server_tcp_answer.hpp"
#include "schema/ed2k/server_udp.hpp"

namespace interswarm::ed2k {

// What the server decided; its hands do it.

struct send_answer {
  party_id to = 0;
  server_answer answer = {};
  /// The client unpacks, and parses compact tags.
  bool pack = false;
  tag_form form = tag_form::classic;
};

struct close_connection {
  party_id who = 0;
  /// For the log.
  std::string why = {};
};

/// Connect to the client, say HELLO, and tell `server_core::probed` what came back.
struct start_probe {
  party_id who = 0;
  endpoint to = {};
};

struct tell_demand {
  file_key file = {};
  std::uint32_t sources = 0;
  std::uint32_t seekers = 0;
};

struct send_datagram {
  endpoint to = {};
  udp_answer answer = {};
};

using server_effect =
    std::variant<send_answer, close_connection, start_probe, tell_demand, send_datagram>;
using server_effects = std::vector<server_effect>;

} // namespace interswarm::ed2k
