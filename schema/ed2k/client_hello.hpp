#pragma once

#include "schema/base/endpoint.hpp"
#include "schema/ed2k/client_id.hpp"
#include "schema/ed2k/tag.hpp"

namespace interswarm::ed2k {

/// What a client says it can do; zero means "cannot". Figures are versions of the sub-protocol.
struct capabilities {
  std::uint8_t aich = 0;
  bool unicode = false;
  std::uint8_t udp = 0;
  /// 1: takes COMPRESSEDPART and packed packets.
  std::uint8_t compression = 0;
  std::uint8_t secure_ident = 0;
  /// SX1.
  std::uint8_t source_exchange = 0;
  /// What REQUESTFILENAME carries behind the hash: 1 part status, 2 also complete sources.
  std::uint8_t extended_request = 0;
  std::uint8_t comments = 0;
  bool no_view_shared = false;
  bool multi_packet = false;
  bool preview = false;
  bool large_files = false;
  bool ext_multi_packet = false;
  /// SX2.
  bool source_exchange2 = false;
  bool supports_crypt = false, requests_crypt = false, requires_crypt = false;
  /// Sent an eMule version (tag FB or EMULEINFO): speaks C5.
  bool is_emule = false;

  friend bool operator==(const capabilities&, const capabilities&) = default;
};

/// HELLO (E3 01) and HELLOANSWER (E3 4C).
struct hello {
  md4_digest user_hash{};
  client_id id;
  std::uint16_t tcp_port = 0;
  std::uint16_t udp_port = 0;
  std::string nick;
  capabilities can;
  /// Tag FB; 0 when absent. 0x03xxxxxx is aMule.
  std::uint32_t emule_version = 0;
  endpoint server;

  friend bool operator==(const hello&, const hello&) = default;
};

/// eMule 0.50, whose conversations we speak, as tag FB.
constexpr std::uint32_t compatible_emule_version = 0x0000C800;
/// Whether a tag FB is aMule's.
constexpr bool is_amule(std::uint32_t emule_version) { return emule_version >> 24 == 3; }

/// The capabilities that the two dwords of the hello tags FA and FE say.
capabilities decode_capabilities(std::uint32_t misc_options_1, std::uint32_t misc_options_2);
std::uint32_t misc_options_1(const capabilities& can);
std::uint32_t misc_options_2(const capabilities& can);

/// Appends a whole packet, HELLO or HELLOANSWER.
void append_hello(bytes& out, const hello& h, bool answer);
/// Payload of HELLO (`answer` false) or HELLOANSWER. Up to a few unknown trailing bytes are
/// tolerated.
decoded<hello> decode_hello(byte_view payload, bool answer);

/// EMULEINFO (C5 01) and its answer (C5 02): capabilities of clients whose hello has no tag FB.
void append_emule_info(bytes& out, const hello& h, bool answer);
/// Fills what the packet says into `into`.
decoded<void> decode_emule_info(byte_view payload, hello& into);

/// Makes a user hash one that clients take for eMule's: bytes 5 and 14 are 0E and 6F.
md4_digest mark_user_hash(md4_digest random);

} // namespace interswarm::ed2k
