#pragma once

#include "schema/ed2k/search.hpp"
#include "schema/ed2k/server_entry.hpp"

namespace interswarm::ed2k {

/// What a server can do (IDCHANGE).
namespace server_flag {
constexpr std::uint32_t zlib = 0x0001, new_tags = 0x0008, unicode = 0x0010, related_search = 0x0040,
                        integer_types = 0x0080, large_files = 0x0100, tcp_obfuscation = 0x0400;
}

/// What a client can do (LOGINREQUEST, tag 20).
namespace login_flag {
constexpr std::uint32_t zlib = 0x0001, ip_in_login = 0x0002, auxport = 0x0004, new_tags = 0x0008,
                        unicode = 0x0010, large_files = 0x0100, supports_crypt = 0x0200,
                        requests_crypt = 0x0400, requires_crypt = 0x0800;
}

namespace server_opcode {
constexpr std::uint8_t login = 0x01, reject = 0x05, get_server_list = 0x14, offer_files = 0x15,
                       search = 0x16, disconnect = 0x18, get_sources = 0x19, search_user = 0x1A,
                       callback_request = 0x1C, query_more = 0x21, get_sources_obfuscated = 0x23,
                       server_list = 0x32, search_result = 0x33, server_status = 0x34,
                       callback_requested = 0x35, callback_failed = 0x36, server_message = 0x38,
                       id_change = 0x40, server_ident = 0x41, found_sources = 0x42,
                       users_list = 0x43, found_sources_obfuscated = 0x44;
}

// Client to server. Each struct is the payload of the opcode of its name.

struct login_request {
  md4_digest user_hash{};
  client_id id = {};
  std::uint16_t port = 0;
  std::vector<tag> tags = {};

  /// Tag 20, see `login_flag`.
  std::uint32_t flags() const;
  friend bool operator==(const login_request&, const login_request&) = default;
};

struct get_server_list_request {
  friend bool operator==(const get_server_list_request&, const get_server_list_request&) = default;
};

/// Empty: a keep-alive.
struct offer_files_request {
  std::vector<file_entry> files = {};
  friend bool operator==(const offer_files_request&, const offer_files_request&) = default;
};

struct search_request {
  search_expression expression = {};
  friend bool operator==(const search_request&, const search_request&) = default;
};

struct search_user_request {
  search_expression expression = {};
  friend bool operator==(const search_user_request&, const search_user_request&) = default;
};

struct disconnect_request {
  friend bool operator==(const disconnect_request&, const disconnect_request&) = default;
};

struct get_sources_request {
  source_request file = {};
  /// Opcode 23: answer with user hashes (44).
  bool obfuscated = false;
  friend bool operator==(const get_sources_request&, const get_sources_request&) = default;
};

struct callback_request {
  client_id low_id = {};
  friend bool operator==(const callback_request&, const callback_request&) = default;
};

struct query_more_request {
  friend bool operator==(const query_more_request&, const query_more_request&) = default;
};

using server_request = std::variant<login_request, get_server_list_request, offer_files_request,
                                    search_request, search_user_request, disconnect_request,
                                    get_sources_request, callback_request, query_more_request>;

/// Fails with `reply` where the server answers REJECT (a search it cannot read, an unknown opcode),
/// else with `drop`.
decoded<server_request> read_server_request(std::uint8_t opcode, byte_view payload);
/// Appends a whole TCP packet; `pack` only to a server with `server_flag::zlib`.
void append_server_request(bytes& out, const server_request& request, bool pack = false);

} // namespace interswarm::ed2k
