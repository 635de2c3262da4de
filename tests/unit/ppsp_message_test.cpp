#include "schema/base/encoding.hpp"
#include "schema/ppsp/limits.hpp"
#include "schema/ppsp/message.hpp"
#include "tests/catch.hpp"

#include <random>

using namespace interswarm;
using namespace interswarm::ppsp;

namespace {

bytes hex(std::string text) {
  std::erase(text, ' ');
  return *from_hex(text);
}

/// SHA-1 and chunk ranges, as libswift speaks.
dialect libswift() {
  dialect out;
  out.hash_bytes = 20;
  return out;
}

std::vector<message> all_of(byte_view datagram, const dialect& d) {
  std::vector<message> out;
  datagram_reader in(datagram, d);
  while (true) {
    auto next = in.next();
    REQUIRE(next);
    if (!*next) return out;
    out.push_back(**next);
  }
}

bytes written(const message& m, const dialect& d) {
  bytes out;
  append_message(out, m, d);
  return out;
}

constexpr chunk_addressing methods[] = {
    chunk_addressing::bins_32, chunk_addressing::byte_ranges_64, chunk_addressing::chunk_ranges_32,
    chunk_addressing::bins_64, chunk_addressing::chunk_ranges_64};

const char* const root = "771baa14ad60d82025d037c350f26942bd5b7f5a";

/// From a capture of libswift with a file of seven chunks.
bytes first_handshake() {
  return hex("00000000 00 22c49062 0001 0101 02 0014" + std::string(root) + "0301 0400 0602 ff");
}
bytes answer_with_haves() {
  return hex("22c49062 00 22a5f233 0001 0101 0301 0400 0602 ff 03 00000000 00000003"
             "03 00000004 00000005 03 00000006 00000006");
}
bytes first_data() {
  return hex("22c49062 04 00000000 00000003 616f0d42dccd13461bcb6c31921e412388c67e84"
             "04 00000004 00000005 bce8b406240356a871ed47d6e289b69ee157f19e"
             "04 00000006 00000006 94b6085940925df5713b4dfad52dfdf7708ddb06"
             "04 00000002 00000003 5d138c64c79e7be423517f929b11a8933aaf51fb"
             "04 00000001 00000001 12cb9b5124006e2075855a436aa9774ff8c00467"
             "01 00000000 00000000 00000000075bcd15 0a0b0c");
}

} // namespace

