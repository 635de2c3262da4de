#include "schema/base/encoding.hpp"
#include "schema/ppsp/limits.hpp"
#include "schema/ppsp/live_signature.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ppsp;
using algorithm = signature_algorithm;

namespace {

/// The swarm id of a key in hexadecimal.
bytes id_of(algorithm a, const char* key) {
  bytes out{static_cast<byte>(a)};
  append(out, *from_hex(key));
  return out;
}

} // namespace

TEST_CASE("ppsp live signature: the examples of RFC 6605 verify") {
  struct example {
    algorithm a;
    const char* key;
    const char* signature;
    const char* record;
  };
  // §6.1 and §6.2: DNSKEY, RRSIG, and what the latter is over.
  const example examples[] = {
      {algorithm::ecdsa_p256_sha256,
       "1a88c88615d437fbb8bf9e1942a1929f28562706ae6c2bd399e7b1bfb6d1e9e7"
       "5b92b4aa42917ae1c61b701ef035c3fe7be3009cbafe5a2f71316c902dcf0d00",
       "ab1eb02d8aa687e97da0229337aa8873e6f0eb26be289f28333d183f5d3b7a95"
       "c0c869adfb748daee3c5286eed6682c12e5533186baced9c26c167a9ebae950b",
       "00010d0300000e104c88b1374c63c737d960076578616d706c65036e657400"
       "03777777076578616d706c65036e6574000001000100000e100004c0000201"},
      {algorithm::ecdsa_p384_sha384,
       "c4a61a36159d18e7c9fa73eb2fcfdaae4c1fd8463730327e484aca8af0554ae9"
       "b5c3f7a0b17bd2003b4d261c9e9b94423a9810e8af17d43452124adb610f8e07"
       "ebfcfee5f8e4d07063cae9eb917a1a5babf08fe695536017a5bfa93237ee6e34",
       "fcbe610ca22f183c88d5f700457df3eb9aab98fb15cfbdd00f532be4212a3a22"
       "cff79871428baeae81827993afcc56b1b13f0696bef885b6af44a6b224dbb274"
       "2bb35934923ddcfbc27a972f96dd709ceeb1d9c8d1148c44ec71c068a959c266",
       "00010e0300000e104c88b4e94c63cae92a13076578616d706c65036e657400"
       "03777777076578616d706c65036e6574000001000100000e100004c0000201"},
  };
  for (const auto& e : examples) {
    const auto key = live_verifier::from_swarm_id(id_of(e.a, e.key));
    REQUIRE(key);
    auto signature = *from_hex(e.signature);
    CHECK(key->signature_bytes() == signature.size());
    const auto record = *from_hex(e.record);
    CHECK(key->verify(record, signature));
    for (std::size_t i = 0; i < signature.size(); i += 7) {
      signature[i] ^= 1;
      CHECK_FALSE(key->verify(record, signature));
      signature[i] ^= 1;
    }
    auto other = record;
    other.back() ^= 1;
    CHECK_FALSE(key->verify(other, signature));
    signature.pop_back();
    CHECK_FALSE(key->verify(record, signature));
  }
}

TEST_CASE("ppsp live signature: a key signs, is kept, and comes back as the same swarm") {
  for (const auto a : {algorithm::rsa_sha1, algorithm::rsa_sha256, algorithm::ecdsa_p256_sha256,
                       algorithm::ecdsa_p384_sha384}) {
    INFO(static_cast<int>(a));
    const auto signer = live_signer::generate(a, 1024);
    REQUIRE(signer);
    CHECK(signer->swarm_id().size() <= limits::max_swarm_id_bytes);
    const auto message = as_bytes("a munro");
    const auto verifier = live_verifier::from_swarm_id(signer->swarm_id());
    REQUIRE(verifier);
    CHECK(verifier->algorithm() == a);
    // Numbers with leading zeroes come up as well.
    for (int i = 0; i < 300; ++i) {
      const auto signature = signer->sign(message);
      REQUIRE(signature);
      REQUIRE(signature->size() == verifier->signature_bytes());
      REQUIRE(verifier->verify(message, *signature));
    }
    const auto kept = signer->private_key();
    REQUIRE(kept);
    const auto again = live_signer::from_private_key(a, *kept);
    REQUIRE(again);
    CHECK(again->swarm_id() == signer->swarm_id());
    CHECK(verifier->verify(message, *again->sign(message)));
    CHECK_FALSE(live_signer::from_private_key(a, byte_view(*kept).first(kept->size() / 2)));
    const auto stranger = live_signer::generate(a, 1024);
    CHECK_FALSE(verifier->verify(message, *stranger->sign(message)));
  }
  const auto p256 = live_signer::generate(algorithm::ecdsa_p256_sha256)->private_key();
  CHECK_FALSE(live_signer::from_private_key(algorithm::ecdsa_p384_sha384, *p256));
  CHECK_FALSE(live_signer::from_private_key(algorithm::rsa_sha1, *p256));
}

