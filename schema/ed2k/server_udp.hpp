#pragma once

#include "schema/ed2k/search.hpp"
#include "schema/ed2k/server_entry.hpp"

namespace interswarm::ed2k {

/// A server listens for datagrams this far above its TCP port; a client's server socket is at its
/// TCP port + 3.
constexpr std::uint16_t server_udp_port_offset = 4;

/// What a server's UDP side can do (GLOBSERVSTATRES).
namespace udp_flag {
constexpr std::uint32_t ext_get_sources = 0x0001, ext_get_files = 0x0002, new_tags = 0x0008,
                        unicode = 0x0010, get_sources_2 = 0x0020, large_files = 0x0100,
                        udp_obfuscation = 0x0200, tcp_obfuscation = 0x0400;
}

namespace server_udp_opcode {
constexpr std::uint8_t search_3 = 0x90, search_2 = 0x92, get_sources_2 = 0x94,
                       status_request = 0x96, status_answer = 0x97, search = 0x98,
                       search_answer = 0x99, get_sources = 0x9A, found_sources = 0x9B,
                       callback = 0x9C, invalid_low_id = 0x9E, server_list_request = 0xA0,
                       server_list_answer = 0xA1, description_request = 0xA2,
                       description_answer = 0xA3, server_list_request_2 = 0xA4;
}

/// The low half of a description challenge that asks for the answer with tags.
constexpr std::uint16_t new_description_challenge = 0xF0FF;

// Client to server.

struct udp_status_request {
  /// Given back in the answer: 0x55AA and a random half.
  std::uint32_t challenge = 0;
  friend bool operator==(const udp_status_request&, const udp_status_request&) = default;
};

struct udp_search_request {
  search_expression expression = {};
  /// REQ3 only: what the client can do.
  std::vector<tag> tags = {};
  friend bool operator==(const udp_search_request&, const udp_search_request&) = default;
};

struct udp_get_sources_request {
  /// Without sizes it is opcode 9A, with all sizes 94.
  std::vector<source_request> files = {};
  friend bool operator==(const udp_get_sources_request&, const udp_get_sources_request&) = default;
};

/// Asks the server to have its client `low_id` connect to `caller`.
struct udp_callback_request {
  endpoint caller = {};
  client_id low_id = {};
  friend bool operator==(const udp_callback_request&, const udp_callback_request&) = default;
};

struct udp_server_list_request {
  friend bool operator==(const udp_server_list_request&, const udp_server_list_request&) = default;
};

struct udp_description_request {
  /// Absent: the old style.
  std::optional<std::uint32_t> challenge = {};
  friend bool operator==(const udp_description_request&, const udp_description_request&) = default;
};

using udp_request =
    std::variant<udp_status_request, udp_search_request, udp_get_sources_request,
                 udp_callback_request, udp_server_list_request, udp_description_request>;

// Server to client.

/// Everything behind `files` is optional on the wire, each only after the one before; 0 when
/// absent.
struct udp_status_answer {
  std::uint32_t challenge = 0;
  std::uint32_t users = 0;
  std::uint32_t files = 0;
  std::uint32_t max_users = 0;
  std::uint32_t soft_files = 0;
  std::uint32_t hard_files = 0;
  std::uint32_t flags = 0;
  std::uint32_t low_id_users = 0;
  friend bool operator==(const udp_status_answer&, const udp_status_answer&) = default;
};

/// One or more, each a whole entry; further ones repeat the header inside the datagram.
struct udp_search_answer {
  std::vector<file_entry> files = {};
  friend bool operator==(const udp_search_answer&, const udp_search_answer&) = default;
};

struct udp_found_sources_answer {
  std::vector<source_list> found = {};
  friend bool operator==(const udp_found_sources_answer&,
                         const udp_found_sources_answer&) = default;
};

struct udp_invalid_low_id_answer {
  client_id low_id = {};
  friend bool operator==(const udp_invalid_low_id_answer&,
                         const udp_invalid_low_id_answer&) = default;
};

struct udp_server_list_answer {
  std::vector<endpoint> servers = {};
  friend bool operator==(const udp_server_list_answer&, const udp_server_list_answer&) = default;
};

struct udp_description_answer {
  /// Present: challenge and tags 01, 0B. Absent: the old style, two strings.
  std::optional<std::uint32_t> challenge = {};
  std::string name = {};
  std::string description = {};
  friend bool operator==(const udp_description_answer&, const udp_description_answer&) = default;
};

using udp_answer =
    std::variant<udp_status_answer, udp_search_answer, udp_found_sources_answer,
                 udp_invalid_low_id_answer, udp_server_list_answer, udp_description_answer>;

/// A whole datagram as a server gets it. Fails with `drop`: UDP is never answered with an error.
decoded<udp_request> read_udp_request(byte_view datagram);
/// A whole datagram as a client gets it.
decoded<udp_answer> read_udp_answer(byte_view datagram);
/// Appends a datagram; a search is sent as REQ3 when it has tags.
void append_udp_request(bytes& out, const udp_request& request);
/// Appends a datagram. The caller sees to it that lists fit (`limits::max_udp_answer_bytes`).
void append_udp_answer(bytes& out, const udp_answer& answer);

} // namespace interswarm::ed2k
