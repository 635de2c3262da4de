#include "schema/base/encoding.hpp"
#include "schema/ed2k/client_exchange.hpp"
#include "schema/ed2k/client_hello.hpp"
#include "schema/ed2k/client_opcode.hpp"
#include "schema/ed2k/client_transfer.hpp"
#include "schema/ed2k/client_udp.hpp"
#include "schema/ed2k/limits.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ed2k;

namespace {

bytes hex(std::string_view text) { return *from_hex(text); }

/// The payload of the only packet in `wire`.
bytes payload_of(const bytes& wire, protocol family, std::uint8_t op) {
  frame_splitter in(link_kind::client);
  in.feed(wire);
  const auto next = in.next();
  REQUIRE(next);
  REQUIRE(*next);
  CHECK((*next)->family == family);
  CHECK(int{(*next)->opcode} == int{op});
  CHECK(in.buffered() == 0);
  return {(*next)->payload.begin(), (*next)->payload.end()};
}

/// Every strict prefix of `payload` is refused.
template <class Decode>
void refuses_truncations(const bytes& payload, Decode decode) {
  for (std::size_t n = 0; n < payload.size(); ++n) {
    INFO("first " << n << " of " << payload.size());
    const bytes cut(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK_FALSE(decode(cut));
  }
}

const std::string p19456000 = "b22937d7a5bb74050fb54037fe573649";

md4_digest hash_of(std::string_view text) {
  const auto raw = hex(text);
  return little_endian_reader(raw).array<16>();
}

/// HELLO of amuled 2.3.3 as captured, its user hash replaced.
const std::string amule_hello = "10"
                                "00010203040e060708090a0b0c0d6f0f"
                                "05050501"
                                "3612"
                                "07000000"
                                "0201000106"
                                "00616d74657374"
                                "030100113c000000"
                                "030100f940120000"
                                "030100fb800d0403"
                                "030100fa16321334"
                                "030100feb8050000"
                                "030100ef01000000"
                                "05050502"
                                "3512";

} // namespace

TEST_CASE("ed2k hello: captured aMule hello") {
  const auto raw = hex(amule_hello);
  const auto h = decode_hello(raw, false);
  REQUIRE(h);
  CHECK(to_hex(h->user_hash) == "00010203040e060708090a0b0c0d6f0f");
  CHECK(h->id.address().to_string() == "5.5.5.1");
  CHECK(h->tcp_port == 0x1236);
  CHECK(h->udp_port == 0x1240);
  CHECK(h->nick == "amtest");
  CHECK(h->emule_version == 0x03040D80);
  CHECK(h->server.to_string() == "5.5.5.2:4661");
  CHECK(h->can == capabilities{.aich = 1,
                               .unicode = true,
                               .udp = 4,
                               .compression = 1,
                               .secure_ident = 3,
                               .source_exchange = 3,
                               .extended_request = 2,
                               .comments = 1,
                               .no_view_shared = true,
                               .multi_packet = true,
                               .preview = false,
                               .large_files = true,
                               .ext_multi_packet = true,
                               .source_exchange2 = true,
                               .supports_crypt = true,
                               .requests_crypt = true,
                               .requires_crypt = false,
                               .is_emule = true});
  CHECK(misc_options_1(h->can) == 0x34133216);
  CHECK((misc_options_2(h->can) | 8) == 0x5B8); // the low bits are Kad's version
  refuses_truncations(raw, [](const bytes& b) { return decode_hello(b, false); });
  auto mldonkey = raw;
  append(mldonkey, as_bytes("KDLM"));
  CHECK(decode_hello(mldonkey, false));
  CHECK_FALSE(decode_hello(bytes(raw.begin() + 1, raw.end()), false));
  CHECK(decode_hello(bytes(raw.begin() + 1, raw.end()), true));
}

TEST_CASE("ed2k hello: what we write is read alike, as hello and as answer") {
  hello h{.user_hash = mark_user_hash({1, 2, 3}),
          .id = {7},
          .tcp_port = 4662,
          .udp_port = 4672,
          .nick = "interswarm",
          .can = {},
          .emule_version = compatible_emule_version,
          .server = *endpoint::parse("192.0.2.1:4661")};
  h.can = {.aich = 1,
           .unicode = true,
           .udp = 4,
           .compression = 1,
           .source_exchange = 3,
           .extended_request = 2,
           .no_view_shared = true,
           .multi_packet = true,
           .large_files = true,
           .ext_multi_packet = true,
           .source_exchange2 = true,
           .is_emule = true};
  CHECK(h.user_hash[5] == 0x0E);
  CHECK(h.user_hash[14] == 0x6F);
  for (const bool answer : {false, true}) {
    bytes wire;
    append_hello(wire, h, answer);
    const auto payload =
        payload_of(wire, protocol::edonkey, answer ? opcode::hello_answer : opcode::hello);
    CHECK(*decode_hello(payload, answer) == h);
  }
  bytes wire;
  append_emule_info(wire, h, true);
  const auto payload = payload_of(wire, protocol::emule, emule_opcode::emule_info_answer);
  hello learned;
  REQUIRE(decode_emule_info(payload, learned));
  CHECK(learned.can.compression == 1);
  CHECK(learned.can.extended_request == 2);
  CHECK(learned.udp_port == 4672);
  refuses_truncations(payload, [](const bytes& b) {
    hello into;
    return decode_emule_info(b, into);
  });
}

TEST_CASE("ed2k file requests: captured multi-packet of a client without any part") {
  const auto wire = hex("c524000000a4" + p19456000 +
                        "00e0280100000000"
                        "58"
                        "0300"
                        "04"
                        "0000"
                        "4f"
                        "830400"
                        "00");
  const auto payload = payload_of(wire, protocol::emule, emule_opcode::multi_packet_ext);
  const auto q = decode_multi_packet(payload, true, 2);
  REQUIRE(q);
  CHECK(q->size == 19'456'000u);
  CHECK(q->name);
  CHECK(q->status);
  CHECK(q->have->parts == std::vector<bool>{false, false, true}); // the virtual empty part
  CHECK(q->complete_sources == 0);
  CHECK(q->sources == 4);
  CHECK(q->sources2);
  bytes again;
  append_multi_packet(again, *q);
  CHECK(to_hex(again) == to_hex(wire));
  for (std::size_t n = 0; n < payload.size(); ++n) {
    // Between sub-requests a shorter packet is a whole one.
    const bool whole = n == 24 || n == 30 || n == 31;
    CHECK(decode_multi_packet(byte_view(payload).first(n), true, 2).has_value() == whole);
  }
  auto foreign = payload;
  foreign.push_back(0x77);
  CHECK_FALSE(decode_multi_packet(foreign, true, 2));
}

TEST_CASE("ed2k file requests: sub-requests are bounded") {
  bytes payload(16, 1);
  payload.resize(16 + limits::max_multipacket_items, opcode::set_req_file_id);
  CHECK(decode_multi_packet(payload, false, 2));
  payload.push_back(opcode::set_req_file_id);
  CHECK_FALSE(decode_multi_packet(payload, false, 2));
}

TEST_CASE("ed2k file requests: name, status and answers") {
  const auto hash = hash_of(p19456000);
  const file_inquiry q{.hash = hash,
                       .size = {},
                       .name = true,
                       .have = part_status{false, {true, false, true}},
                       .complete_sources = 3,
                       .status = false,
                       .sources = {}};
  bytes wire;
  append_request_file_name(wire, q);
  auto payload = payload_of(wire, protocol::edonkey, opcode::request_file_name);
  CHECK(*decode_request_file_name(payload, 2) == q);
  CHECK(decode_request_file_name(byte_view(payload).first(16), 2)); // a bare hash
  for (std::size_t n = 17; n < payload.size(); ++n)
    CHECK_FALSE(decode_request_file_name(byte_view(payload).first(n), 2));

  const file_answer a{hash, "p\xC3\xA9.bin", part_status{true, {}}, sha1_digest{5}};
  wire.clear();
  append_multi_packet_answer(wire, a);
  payload = payload_of(wire, protocol::emule, emule_opcode::multi_packet_answer);
  CHECK(*decode_multi_packet_answer(payload) == a);
  CHECK_FALSE(decode_multi_packet_answer(byte_view(payload).first(payload.size() - 1)));

  wire.clear();
  append_file_status(wire, hash,
                     {false, {true, false, true, false, false, false, false, false, true}});
  CHECK(to_hex(wire) == "e31500000050" + p19456000 +
                            "0900"
                            "0501");
  payload = payload_of(wire, protocol::edonkey, opcode::file_status);
  CHECK(decode_file_status(payload)->status->parts.size() == 9);
  refuses_truncations(payload, decode_file_status);
  auto too_many = hex(p19456000 + "ffff");
  too_many.resize(too_many.size() + 8192);
  CHECK_FALSE(decode_file_status(too_many));

  wire.clear();
  append_file_name_answer(wire, hash, "name");
  payload = payload_of(wire, protocol::edonkey, opcode::req_file_name_answer);
  CHECK(decode_file_name_answer(payload)->name == "name");
  refuses_truncations(payload, decode_file_name_answer);

  wire.clear();
  append_hash_packet(wire, protocol::edonkey, opcode::start_upload_req, hash);
  CHECK(to_hex(wire) == "e31100000054" + p19456000);
  refuses_truncations(payload_of(wire, protocol::edonkey, opcode::start_upload_req),
                      decode_hash_packet);
}

TEST_CASE("ed2k hash sets: vector of p19456000") {
  const auto wire = hex("e34300000052" + p19456000 +
                        "0300"
                        "91c008dff530be53d16bdf71ee9ba342"
                        "54f7576746e704fd5c2903ddb7e96acb"
                        "31d6cfe0d16ae931b73c59d7e0c089c0");
  const auto payload = payload_of(wire, protocol::edonkey, opcode::hash_set_answer);
  const auto set = decode_hash_set(payload);
  REQUIRE(set);
  CHECK(set->parts.size() == wire_hash_count(19'456'000));
  bytes again;
  append_hash_set(again, *set);
  CHECK(again == wire);
  refuses_truncations(payload, decode_hash_set);
  CHECK_FALSE(decode_hash_set(hex(p19456000 + "ffff")));
  CHECK(wire_part_count(9'728'000) == 2);
  CHECK(wire_part_count(9'727'999) == 1);
  CHECK(wire_hash_count(9'727'999) == 0);
}

TEST_CASE("ed2k transfer: captured request of three blocks") {
  const auto wire = hex("e329000000"
                        "47" +
                        p19456000 +
                        "00000000"
                        "00d00200"
                        "00a00500"
                        "00d00200"
                        "00a00500"
                        "00700800");
  const auto payload = payload_of(wire, protocol::edonkey, opcode::request_parts);
  const auto r = decode_request_parts(payload, false);
  REQUIRE(r);
  CHECK(r->ranges ==
        std::array<byte_range, 3>{{{0, 184'320}, {184'320, 368'640}, {368'640, 552'960}}});
  bytes again;
  append_request_parts(again, *r, false);
  CHECK(again == wire);
  refuses_truncations(payload, [](const bytes& b) { return decode_request_parts(b, false); });
  again.clear();
  auto far = *r;
  far.ranges[0] = {0x1'0000'0000, 0x1'0000'0000 + 184'320};
  append_request_parts(again, far, true);
  const auto wide = payload_of(again, protocol::emule, emule_opcode::request_parts_i64);
  CHECK(wide.size() == 64);
  CHECK(*decode_request_parts(wide, true) == far);
}

TEST_CASE("ed2k transfer: data packets in both widths") {
  const auto hash = hash_of(p19456000);
  for (const bool is_wide : {false, true}) {
    const byte_range range{is_wide ? 0x1'0000'0000u : 100u, is_wide ? 0x1'0000'0003u : 103u};
    bytes wire;
    append_sending_part_header(wire, hash, range, is_wide);
    append(wire, as_bytes("abc"));
    auto payload = is_wide ? payload_of(wire, protocol::emule, emule_opcode::sending_part_i64)
                           : payload_of(wire, protocol::edonkey, opcode::sending_part);
    const auto d = decode_sending_part(payload, is_wide);
    REQUIRE(d);
    CHECK(d->range == range);
    CHECK(as_text(d->data) == "abc");
    refuses_truncations(payload, [&](const bytes& b) { return decode_sending_part(b, is_wide); });

    wire.clear();
    append_compressed_part_header(wire, hash, range.begin, 5, 2, is_wide);
    append(wire, as_bytes("xy"));
    payload =
        payload_of(wire, protocol::emule,
                   is_wide ? emule_opcode::compressed_part_i64 : emule_opcode::compressed_part);
    const auto c = decode_compressed_part(payload, is_wide);
    REQUIRE(c);
    CHECK(c->block_begin == range.begin);
    CHECK(c->stream_bytes == 5);
    CHECK(as_text(c->piece) == "xy");
    CHECK_FALSE(decode_compressed_part(byte_view(payload).first(payload.size() - 2), is_wide));
  }
  bytes wire;
  append_compressed_part_header(wire, hash, 0, limits::max_compressed_block_bytes + 1, 1, false);
  wire.push_back(1);
  CHECK_FALSE(decode_compressed_part(byte_view(wire).subspan(6), false));
  CHECK_FALSE(decode_sending_part(hex(p19456000 + "05000000"
                                                  "05000000"),
                                  false));
  CHECK_FALSE(decode_sending_part(hex(p19456000 + "05000000"
                                                  "04000000"),
                                  false));
}

TEST_CASE("ed2k transfer: queue ranks") {
  bytes wire;
  append_queue_ranking(wire, 0x0102);
  CHECK(to_hex(wire) == "c50d000000600201"
                        "00000000000000000000");
  CHECK(decode_queue_ranking(byte_view(wire).subspan(6)) == 0x102u);
  CHECK_FALSE(decode_queue_ranking(bytes(11)));
  CHECK_FALSE(decode_queue_ranking(bytes(13)));
  CHECK(decode_queue_rank(hex("05000000")) == 5u);
  CHECK_FALSE(decode_queue_rank(hex("050000")));
  wire.clear();
  append_bare(wire, opcode::accept_upload_req);
  CHECK(to_hex(wire) == "e30100000055");
}

TEST_CASE("ed2k source exchange: every version") {
  source_answer a{hash_of(p19456000), {}};
  a.sources.push_back({client_id::of(*ip_address::parse("5.6.7.8")), 4662,
                       *endpoint::parse("5.5.5.1:4661"), md4_digest{1, 2}, 0});
  a.sources.push_back({{77}, 4663, *endpoint::parse("5.5.5.1:4661"), md4_digest{3}, 0});
  for (std::uint8_t version = 1; version <= source_exchange2_version; ++version) {
    auto expected = a;
    if (version == 1) {
      for (auto& s : expected.sources) s.user_hash = {};
    }
    bytes wire;
    append_source_answer2(wire, a, version);
    const auto payload = payload_of(wire, protocol::emule, emule_opcode::answer_sources2);
    CHECK(*decode_source_answer2(payload) == expected);
    refuses_truncations(payload, decode_source_answer2);
    wire.clear();
    append_source_answer(wire, a, version);
    const auto one = payload_of(wire, protocol::emule, emule_opcode::answer_sources);
    CHECK(*decode_source_answer(one, version) == expected);
    for (std::size_t n = 0; n < one.size(); ++n) {
      // Its own version is told by length alone, so two entries cut short may look like two of a
      // lower one.
      const bool looks_whole = n == 18 + 2 * 12 || n == 18 + 2 * 28;
      CHECK(decode_source_answer(byte_view(one).first(n), version).has_value() == looks_whole);
    }
    auto longer = one;
    longer.push_back(0);
    CHECK_FALSE(decode_source_answer(longer, version));
  }
  // Hybrid order: the address's first byte is the highest.
  bytes wire;
  append_source_answer2(wire, a, 3);
  CHECK(to_hex(byte_view(wire).subspan(6 + 1 + 16 + 2, 6)) == "08070605"
                                                              "3612");
  auto many = a;
  many.sources.resize(limits::max_exchanged_sources + 1);
  wire.clear();
  append_source_answer2(wire, many, 4);
  CHECK(decode_source_answer2(byte_view(wire).subspan(6))->sources.size() ==
        limits::max_exchanged_sources);
  CHECK_FALSE(decode_source_answer2(hex("04" + p19456000 + "ffff")));
  CHECK_FALSE(decode_source_answer2(hex("05" + p19456000 + "0000")));
  CHECK(decode_source_request2(hex("040000" + p19456000))->version == 4);
  CHECK_FALSE(decode_source_request2(hex("040000")));
}

TEST_CASE("ed2k UDP re-asks") {
  const reask r{hash_of(p19456000), part_status{false, {true, false, true}}, 2};
  for (std::uint8_t version = 2; version <= 4; ++version) {
    auto expected = r;
    if (version < 4) expected.have.reset();
    if (version < 3) expected.complete_sources.reset();
    bytes wire;
    append_reask(wire, r, version);
    CHECK(to_hex(byte_view(wire).first(2)) == "c590");
    const bytes payload(wire.begin() + 2, wire.end());
    CHECK(*decode_reask(payload, version) == expected);
    refuses_truncations(payload, [&](const bytes& b) { return decode_reask(b, version); });
  }
  bytes wire;
  append_reask_ack(wire, {part_status{true, {}}, 9}, 4);
  CHECK(to_hex(wire) == "c59100000900");
  CHECK(decode_reask_ack(byte_view(wire).subspan(2), 4)->rank == 9);
  CHECK_FALSE(decode_reask_ack(byte_view(wire).subspan(3), 4));
}