TEST_CASE("ppsp live signature: ids that are no keys are refused") {
  const auto code = [](const bytes& id) { return live_verifier::from_swarm_id(id).error().code; };
  CHECK(code({}) == errc::malformed);
  CHECK(code({13}) == errc::malformed);
  CHECK(code({7, 1, 3}) == errc::unimplemented);
  const auto good = live_signer::generate(algorithm::ecdsa_p256_sha256)->swarm_id();
  for (std::size_t size = 2; size < good.size(); ++size)
    CHECK(code({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}) ==
          errc::malformed);
  // A point that is not on the curve.
  auto off = good;
  off.back() ^= 1;
  CHECK(code(off) == errc::malformed);
  // RSA: cut short, even, too small, too large, an exponent without end.
  bytes rsa{5, 3, 1, 0, 1};
  CHECK(code(rsa) == errc::malformed);
  rsa.insert(rsa.end(), limits::min_rsa_bits / 8, 0xFE);
  CHECK(code(rsa) == errc::malformed);
  rsa.back() = 0xFF;
  CHECK(live_verifier::from_swarm_id(rsa));
  rsa.erase(rsa.end() - 2);
  CHECK(code(rsa) == errc::too_large);
  rsa.insert(rsa.end(), limits::max_rsa_bits / 8, 0xFF);
  CHECK(code(rsa) == errc::too_large);
  CHECK(code({5, 0, 1, 0}) == errc::too_large);
  CHECK(code({5, 0, 0}) == errc::malformed);
}

TEST_CASE("ppsp live signature: what is signed is the address, the time and the hash") {
  const bytes hash(32, 0xAB);
  const chunk_address ranges{chunk_addressing::chunk_ranges_32, 1024, std::nullopt};
  const chunk_address bins{chunk_addressing::bins_32, 1024, std::nullopt};
  CHECK(to_hex(signed_bytes(signed_form::rfc7574, {32, 64}, ranges, 0x0102030405060708, hash)) ==
        "00000020"
        "0000003f"
        "0102030405060708" +
            to_hex(hash));
  CHECK(to_hex(signed_bytes(signed_form::rfc7574, {32, 64}, bins, 1, hash)) == "0000005f"
                                                                               "0000000000000001" +
                                                                                   to_hex(hash));
  CHECK(signed_bytes(signed_form::libswift, {32, 64}, ranges, 1, hash) == hash);
}

TEST_CASE("ppsp live signature: times are NTP's, across its eras") {
  // 1970-01-01 is 2208988800 s after 1900-01-01 (RFC 5905 figure 4).
  CHECK(ntp_of(unix_time(0)) == std::uint64_t{2'208'988'800} << 32);
  CHECK(ntp_of(unix_time(500'000)) == ((std::uint64_t{2'208'988'800} << 32) | 0x8000'0000));
  const unix_time y2026(std::int64_t{1'790'000'000} * 1'000'000 + 123'457);
  const unix_time y2040(std::int64_t{2'220'000'000} * 1'000'000 + 999'999);
  for (const auto t : {y2026, y2040}) {
    CHECK(time_of_ntp(ntp_of(t), y2026) == t);
    CHECK(time_of_ntp(ntp_of(t), y2040) == t);
  }
  CHECK(signed_time(signed_form::libswift, y2026) == 1'790'000'000'123'457);
  CHECK(time_of_signed(signed_form::libswift, 1'790'000'000'123'457, y2026) == y2026);
  CHECK(time_of_signed(signed_form::libswift, ~std::uint64_t{0}, y2026) > y2040);
}
