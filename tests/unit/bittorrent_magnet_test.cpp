#include "schema/base/encoding.hpp"
#include "schema/bittorrent/magnet.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::bittorrent;

namespace {

const std::string btih = "7b18b9aa32743e40250d35655b22e0f5e79d5fa3";
const std::string btmh = "fb528391fa0060bbd82249cff6c11b08a46f989df1305e1980cb3710207253d3";

} // namespace

TEST_CASE("magnet: hashes of several systems in one link") {
  const auto m = parse_magnet(
      "magnet:?xt=urn:btih:" + btih + "&xt=urn:btmh:1220" + btmh +
      "&xt.1=urn:ed2k:31D6CFE0D16AE931B73C59D7E0C089C0&xl=7162&dn=a+b%20c.bin"
      "&xt=urn:tree:tiger:WHATEVER&tr=http%3A%2F%2F127.0.0.1%3A6969%2Fannounce&tr.1=udp://t:1"
      "&x.pe=192.0.2.1:6881&x.pe=bad%0A:1&so=0,2-5&ws=http://w/f");
  REQUIRE(m);
  CHECK(to_hex(*m->btih) == btih);
  CHECK(to_hex(*m->btmh) == btmh);
  CHECK(to_hex(*m->ed2k) == "31d6cfe0d16ae931b73c59d7e0c089c0");
  CHECK(m->length == 7162u);
  CHECK(m->display_name == "a b c.bin");
  CHECK(m->trackers == std::vector<std::string>{"http://127.0.0.1:6969/announce", "udp://t:1"});
  CHECK(m->peers == std::vector<std::string>{"192.0.2.1:6881"});
  CHECK(m->selection == std::vector<std::pair<std::uint32_t, std::uint32_t>>{{0, 0}, {2, 5}});
  CHECK(m->web_seeds == std::vector<std::string>{"http://w/f"});
  CHECK(parse_magnet(to_string(*m)) == *m);
}

TEST_CASE("magnet: base32, case, HTML escapes and doubles") {
  const auto base32 = to_base32(*from_hex(btih));
  CHECK(parse_magnet("MAGNET:?XT=URN:BTIH:" + base32)->btih ==
        parse_magnet("magnet:?xt=urn:btih:" + btih)->btih);
  const auto m =
      parse_magnet("magnet:?dn=x&amp;xt=urn:aich:" + base32 + "&amp;xt=urn:sha1:" + base32);
  REQUIRE(m);
  CHECK(m->aich);
  CHECK(m->sha1);
  CHECK_FALSE(m->is_torrent());
  CHECK(parse_magnet("magnet:?xt=urn:btih:" + btih + "&xt=urn:btih:" + base32));
}

TEST_CASE("magnet: what names nothing or contradicts itself is refused") {
  for (const auto& bad : std::vector<std::string>{
           "", "magnet:", "http://x", "magnet:?dn=x", "magnet:?xt=urn:btih:1234",
           "magnet:?xt=urn:btih:" + btih + "%4", "magnet:?xt=urn:btmh:1221" + btmh,
           "magnet:?xt=urn:tree:tiger:X", "magnet:?xt=urn:btih:" + btih + "&xl=12x",
           "magnet:?xt=urn:btih:" + btih + "&so=5-2", "magnet:?xt=urn:btih:" + btih + "&so=,",
           "magnet:?xt=urn:btih:" + btih +
               "&xt=urn:btih:8b18b9aa32743e40250d35655b22e0f5e79d5fa3"}) {
    INFO(bad);
    const auto m = parse_magnet(bad);
    REQUIRE_FALSE(m);
    CHECK(m.error().text.starts_with("magnet link: "));
  }
  const auto good = "magnet:?xt=urn:btih:" + btih;
  for (std::size_t n = 0; n < good.size(); ++n) CHECK_FALSE(parse_magnet(good.substr(0, n)));
}

TEST_CASE("magnet: lists are limited") {
  std::string text = "magnet:?xt=urn:btih:" + btih;
  for (std::size_t i = 0; i < limits::trackers + 5; ++i)
    text += "&tr=http://t/" + std::to_string(i);
  CHECK(parse_magnet(text)->trackers.size() == limits::trackers);
  std::string chosen = "&so=0";
  for (std::size_t i = 1; i < limits::magnet_selections; ++i) chosen += "," + std::to_string(i);
  CHECK(parse_magnet("magnet:?xt=urn:btih:" + btih + chosen));
  CHECK_FALSE(parse_magnet("magnet:?xt=urn:btih:" + btih + chosen + ",7"));
  CHECK_FALSE(parse_magnet(text + "&dn=" + std::string(limits::magnet_bytes, 'x')));
}
