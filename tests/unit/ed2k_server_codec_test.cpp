#include "schema/base/encoding.hpp"
#include "schema/ed2k/frame.hpp"
#include "schema/ed2k/limits.hpp"
#include "schema/ed2k/server_met.hpp"
#include "schema/ed2k/server_tcp_answer.hpp"
#include "schema/ed2k/server_udp.hpp"
#include "tests/catch.hpp"

#include <functional>

using namespace interswarm;
using namespace interswarm::ed2k;

namespace {

bytes raw(std::string_view hex) { return from_hex(hex).value(); }

md4_digest digest(byte fill) {
  md4_digest out{};
  out.fill(fill);
  return out;
}

const std::string h16 = "00112233445566778899aabbccddeeff";

md4_digest h16_digest() {
  md4_digest out{};
  const auto data = raw(h16);
  std::copy(data.begin(), data.end(), out.begin());
  return out;
}

/// Sends `message` through the frame and back.
server_request round(const server_request& message, bool pack = false) {
  bytes wire;
  append_server_request(wire, message, pack);
  frame_splitter splitter(link_kind::server);
  splitter.feed(wire);
  const auto packet = splitter.next().value().value();
  CHECK(packet.family == protocol::edonkey);
  return read_server_request(packet.opcode, packet.payload).value();
}

server_answer round(const server_answer& message, bool pack = false,
                    tag_form form = tag_form::classic) {
  bytes wire;
  append_server_answer(wire, message, pack, form);
  frame_splitter splitter(link_kind::server);
  splitter.feed(wire);
  const auto packet = splitter.next().value().value();
  return read_server_answer(packet.opcode, packet.payload).value();
}

/// Every truncation of `payload` fails, except at the lengths where a shorter message is a whole
/// one.
template <class Read>
void check_truncations(Read read, const bytes& payload, std::vector<std::size_t> whole = {}) {
  REQUIRE(read(byte_view(payload)));
  for (std::size_t n = 0; n < payload.size(); ++n) {
    const bytes cut(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(n));
    const bool expected = std::find(whole.begin(), whole.end(), n) != whole.end();
    INFO("cut to " << n << " bytes");
    CHECK(read(byte_view(cut)).has_value() == expected);
  }
}

auto request_reader(std::uint8_t opcode) {
  return [opcode](byte_view data) { return read_server_request(opcode, data); };
}

auto answer_reader(std::uint8_t opcode) {
  return [opcode](byte_view data) { return read_server_answer(opcode, data); };
}

} // namespace

TEST_CASE("the login that amuled 2.3.3 sends is read") {
  const auto payload = raw(h16 + "00000000"
                                 "3612"
                                 "04000000"
                                 "02010001"
                                 "0600616d74657374"
                                 "03010011"
                                 "3c000000"
                                 "03010020"
                                 "1d070000"
                                 "030100fb"
                                 "800d0403");
  const auto parsed = read_server_request(0x01, payload);
  REQUIRE(parsed);
  const auto& login = std::get<login_request>(*parsed);
  CHECK(login.user_hash == h16_digest());
  CHECK(login.id.value == 0);
  CHECK(login.port == 4662);
  CHECK(login.flags() == 0x71D);
  CHECK(tag_text(login.tags, tag_name::name) == "amtest");
  check_truncations(request_reader(0x01), payload);
  bytes wire;
  append_server_request(wire, login);
  CHECK(to_hex(wire) == "e3"
                        "3f000000"
                        "01" +
                            to_hex(payload));
}

TEST_CASE("the offer that amuled 2.3.3 sends is read") {
  const auto payload = raw("02000000" + h16 +
                           "fbfbfbfb"
                           "fbfb"
                           "03000000"
                           "9c01"
                           "70393732383030312e62696e"
                           "8302"
                           "01709400"
                           "9303"
                           "50726f" +
                           h16 +
                           "fcfcfcfc"
                           "fcfc"
                           "00000000");
  const auto parsed = read_server_request(0x15, payload);
  REQUIRE(parsed);
  const auto& files = std::get<offer_files_request>(*parsed).files;
  REQUIRE(files.size() == 2);
  CHECK(files[0].id == complete_marker_id);
  CHECK(files[0].port == complete_marker_port);
  CHECK(files[0].name() == "p9728001.bin");
  CHECK(files[0].size() == 9728001);
  CHECK(files[0].type() == "Pro");
  CHECK(files[1].id == partial_marker_id);
  check_truncations(request_reader(0x15), payload);
  CHECK(std::get<offer_files_request>(round(*parsed, true)).files == files);
  CHECK(std::get<offer_files_request>(read_server_request(0x15, raw("00000000")).value())
            .files.empty());
}

