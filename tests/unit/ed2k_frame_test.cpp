#include "schema/base/encoding.hpp"
#include "schema/ed2k/frame.hpp"
#include "schema/ed2k/limits.hpp"
#include "tests/catch.hpp"

#include <random>

using namespace interswarm;
using namespace interswarm::ed2k;

namespace {

bytes hex(std::string_view text) { return *from_hex(text); }

/// aMule's REQUESTPARTS header and an empty hello, as seen on the wire.
bytes two_frames() {
  bytes out;
  append_frame(out, protocol::edonkey, 0x47, bytes(40, 7));
  append_frame(out, protocol::emule, 0x60, bytes(12, 1));
  return out;
}

} // namespace

TEST_CASE("ed2k frames: captured login frame is cut and written alike") {
  const auto payload = hex("000102030405060708090a0b0c0d0e0f00000000361204000000"
                           "0201000106"
                           "00616d74657374"
                           "030100113c000000"
                           "030100201d070000"
                           "030100fb800d0403");
  bytes wire;
  append_frame(wire, protocol::edonkey, 0x01, payload);
  CHECK(to_hex(byte_view(wire).first(6)) == "e33f00000001");
  frame_splitter in(link_kind::server);
  in.feed(wire);
  const auto next = in.next();
  REQUIRE(next);
  REQUIRE(*next);
  CHECK((*next)->family == protocol::edonkey);
  CHECK((*next)->opcode == 1);
  CHECK(equal((*next)->payload, payload));
  CHECK(in.buffered() == 0);
  CHECK_FALSE(*in.next());
}

TEST_CASE("ed2k frames: a stream cut anywhere gives the same packets") {
  const auto wire = two_frames();
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    frame_splitter in(link_kind::client);
    std::vector<std::pair<int, std::size_t>> seen;
    const auto drain = [&] {
      for (auto next = in.next(); next && *next; next = in.next()) {
        seen.emplace_back((*next)->opcode, (*next)->payload.size());
      }
    };
    in.feed(byte_view(wire).first(cut));
    drain();
    CHECK(seen.size() == (cut < 46 ? 0u : cut < wire.size() ? 1u : 2u));
    in.feed(byte_view(wire).subspan(cut));
    drain();
    CHECK(seen == std::vector<std::pair<int, std::size_t>>{{0x47, 40}, {0x60, 12}});
  }
}

TEST_CASE("ed2k frames: packed packets unpack to the link's own family") {
  const bytes plain(5000, 'x');
  bytes wire;
  REQUIRE(append_frame_packed(wire, protocol::emule, 0x92, plain));
  CHECK(wire[0] == 0xD4);
  for (const auto kind : {link_kind::client, link_kind::server}) {
    frame_splitter in(kind);
    in.feed(wire);
    const auto next = in.next();
    if (kind == link_kind::client) {
      // 5000 equal bytes pack to about 30: beyond aMule's ratio for clients.
      CHECK_FALSE(next);
    } else {
      REQUIRE(next);
      CHECK((**next).family == protocol::edonkey);
      CHECK((**next).opcode == 0x92);
      CHECK(equal((**next).payload, plain));
    }
  }
  std::mt19937 random(7);
  bytes half;
  for (int i = 0; i < 3000; ++i) half.push_back(static_cast<byte>(random() & 15));
  wire.clear();
  REQUIRE(append_frame_packed(wire, protocol::emule, 0x93, half));
  frame_splitter in(link_kind::client);
  in.feed(wire);
  const auto next = in.next();
  REQUIRE(next);
  CHECK((**next).family == protocol::emule);
  CHECK(equal((**next).payload, half));
}

TEST_CASE("ed2k frames: what does not shrink is sent plain") {
  bytes wire;
  CHECK_FALSE(append_frame_packed(wire, protocol::emule, 0x82, hex("00ff10a7")));
  CHECK(to_hex(wire) == "c5050000008200ff10a7");
}

TEST_CASE("ed2k frames: limits") {
  const auto refused = [](std::string_view text) {
    frame_splitter in(link_kind::client);
    in.feed(hex(text));
    return !in.next();
  };
  CHECK(refused("e30000000001"));       // length 0
  CHECK(refused("e381841e0001"));       // 2,000,001
  CHECK_FALSE(refused("e380841e0001")); // 2,000,000: waits for more
  CHECK(refused("e4"));                 // Kad
  CHECK(refused("13"));                 // obfuscated
  CHECK(refused("d40500000001deadbeef"));
  frame_splitter in(link_kind::client);
  in.feed(hex("e380841e0001"));
  REQUIRE(in.next());
  CHECK(in.missing() == limits::max_packet_bytes - 1);
}

TEST_CASE("ed2k frames: inflating is bounded, whole and exact") {
  const bytes plain(100'000, 0);
  const auto packed = deflate_all(plain, 9);
  CHECK(*inflate_all(packed, 100'000) == plain);
  CHECK_FALSE(inflate_all(packed, 99'999));
  for (std::size_t n = 0; n < packed.size(); ++n)
    CHECK_FALSE(inflate_all(byte_view(packed).first(n), 200'000));
  auto longer = packed;
  longer.push_back(0);
  CHECK_FALSE(inflate_all(longer, 200'000));
  CHECK(inflate_all(deflate_all({}, 1), 0)->empty());
}

TEST_CASE("ed2k frames: datagrams") {
  bytes wire;
  append_datagram(wire, protocol::emule, 0x90, bytes(16, 2));
  const auto got = decode_datagram(wire);
  REQUIRE(got);
  CHECK(got->opcode == 0x90);
  CHECK(got->payload.size() == 16);
  CHECK_FALSE(decode_datagram(hex("c5")));
  CHECK_FALSE(decode_datagram({}));
  CHECK_FALSE(decode_datagram(hex("e401")));
  CHECK_FALSE(decode_datagram(hex("d401")));
}

TEST_CASE("ed2k frames: a builder patches its length") {
  bytes wire{9, 9};
  frame_builder packet(wire, protocol::emule, 0x60);
  append(wire, hex("0300"));
  packet.close();
  CHECK(to_hex(wire) == "0909c503000000600300");
}