TEST_CASE("ppsp: bins are numbered as the RFC's tree is") {
  // RFC 7574 §4.2, figure 1.
  CHECK(bin_of({0, 1}) == 0);
  CHECK(bin_of({3, 4}) == 6);
  CHECK(bin_of({0, 2}) == 1);
  CHECK(bin_of({0, 4}) == 3);
  CHECK(bin_of({4, 8}) == 11);
  CHECK(bin_of({0, 8}) == 7);
  CHECK(bin_of({4, 6}) == 9);
  CHECK_FALSE(bin_of({1, 3}));
  CHECK_FALSE(bin_of({0, 3}));
  CHECK_FALSE(bin_of({2, 2}));
  CHECK(chunks_of(9) == chunk_range{4, 6});
  CHECK(chunks_of(7) == chunk_range{0, 8});
  CHECK(chunks_of(0x7FFF'FFFF) == chunk_range{0, std::uint64_t{1} << 31});
  CHECK_FALSE(chunks_of(~std::uint64_t{0}));
  CHECK_FALSE(chunks_of(~std::uint64_t{0} >> 1)); // 2^63 chunks
  for (std::uint64_t bin = 0; bin < 5000; ++bin) CHECK(bin_of(*chunks_of(bin)) == bin);
}

TEST_CASE("ppsp: a range is named by every method, in few specifications") {
  std::mt19937_64 random(7);
  for (const auto method : methods) {
    for (int i = 0; i < 300; ++i) {
      const auto begin = random() % 100'000;
      const chunk_range asked{begin, begin + 1 + random() % 3000};
      const chunk_address a{method, 1024, std::nullopt};
      const auto named = addressable(asked, a);
      CHECK(named.size() <= (is_bins(method) ? 24 : 1));
      auto at = asked.begin;
      for (const auto& r : named) {
        CHECK(r.begin == at);
        at = r.end;
        bytes wire;
        append_address(wire, r, a);
        CHECK(wire.size() == address_bytes(method));
        big_endian_reader in(wire);
        CHECK(read_address(in, a) == r);
        CHECK(in.done());
      }
      CHECK(at == asked.end);
    }
  }
}

TEST_CASE("ppsp: what a method cannot name is left out or refused") {
  const auto far = std::uint64_t{1} << 40;
  CHECK(addressable({far, far + 1}, {chunk_addressing::bins_32, 1024, {}}).empty());
  CHECK(addressable({far, far + 1}, {chunk_addressing::chunk_ranges_32, 1024, {}}).empty());
  CHECK(addressable({far, far + 1}, {chunk_addressing::bins_64, 1024, {}}).size() == 1);
  const std::pair<chunk_addressing, const char*> bad[] = {
      {chunk_addressing::bins_32, "ffffffff"},
      {chunk_addressing::bins_64, "ffffffffffffffff"},
      {chunk_addressing::bins_64, "7fffffffffffffff"},
      {chunk_addressing::chunk_ranges_32, "0000000500000004"},
      {chunk_addressing::chunk_ranges_64, "00000000000000010000000000000000"},
      {chunk_addressing::chunk_ranges_64, "0000000000000000ffffffffffffffff"},
      {chunk_addressing::chunk_ranges_64, "00000000000000004000000000000000"},
      {chunk_addressing::byte_ranges_64, "0000000000000001000000000000ffff"},
      {chunk_addressing::byte_ranges_64, "0000000000000000ffffffffffffffff"}};
  for (const auto& [method, text] : bad) {
    const auto wire = hex(text);
    big_endian_reader in(wire);
    INFO(text);
    CHECK_FALSE(read_address(in, {method, 1024, std::nullopt}));
  }
}

TEST_CASE("ppsp: in byte ranges only the content's last chunk is short") {
  const chunk_address a{chunk_addressing::byte_ranges_64, 1024, 7162};
  bytes wire;
  append_address(wire, {6, 7}, a);
  CHECK(wire == hex("0000000000001800 0000000000001bf9"));
  big_endian_reader in(wire);
  CHECK(read_address(in, a) == chunk_range{6, 7});
  const auto inside = hex("0000000000000000 0000000000000401");
  big_endian_reader bad(inside);
  CHECK_FALSE(read_address(bad, a));
  // Whoever does not know the size yet takes it.
  big_endian_reader unknown(inside);
  CHECK(read_address(unknown, {a.method, 1024, std::nullopt}) == chunk_range{0, 2});
}

TEST_CASE("ppsp: libswift's handshakes are read and written to the byte") {
  const auto wire = first_handshake();
  const auto got = all_of(wire, {});
  REQUIRE(got.size() == 1);
  const auto& h = std::get<handshake>(got[0]);
  CHECK(h.source == 0x22c49062);
  CHECK(h.options.swarm_id == hex(root));
  CHECK(h.options.integrity == integrity_method::merkle_tree);
  CHECK(h.options.hash == merkle_hash::sha1);
  CHECK(h.options.addressing == chunk_addressing::chunk_ranges_32);
  CHECK_FALSE(h.options.chunk_bytes);
  bytes again;
  append_channel(again, 0);
  append_message(again, h, {});
  CHECK(again == wire);

  const auto answer = answer_with_haves();
  const auto haves = all_of(answer, {});
  REQUIRE(haves.size() == 4);
  CHECK(std::get<have>(haves[1]).chunks == chunk_range{0, 4});
  CHECK(std::get<have>(haves[3]).chunks == chunk_range{6, 7});
}

TEST_CASE("ppsp: hashes and data of a datagram are read, data to its end") {
  const auto wire = first_data();
  const auto got = all_of(wire, libswift());
  REQUIRE(got.size() == 6);
  CHECK(std::get<integrity>(got[1]).chunks == chunk_range{4, 6});
  CHECK(std::get<integrity>(got[4]).hash.size() == 20);
  const auto& d = std::get<data>(got[5]);
  CHECK(d.chunks == chunk_range{0, 1});
  CHECK(d.sent_at_us == 123'456'789);
  CHECK(equal(d.payload, hex("0a0b0c")));
}

TEST_CASE("ppsp: a handshake says how what is behind it is read") {
  dialect theirs;
  theirs.address.method = chunk_addressing::bins_32;
  handshake h{7, {}};
  h.options.addressing = chunk_addressing::bins_32;
  h.options.hash = merkle_hash::sha512;
  h.options.integrity = integrity_method::unified_merkle_tree;
  h.options.signature = signature_algorithm::ecdsa_p384_sha384;
  theirs = theirs.with(h.options);
  const bytes hash(64, 3);
  const bytes signature(96, 4);
  bytes wire;
  append_channel(wire, 1);
  append_message(wire, h, theirs);
  append_message(wire, integrity{{0, 8}, hash}, theirs);
  append_message(wire, signed_integrity{{0, 8}, 99, signature}, theirs);
  append_message(wire, have{{8, 9}}, theirs);
  const auto got = all_of(wire, {});
  REQUIRE(got.size() == 4);
  CHECK(equal(std::get<integrity>(got[1]).hash, hash));
  CHECK(equal(std::get<signed_integrity>(got[2]).signature, signature));
  CHECK(std::get<have>(got[3]).chunks == chunk_range{8, 9});
}

TEST_CASE("ppsp: every option crosses, in its order") {
  protocol_options o;
  o.minimum_version = 1;
  o.swarm_id = bytes(33, 13);
  o.integrity = integrity_method::sign_all;
  o.hash = merkle_hash::sha384;
  o.signature = signature_algorithm::rsa_sha256;
  o.addressing = chunk_addressing::bins_64;
  o.live_window = std::uint64_t{5} << 33;
  o.supported = message_set().add(message_type::data).add(message_type::pex_certificate);
  o.chunk_bytes = 8192;
  bytes wire;
  append_options(wire, o);
  big_endian_reader in(wire);
  CHECK(read_options(in) == o);
  CHECK(in.done());
  // Message 0 is the bitmap's first bit (RFC 7574 §7.10).
  CHECK(as_text(wire).find(as_text(hex("08024004"))) != std::string_view::npos);

  for (const auto method : {chunk_addressing::bins_32, chunk_addressing::chunk_ranges_32}) {
    o.addressing = method;
    o.live_window = ~std::uint64_t{0};
    wire.clear();
    append_options(wire, o);
    big_endian_reader narrow(wire);
    CHECK(read_options(narrow) == o);
  }
}

TEST_CASE("ppsp: options that are wrong are refused") {
  for (const auto* text : {"", "ff", "00", "0001", "0000ff", "01010001ff", "00010301 0301 ff",
                           "0001 0400 0301 ff", "0001 0a ff", "0001 0304 ff", "0001 0405 ff",
                           "0001 0506 ff", "0001 0605 ff", "0001 02 0000 ff", "0001 02 0400 ff",
                           "0001 08 21 ff", "0001 09 00000000 ff", "0001 02 0014 00 ff"}) {
    const auto wire = hex(text);
    big_endian_reader in(wire);
    INFO(text);
    CHECK_FALSE(read_options(in));
  }
}

TEST_CASE("ppsp: keep-alive, close, exchange of peers and the small messages") {
  const auto alive = hex("00000009");
  datagram_reader quiet(alive, {});
  CHECK(quiet.is_keep_alive());
  CHECK(quiet.destination() == 9);

  bytes closing;
  append_channel(closing, 9);
  append_close(closing);
  CHECK(closing == hex("00000009 00 00000000 ff"));
  CHECK(std::get<handshake>(all_of(closing, {}).at(0)).source == 0);
  // libswift puts a version in.
  CHECK(std::get<handshake>(all_of(hex("00000009 00 00000000 0001 ff"), {}).at(0)).source == 0);

  const auto v4 = *endpoint::parse("192.0.2.1:6881");
  const auto v6 = *endpoint::parse("[2001:db8::1]:6881");
  CHECK(written(pex_response{v4}, {}) == hex("05 c0000201 1ae1"));
  bytes wire;
  append_channel(wire, 9);
  const bytes certificate(300, 5);
  for (const auto& m : std::vector<message>{pex_request{}, pex_response{v4}, pex_response{v6},
                                            pex_certificate{certificate}, choke{}, unchoke{},
                                            cancel{{2, 4}}, ack{{0, 6}, 42}})
    append_message(wire, m, {});
  const auto got = all_of(wire, {});
  REQUIRE(got.size() == 8);
  CHECK(std::get<pex_response>(got[1]).peer == v4);
  CHECK(std::get<pex_response>(got[2]).peer == v6);
  CHECK(equal(std::get<pex_certificate>(got[3]).certificate, certificate));
  CHECK(std::get<cancel>(got[6]).chunks == chunk_range{2, 4});
  CHECK(std::get<ack>(got[7]).delay_us == 42);
  CHECK(std::get<ack>(got[7]).chunks == chunk_range{0, 6});
}

TEST_CASE("ppsp: a datagram cut anywhere is read as far as its messages go, then no more") {
  for (const auto& whole : {first_handshake(), answer_with_haves(), first_data()}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      datagram_reader in(byte_view(whole).first(size), libswift());
      CHECK(in.is_broken() == (size < 4));
      std::size_t messages = 0;
      auto next = in.next();
      for (; next && *next; next = in.next()) ++messages;
      CHECK(messages <= 6);
      if (!next) CHECK_FALSE(in.next());
    }
  }
}

TEST_CASE("ppsp: unknown types, signatures nowhere and empty data end a datagram") {
  for (const auto* text :
       {"00000001 0e", "00000001 ff", "00000001 07 00000000 00000000",
        "00000001 01 00000000 00000000 0000000000000000", "00000001 0d ffff 00"}) {
    const auto wire = hex(text);
    datagram_reader in(wire, {});
    INFO(text);
    CHECK_FALSE(in.next());
    CHECK_FALSE(in.next());
    CHECK_FALSE(in.is_keep_alive());
  }
}