TEST_CASE("source requests carry no, a small or a large size") {
  const auto small = read_server_request(0x19, raw(h16 + "00e02801"));
  REQUIRE(small);
  CHECK(std::get<get_sources_request>(*small) ==
        get_sources_request{{h16_digest(), 19456000}, false});
  const auto large = read_server_request(0x23, raw(h16 + "00000000"
                                                         "00f2052a01000000"));
  REQUIRE(large);
  CHECK(std::get<get_sources_request>(*large) ==
        get_sources_request{{h16_digest(), 5000000000}, true});
  const auto none = read_server_request(0x19, raw(h16));
  REQUIRE(none);
  CHECK_FALSE(std::get<get_sources_request>(*none).file.size);
  for (const auto& message : {*small, *large, *none}) CHECK(round(message) == message);
  check_truncations(request_reader(0x19), raw(h16 + "00e02801"), {16});
  // Cut after "u32 0" it is a file of no bytes.
  check_truncations(request_reader(0x19),
                    raw(h16 + "00000000"
                              "00f2052a01000000"),
                    {16, 20});
}

TEST_CASE("the answers that satisfied aMule are written to the byte") {
  bytes wire;
  append_server_answer(
      wire,
      found_sources_answer{{h16_digest(), {{.id = {0x02050505}, .port = 4662 + 1000}}}, false});
  CHECK(to_hex(wire) == "e3"
                        "18000000"
                        "42" +
                            h16 +
                            "01"
                            "05050502"
                            "1e16");
  wire.clear();
  append_server_answer(wire, id_change_answer{{0x01050505}, 0x119, 0, {0x01050505}, 0});
  CHECK(to_hex(wire) == "e3"
                        "15000000"
                        "40"
                        "05050501"
                        "19010000"
                        "00000000"
                        "05050501"
                        "00000000");
  wire.clear();
  append_server_answer(wire, server_message_answer{"hi"});
  CHECK(to_hex(wire) == "e3"
                        "05000000"
                        "38"
                        "0200"
                        "6869");
  wire.clear();
  append_server_answer(wire, server_status_answer{2, 3});
  CHECK(to_hex(wire) == "e3"
                        "09000000"
                        "34"
                        "02000000"
                        "03000000");
  wire.clear();
  append_server_answer(wire, callback_requested_answer{*endpoint::parse("5.5.5.2:4662"), {}, {}});
  CHECK(to_hex(wire) == "e3"
                        "07000000"
                        "35"
                        "05050502"
                        "3612");
}

