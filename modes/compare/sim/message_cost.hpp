#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace interswarm::compare {

/// Control messages that a run counts: everything that is said and is not content.
enum class message_kind : std::uint8_t {
  announce,  // a party tells its tracker and gets parties
  handshake, // two parties connect
  request,   // a party asks another for blocks
  have,      // a party tells another of a piece
  find,      // a bridge asks another for offers, and the answer
  offer,
  lookup,  // names of a content
  publish, // names or a content are made known
  read,    // a gateway or an access node asks for bytes
  judge,   // what the taker's hashes said, to the giver
  settle,  // ledgers are compared
  status,  // bridges and storage nodes tell how they are
  put,     // a chunk is stored
  repair   // what lies where is asked, held and removed
};
inline constexpr std::array<std::string_view, 14> message_names{
    "announce", "handshake", "request", "have",   "find",   "offer", "lookup",
    "publish",  "read",      "judge",   "settle", "status", "put",   "repair"};

/// Bytes of messages, without the headers below them. Those of Cap'n Proto calls are estimates: a
/// frame and a call or return need about 80 bytes (rpc.capnp), the fields are added up from
/// schema/*.capnp.
namespace message_cost {

inline constexpr std::uint64_t rpc = 80;

/// BEP 15: connect 16 + 16, announce 98, answer 20 and 6 a party. An ed2k server's GETSOURCES and
/// FOUNDSOURCES are of the same size.
constexpr std::uint64_t announce(std::size_t parties) { return 16 + 16 + 98 + 20 + 6 * parties; }
/// BEP 3, each way: handshake 68, a bitfield of up to 8,000 pieces, interested and unchoke 5 each.
inline constexpr std::uint64_t handshake = 2 * 68 + 1000 + 10;
/// BEP 3: 17 bytes for each block of 16 KiB.
inline constexpr std::uint64_t request = 17;
inline constexpr std::uint64_t block = 16384;
/// BEP 3: "have".
inline constexpr std::uint64_t have = 9;

/// A name record (content.capnp): fields, name, title and link about 300, and proof data of 20
/// bytes a MiB, which is that of v1 pieces of 1 MiB.
constexpr std::uint64_t record(std::uint64_t content_size) {
  return 300 + 20 * (content_size >> 20U);
}
/// bridge.capnp: Message and Find with `names` records.
constexpr std::uint64_t find(std::uint64_t content_size, std::size_t names) {
  return rpc + 64 + names * record(content_size);
}
inline constexpr std::uint64_t unknown = rpc + 16;
/// bridge.capnp: an Offer with its receipt, capability and `names` records.
constexpr std::uint64_t offer(std::uint64_t content_size, std::size_t names) {
  return rpc + 160 + (names + 1) * record(content_size);
}
/// catalogue.capnp or a local table: the name, and `names` records.
constexpr std::uint64_t lookup(std::uint64_t content_size, std::size_t names) {
  return 2 * rpc + 48 + names * record(content_size);
}
/// source.capnp: read and the frame of its result.
inline constexpr std::uint64_t read = 2 * rpc + 32;
inline constexpr std::uint64_t judge = 2 * rpc + 32;
/// bridge.capnp: one LedgerEntry.
inline constexpr std::uint64_t settle = 2 * rpc + 240;
/// bridge.capnp: DomainStatus with one overlay. storage.capnp: StorageState.
inline constexpr std::uint64_t status = 2 * rpc + 160;
/// storage.capnp: name and holder of a chunk, without its bytes.
inline constexpr std::uint64_t put = 2 * rpc + 80;
/// storage.capnp: a name in find, hold or remove, and its state.
inline constexpr std::uint64_t repair_name = 32 + 72;

} // namespace message_cost

} // namespace interswarm::compare
