#pragma once

#include "schema/ed2k/server_tcp.hpp"

namespace interswarm::ed2k {

// Server to client. Each struct is the payload of the opcode of its name.

struct reject_answer {
  friend bool operator==(const reject_answer&, const reject_answer&) = default;
};

struct server_list_answer {
  std::vector<endpoint> servers = {};
  friend bool operator==(const server_list_answer&, const server_list_answer&) = default;
};

struct search_result_answer {
  std::vector<file_entry> files = {};
  /// The client may send QUERY_MORE.
  bool more = false;
  friend bool operator==(const search_result_answer&, const search_result_answer&) = default;
};

struct users_list_answer {
  std::vector<file_entry> users = {};
  friend bool operator==(const users_list_answer&, const users_list_answer&) = default;
};

struct server_status_answer {
  std::uint32_t users = 0;
  std::uint32_t files = 0;
  friend bool operator==(const server_status_answer&, const server_status_answer&) = default;
};

/// To a low-id client: connect to this party, which wants something of you.
struct callback_requested_answer {
  endpoint caller = {};
  /// With obfuscation options and user hash.
  std::optional<std::uint8_t> crypt = {};
  std::optional<md4_digest> user_hash = {};
  friend bool operator==(const callback_requested_answer&,
                         const callback_requested_answer&) = default;
};

struct callback_failed_answer {
  friend bool operator==(const callback_failed_answer&, const callback_failed_answer&) = default;
};

/// Lines for people, '\n' between them; "ERROR" and "WARNING" at the start of a line have meaning
/// to clients.
struct server_message_answer {
  std::string text = {};
  friend bool operator==(const server_message_answer&, const server_message_answer&) = default;
};

/// The client's id; 0 refuses it. What follows is optional on the wire, each only after the one
/// before.
struct id_change_answer {
  client_id id = {};
  std::uint32_t flags = 0;
  std::uint32_t aux_port = 0;
  /// The client's address as the server sees it.
  client_id client_address = {};
  std::uint32_t obfuscated_port = 0;
  friend bool operator==(const id_change_answer&, const id_change_answer&) = default;
};

struct server_ident_answer {
  md4_digest hash{};
  endpoint address = {};
  /// 01 name, 0B description.
  std::vector<tag> tags = {};
  friend bool operator==(const server_ident_answer&, const server_ident_answer&) = default;
};

struct found_sources_answer {
  source_list found = {};
  /// Opcode 44, with obfuscation options and user hashes.
  bool obfuscated = false;
  friend bool operator==(const found_sources_answer&, const found_sources_answer&) = default;
};

using server_answer =
    std::variant<reject_answer, server_list_answer, search_result_answer, users_list_answer,
                 server_status_answer, callback_requested_answer, callback_failed_answer,
                 server_message_answer, id_change_answer, server_ident_answer,
                 found_sources_answer>;

/// Fails with `drop`; an unknown opcode too (skip it: servers add their own).
decoded<server_answer> read_server_answer(std::uint8_t opcode, byte_view payload);
/// Appends a whole TCP packet; `pack` only to a client with `login_flag::zlib`, `form` compact only
/// to one with `login_flag::new_tags`.
void append_server_answer(bytes& out, const server_answer& answer, bool pack = false,
                          tag_form form = tag_form::classic);

} // namespace interswarm::ed2k