TEST_CASE("every server request and answer survives its own wire form") {
  const file_entry entry{digest(1), {0x02050505}, 4662, file_tags("big.iso", 5'000'000'000)};
  CHECK(entry.size() == 5'000'000'000);
  const auto query = make_search({.words = "a b", .min_bytes = 7}).value();
  const std::vector<server_request> requests{
      login_request{digest(1), {5}, 4662, {tag(tag_name::name, std::string("x"))}},
      get_server_list_request{},
      offer_files_request{{entry}},
      search_request{query},
      search_user_request{query},
      disconnect_request{},
      get_sources_request{{digest(2), 7}, true},
      callback_request{{77}},
      query_more_request{}};
  for (const auto& message : requests) {
    CHECK(round(message) == message);
    CHECK(round(message, true) == message);
  }
  const auto address = *endpoint::parse("198.51.100.7:4661");
  const std::vector<server_answer> answers{
      reject_answer{},
      server_list_answer{{address}},
      search_result_answer{{entry, entry}, true},
      users_list_answer{{entry}},
      server_status_answer{1, 2},
      callback_requested_answer{address, {}, {}},
      callback_requested_answer{address, std::uint8_t{3}, digest(4)},
      callback_failed_answer{},
      server_message_answer{"a\nb"},
      id_change_answer{{1}, 2, 3, {4}, 5},
      server_ident_answer{
          digest(3), address, {tag(tag_name::server_description, std::string("d"))}},
      found_sources_answer{{digest(5), {{{1}, 2, 0, {}}}}, false},
      found_sources_answer{{digest(5), {{{1}, 2, 3, {}}, {{1}, 2, 0x83, digest(6)}}}, true}};
  for (const auto& message : answers) {
    CHECK(round(message) == message);
    CHECK(round(message, true, tag_form::compact) == message);
  }
}

TEST_CASE("server answers cut anywhere are dropped") {
  const file_entry entry{digest(1), {1}, 2, file_tags("x", 3)};
  const auto payload_of = [](const server_answer& message) {
    bytes wire;
    append_server_answer(wire, message);
    return bytes(wire.begin() + frame_header_bytes, wire.end());
  };
  const auto address = *endpoint::parse("198.51.100.7:4661");
  const auto result = payload_of(search_result_answer{{entry}, true});
  check_truncations(answer_reader(0x33), result,
                    {result.size() - 1}); // the mark "more" is optional
  check_truncations(answer_reader(0x43), payload_of(users_list_answer{{entry}}));
  check_truncations(answer_reader(0x32), payload_of(server_list_answer{{address, address}}));
  check_truncations(answer_reader(0x34), payload_of(server_status_answer{1, 2}));
  check_truncations(answer_reader(0x35),
                    payload_of(callback_requested_answer{address, std::uint8_t{3}, digest(4)}),
                    {6});
  check_truncations(answer_reader(0x38), payload_of(server_message_answer{"hello"}));
  check_truncations(answer_reader(0x41),
                    payload_of(server_ident_answer{digest(3), address, file_tags("x", 3)}));
  check_truncations(answer_reader(0x42),
                    payload_of(found_sources_answer{{digest(5), {{{1}, 2, 0, {}}}}, false}));
  check_truncations(answer_reader(0x44), payload_of(found_sources_answer{
                                             {digest(5), {{{1}, 2, 0x80, digest(1)}}}, true}));
  const auto change = payload_of(id_change_answer{{1}, 2, 3, {4}, 5});
  for (std::size_t n = 0; n < change.size(); ++n) {
    CHECK(read_server_answer(0x40, byte_view(change).first(n)).has_value() == (n >= 4));
  }
  CHECK_FALSE(read_server_answer(0x99, {}));
}

TEST_CASE("an unknown request is rejected, a broken one dropped") {
  const auto unknown = read_server_request(0x77, {});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().action == on_decode_error::reply);
  const auto search = read_server_request(0x16, raw("ff"));
  REQUIRE_FALSE(search);
  CHECK(search.error().action == on_decode_error::reply);
  const auto login = read_server_request(0x01, raw("00"));
  REQUIRE_FALSE(login);
  CHECK(login.error().action == on_decode_error::drop);
}

TEST_CASE("limits of server lists hold") {
  const auto list_of = [](std::size_t n) {
    bytes out;
    little_endian_writer(out).u32(static_cast<std::uint32_t>(n));
    for (std::size_t i = 0; i < n; ++i) write_file_entry(out, {});
    return out;
  };
  CHECK(read_server_request(0x15, list_of(limits::max_listed_files)));
  CHECK_FALSE(read_server_request(0x15, list_of(limits::max_listed_files + 1)));
  source_list many;
  many.sources.resize(300);
  bytes out;
  write_source_list(out, many, false);
  little_endian_reader in(out);
  CHECK(read_source_list(in, false)->sources.size() == 255);
  CHECK(in.done());
  out.clear();
  write_server_endpoints(out, std::vector<endpoint>(300, *endpoint::parse("1.2.3.4:5")));
  CHECK(out.size() == 1 + 255 * 6);
  out.clear();
  write_server_endpoints(out, {*endpoint::parse("[2001:db8::1]:5")});
  CHECK(out == bytes{0});
}

TEST_CASE("client ids and addresses are the same four bytes") {
  const auto address = *ip_address::parse("5.6.7.8");
  CHECK(client_id::of(address).value == 0x08070605);
  CHECK(client_id{0x08070605}.address() == address);
  CHECK_FALSE(client_id::of(address).is_low());
  CHECK(client_id{0x00FFFFFF}.is_low());
  CHECK(client_id::of(*ip_address::parse("2001:db8::1")).value == 0);
}

TEST_CASE("global datagrams are read and written") {
  const auto status = read_udp_request(raw("e396"
                                           "3412aa55"));
  REQUIRE(status);
  CHECK(std::get<udp_status_request>(*status).challenge == 0x55AA1234);
  const auto many = read_udp_request(raw("e39a" + h16 + h16));
  REQUIRE(many);
  CHECK(std::get<udp_get_sources_request>(*many).files.size() == 2);
  const auto sized = read_udp_request(raw("e394" + h16 + "00e02801" + h16 +
                                          "00000000"
                                          "00f2052a01000000"));
  REQUIRE(sized);
  CHECK(std::get<udp_get_sources_request>(*sized).files[1].size == 5000000000);
  const auto address = *endpoint::parse("198.51.100.7:4661");
  const auto query = make_search({.words = "a b"}).value();
  const std::vector<udp_request> requests{*status,
                                          *many,
                                          *sized,
                                          udp_search_request{query, {}},
                                          udp_search_request{query, {tag(0x20, std::uint64_t{1})}},
                                          udp_callback_request{address, {77}},
                                          udp_server_list_request{},
                                          udp_description_request{},
                                          udp_description_request{0x1234F0FF}};
  for (const auto& message : requests) {
    bytes wire;
    append_udp_request(wire, message);
    CHECK(read_udp_request(wire) == message);
  }
  CHECK(read_udp_request(raw("e392"
                             "01010061")));
  CHECK(read_udp_request(raw("e3a4")));
}

TEST_CASE("global answers hold several entries in one datagram") {
  const file_entry entry{digest(1), {1}, 2, file_tags("x", 3)};
  const auto address = *endpoint::parse("198.51.100.7:4661");
  const std::vector<udp_answer> answers{
      udp_status_answer{1, 2, 3, 4, 5, 6, 7, 8},
      udp_search_answer{{entry, entry, entry}},
      udp_found_sources_answer{{{digest(5), {{{1}, 2, 0, {}}}}, {digest(6), {}}}},
      udp_invalid_low_id_answer{{9}},
      udp_server_list_answer{{address}},
      udp_description_answer{{}, "name", "text"},
      udp_description_answer{0x1234F0FF, "name", "text"}};
  for (const auto& message : answers) {
    bytes wire;
    append_udp_answer(wire, message);
    CHECK(read_udp_answer(wire) == message);
  }
  bytes wire;
  append_udp_answer(wire, udp_found_sources_answer{
                              {{h16_digest(), {{{0x02050505}, 4662, 0, {}}}}, {h16_digest(), {}}}});
  CHECK(to_hex(wire) == "e39b" + h16 +
                            "01"
                            "05050502"
                            "3612"
                            "e39b" +
                            h16 + "00");
  wire.clear();
  append_udp_answer(wire, udp_status_answer{0x55AA1234, 2, 3, 4, 5, 6, 7, 8});
  for (std::size_t n = 0; n < wire.size(); ++n) {
    CHECK(read_udp_answer(byte_view(wire).first(n)).has_value() == (n >= 14));
  }
}

TEST_CASE("broken datagrams and too many questions in one are dropped") {
  const auto whole = raw("e394" + h16 + "00e02801" + h16 +
                         "00000000"
                         "00f2052a01000000");
  check_truncations(read_udp_request, whole, {22});
  check_truncations(read_udp_request, raw("e39c"
                                          "05050502"
                                          "3612"
                                          "4d000000"));
  check_truncations(read_udp_request, raw("e390"
                                          "01000000"
                                          "03010020"
                                          "01000000"
                                          "01010061"));
  check_truncations(read_udp_answer, raw("e3a3"
                                         "0400"
                                         "6e616d65"
                                         "0100"
                                         "64"));
  CHECK_FALSE(read_udp_request(raw("e394" + h16 + "00000000" + "0000000000000000")));
  CHECK_FALSE(read_udp_request(raw("c596"
                                   "3412aa55")));
  CHECK_FALSE(read_udp_request(raw("e355")));
  udp_get_sources_request ask;
  ask.files.resize(limits::max_udp_source_requests);
  bytes wire;
  append_udp_request(wire, ask);
  CHECK(read_udp_request(wire));
  ask.files.resize(limits::max_udp_source_requests + 1);
  wire.clear();
  append_udp_request(wire, ask);
  CHECK_FALSE(read_udp_request(wire));
}

TEST_CASE("server.met is read and written") {
  const auto file = raw("e0"
                        "01000000"
                        "05050501"
                        "3512"
                        "01000000"
                        "02010001"
                        "0400"
                        "74657374");
  const auto servers = read_server_met(file);
  REQUIRE(servers);
  REQUIRE(servers->size() == 1);
  CHECK(servers->front().address.to_string() == "5.5.5.1:4661");
  CHECK(tag_text(servers->front().tags, tag_name::name) == "test");
  CHECK(write_server_met(*servers) == file);
  check_truncations(read_server_met, file);
  CHECK(read_server_met(raw("0e"
                            "00000000")));
  CHECK_FALSE(read_server_met(raw("e1"
                                  "00000000")));
  bytes big = write_server_met(std::vector<known_server>(limits::max_known_servers));
  CHECK(read_server_met(big));
  big[1]++;
  append(big, bytes(10));
  CHECK_FALSE(read_server_met(big));
}
