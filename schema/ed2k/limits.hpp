#pragma once

#include <cstddef>
#include <cstdint>

/// Every bound of the ed2k codecs. Figures that real clients check are theirs.
namespace interswarm::ed2k::limits {

/// Longest TCP packet: opcode and payload (aMule's MAX_PACKET_SIZE).
constexpr std::size_t max_packet_bytes = 2'000'000;
/// What a packed packet on a server connection may inflate to (aMule).
constexpr std::size_t max_server_inflated_bytes = 250'000;
/// A packed packet between clients may inflate to `len * ratio + slack` bytes (aMule), and never
/// above a packet.
constexpr std::size_t client_inflate_ratio = 10;
constexpr std::size_t client_inflate_slack_bytes = 300;
/// Tags in one list.
constexpr std::size_t max_tags = 255;
/// Bytes of a tag's name.
constexpr std::size_t max_tag_name_bytes = 255;
/// Bytes of a blob tag's value.
constexpr std::size_t max_tag_blob_bytes = 65'536;
/// Sources in one source-exchange answer.
constexpr std::size_t max_exchanged_sources = 500;
/// Sub-requests in one multi-packet.
constexpr std::size_t max_multipacket_items = 16;
/// eMule's MAX_FILE_SIZE, 2^38.
constexpr std::uint64_t max_file_bytes = 0x40'0000'0000;
/// Parts of the largest file, with its virtual empty last part.
constexpr std::size_t max_parts = max_file_bytes / 9'728'000 + 1;
/// Nodes in one AICH recovery answer: 53 leaves and a sibling for each of at most 15 levels.
constexpr std::size_t max_aich_nodes = 96;
/// Bytes of a file name or nick in a message.
constexpr std::size_t max_name_bytes = 4'096;
/// Compressed bytes of one block; a stream that does not shrink is sent plain, so this is already
/// generous.
constexpr std::size_t max_compressed_block_bytes = 184'320 + 4'096;

/// A search expression: nodes, and operations within each other.
constexpr std::size_t max_search_nodes = 256;
constexpr std::size_t max_search_depth = 64;
/// Different words taken from one name or keyword text; what follows is not searchable.
constexpr std::size_t max_words = 64;

/// A link: all of it (the hash set of the largest file fits), and its parts.
constexpr std::size_t max_link_bytes = 1u << 20;
constexpr std::size_t max_link_fields = 64;
constexpr std::size_t max_link_name_bytes = 1024;
constexpr std::size_t max_link_sources = 64;
constexpr std::size_t max_link_urls = 16;

/// Files in one offer, search answer or user list. Clients send 200 at most.
constexpr std::size_t max_listed_files = 2'000;
/// Files that one datagram asks sources of (aMule puts 32 at most into one).
constexpr std::size_t max_udp_source_requests = 64;
/// A datagram of ours: below any MTU on the way.
constexpr std::size_t max_udp_answer_bytes = 1'300;
/// Servers in a server.met file.
constexpr std::size_t max_known_servers = 10'000;

} // namespace interswarm::ed2k::limits
