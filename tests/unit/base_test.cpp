#include "schema/base/encoding.hpp"
#include "schema/base/endpoint.hpp"
#include "schema/base/hash.hpp"
#include "schema/base/wire.hpp"
#include "tests/catch.hpp"

using namespace interswarm;

TEST_CASE("hex, base32 and percent encoding round-trip and refuse what is not theirs") {
  const bytes data{0x00, 0x01, 0x7F, 0x80, 0xFF, 'a', '~'};
  CHECK(from_hex(to_hex(data)) == data);
  CHECK(from_base32(to_base32(data)) == data);
  CHECK(percent_decode(percent_encode(data)) == data);
  CHECK(to_base32(as_bytes("foobar")) == "MZXW6YTBOI"); // RFC 4648 §10, without padding
  CHECK(percent_encode(data) == "%00%01%7F%80%FFa~");
  CHECK_FALSE(from_hex("abc"));
  CHECK_FALSE(from_hex("zz"));
  CHECK_FALSE(from_base32("1"));
  CHECK_FALSE(percent_decode("%4"));
  CHECK_FALSE(percent_decode("%zz"));
}

TEST_CASE("printable replaces what could forge a log line") {
  CHECK(printable("a\nb\x1b[0m") == "a?b?[0m");
  CHECK(printable("\xC3\xA9\xFF") == "\xC3\xA9?");
  CHECK(printable(std::string(500, 'x')).size() == 200);
  CHECK(printable("ab\xE2\x82\xAC", 5) == "ab\xE2\x82\xAC");
  CHECK(printable("ab\xE2\x82\xAC", 4) == "ab");
}

TEST_CASE("digests match their standards' vectors") {
  CHECK(to_hex(md4({})) == "31d6cfe0d16ae931b73c59d7e0c089c0"); // RFC 1320 A.5
  CHECK(to_hex(md5({})) == "d41d8cd98f00b204e9800998ecf8427e"); // RFC 1321 A.5
  CHECK(to_hex(sha1(as_bytes("abc"))) == "a9993e364706816aba3e25717850c26c9cd0d89d"); // FIPS 180
  hasher parts(hash_algorithm::sha256);
  parts.update(as_bytes("ab")).update(as_bytes("c"));
  const auto abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CHECK(to_hex(parts.finish()) == abc);
  parts.update(as_bytes("abc"));
  CHECK(to_hex(parts.finish()) == abc);
}

TEST_CASE("addresses parse, print and keep their family") {
  const auto e = endpoint::parse("192.0.2.7:6881");
  REQUIRE(e);
  CHECK(e->address.is_v4());
  CHECK(e->address.to_v4() == 0xC0000207);
  CHECK(e->to_string() == "192.0.2.7:6881");
  const auto six = endpoint::parse("[2001:db8::1]:80");
  REQUIRE(six);
  CHECK_FALSE(six->address.is_v4());
  CHECK(six->to_string() == "[2001:db8::1]:80");
  CHECK(ip_address::parse("127.3.4.5")->is_loopback());
  CHECK(ip_address::parse("::1")->is_loopback());
  CHECK(ip_address::parse("10.1.2.3")->is_local());
  CHECK_FALSE(ip_address::parse("198.51.100.1")->is_local());
  CHECK_FALSE(endpoint::parse("192.0.2.7:70000"));
  CHECK_FALSE(endpoint::parse("192.0.2.7"));
  CHECK_FALSE(endpoint::parse("[::1]80"));
}

TEST_CASE("a wire reader fails once and stays failed") {
  const bytes data{0x12, 0x34, 0x56};
  big_endian_reader big(data);
  CHECK(big.u16() == 0x1234);
  CHECK(big.u16() == 0);
  CHECK(big.failed());
  CHECK(big.u8() == 0);
  little_endian_reader little(data);
  CHECK(little.u16() == 0x3412);
  CHECK(little.left() == 1);
  bytes out;
  little_endian_writer(out).u32(0x01020304).u8(9);
  CHECK(out == bytes{4, 3, 2, 1, 9});
}
