#pragma once

#include "actors/overlays/ed2k/instant.hpp"
#include "schema/ed2k/record.hpp"
#include "schema/ed2k/server_tcp_answer.hpp"

namespace interswarm::ed2k {

/// A call that waits for its answer.
using call_id = std::uint64_t;

// What the registrar decided; its hands do it.

/// Connect, then tell `registrar_core::connected` or `closed`.
struct dial_server {};

/// Drop the connection without telling `closed`.
struct hang_up {};

struct send_request {
  server_request request = {};
  bool pack = false;
};

struct find_answered {
  call_id call = 0;
  std::vector<source_entry> sources = {};
};

struct search_answered {
  call_id call = 0;
  std::vector<file_entry> files = {};
};

struct call_failed {
  call_id call = 0;
  error why = {};
};

/// One line for the log: the state changed.
struct report_status {
  std::string line = {};
};

using registrar_effect = std::variant<dial_server, hang_up, send_request, find_answered,
                                      search_answered, call_failed, report_status>;
using registrar_effects = std::vector<registrar_effect>;

} // namespace interswarm::ed2k
