#include "schema/base/encoding.hpp"
#include "schema/bittorrent/http_tracker.hpp"
#include "schema/bittorrent/udp_tracker.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::bittorrent;

namespace {

bytes hex(const std::string& text) { return from_hex(text).value(); }

template <std::size_t N>
std::array<byte, N> filled(byte first) {
  std::array<byte, N> out{};
  for (std::size_t i = 0; i < N; ++i) out[i] = static_cast<byte>(first + i);
  return out;
}

const std::string hash_hex = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3";
const std::string id_hex = "2d4c54323038302d303132333435363738394142"; // -LT2080-0123456789AB

/// BEP 15's announce field by field.
const std::string announce_hex = "1122334455667788" // connection id
                                 "00000001"         // action: announce
                                 "cafebabe"         // transaction id
                                 + hash_hex + id_hex +
                                 "0000000000000010" // downloaded 16
                                 "0000000000004000" // left 16384
                                 "0000000000000020" // uploaded 32
                                 "00000002"         // event: started
                                 "00000000"         // address
                                 "deadbeef"         // key
                                 "ffffffff"         // num_want -1
                                 "1ae1";            // port 6881

const std::string good_query =
    "info_hash=%A0%A1%A2%A3%A4%A5%A6%A7%A8%A9%AA%AB%AC%AD%AE%AF%B0%B1%B2%B3"
    "&peer_id=-LT2080-0123456789AB&port=6881&uploaded=32&downloaded=16&left=16384"
    "&event=started&key=DEADBEEF&compact=1&numwant=-1&supportcrypto=1";

announce_request expected() {
  announce_request a;
  a.hash = filled<20>(0xA0);
  const auto id = hex(id_hex);
  std::copy(id.begin(), id.end(), a.id.begin());
  a.port = 6881;
  a.downloaded = 16;
  a.left = 16384;
  a.uploaded = 32;
  a.event = announce_event::started;
  a.key = 0xDEADBEEF;
  return a;
}

} // namespace

TEST_CASE("udp tracker: a connect request by hand") {
  const auto r = udp_tracker::decode_request(hex("00000417271019800000000001020304"));
  REQUIRE(r);
  CHECK(r->what == udp_tracker::action::connect);
  CHECK(r->transaction == 0x01020304);
  CHECK(udp_tracker::encode_connect_request(0x01020304) == hex("00000417271019800000000001020304"));
  const auto wrong_magic = udp_tracker::decode_request(hex("00000417271019810000000001020304"));
  REQUIRE_FALSE(wrong_magic);
  CHECK(wrong_magic.error().reaction == on_decode_error::drop);
}

TEST_CASE("udp tracker: an announce request by hand, with BEP 41 options") {
  // libtorrent 2.0.8 appends the URL data without an end; aria2 appends two zero bytes.
  for (const std::string tail : {"", "020d2f616e6e6f756e63653f6b3d31", "0000"}) {
    const auto packet = hex(announce_hex + tail);
    const auto r = udp_tracker::decode_request(packet);
    REQUIRE(r);
    CHECK(r->connection_id == 0x1122334455667788);
    CHECK(r->transaction == 0xCAFEBABE);
    CHECK(r->announce == expected());
    CHECK(udp_tracker::url_data(r->options) == (tail.size() > 4 ? "/announce?k=1" : ""));
  }
  CHECK(udp_tracker::encode_announce_request(0x1122334455667788, 0xCAFEBABE, expected(), "") ==
        hex(announce_hex));
  const std::string path = "/" + std::string(300, 'x');
  const auto long_url = udp_tracker::encode_announce_request(1, 2, expected(), path);
  CHECK(udp_tracker::url_data(udp_tracker::decode_request(long_url)->options) == path);
  CHECK(udp_tracker::url_data(hex("010302ffff0201610009")) ==
        "a"); // no-op, unknown type, data, end
  CHECK(udp_tracker::url_data(hex("0205616263")) == "");
}

TEST_CASE("udp tracker: every truncation of an announce is refused and is never answered below a "
          "header") {
  const auto packet = hex(announce_hex);
  for (std::size_t n = 0; n < packet.size(); ++n) {
    const auto r = udp_tracker::decode_request(byte_view(packet).first(n));
    REQUIRE_FALSE(r);
    CHECK(r.error().reaction == (n < 16 ? on_decode_error::drop : on_decode_error::reply));
    if (n >= 16) CHECK(r.error().transaction == 0xCAFEBABE);
  }
  auto odd = packet;
  odd[83] = 4;
  CHECK(udp_tracker::decode_request(odd).error().text == "unknown event");
  odd = packet;
  odd[96] = odd[97] = 0;
  CHECK(udp_tracker::decode_request(odd).error().text == "port 0");
  odd = packet;
  odd[11] = 9;
  CHECK(udp_tracker::decode_request(odd).error().text == "unknown action");
  odd.resize(limits::udp_packet_bytes + 1);
  CHECK(udp_tracker::decode_request(odd).error().reaction == on_decode_error::drop);
}

TEST_CASE("udp tracker: scrapes of 1 to 74 names") {
  std::vector<info_hash> hashes(limits::scrape_names, filled<20>(7));
  const auto r = udp_tracker::decode_request(udp_tracker::encode_scrape_request(5, 6, hashes));
  REQUIRE(r);
  CHECK(r->hashes.size() == 20 * limits::scrape_names);
  hashes.push_back(filled<20>(8));
  const auto many = udp_tracker::encode_scrape_request(5, 6, hashes);
  CHECK(udp_tracker::decode_request(many).error().text == "scrape of too many");
  CHECK_FALSE(udp_tracker::decode_request(udp_tracker::encode_scrape_request(5, 6, {})));
}

TEST_CASE("udp tracker: responses by hand") {
  const auto connect = udp_tracker::decode_response(hex("00000000cafebabe1122334455667788"), false);
  REQUIRE(connect);
  CHECK(connect->connection_id == 0x1122334455667788);

  const auto packet = hex("00000001cafebabe000007080000000200000003"
                          "c00002011ae1"
                          "c00002020000" // port 0: left out
                          "7f0000011ae2");
  const auto r = udp_tracker::decode_response(packet, false);
  REQUIRE(r);
  CHECK(r->announce.interval_s == 1800);
  CHECK(r->announce.leechers == 2);
  CHECK(r->announce.seeders == 3);
  REQUIRE(r->announce.peers.size() == 2);
  CHECK(r->announce.peers[0].address.to_string() == "192.0.2.1:6881");
  for (std::size_t n = 0; n < 20; ++n) {
    const auto cut = udp_tracker::decode_response(byte_view(packet).first(n), false);
    if (n == 8)
      CHECK(cut->announce.failure); // opentracker: not on its list
    else
      CHECK_FALSE(cut);
  }
  const auto six = udp_tracker::decode_response(
      hex("00000001cafebabe00000708000000000000000120010db80000000000000000000000011ae1"), true);
  REQUIRE(six);
  REQUIRE(six->announce.peers.size() == 1);
  CHECK(six->announce.peers[0].address.to_string() == "[2001:db8::1]:6881");

  const auto scrape =
      udp_tracker::decode_response(hex("0000000200000001000000010000000200000003"), false);
  REQUIRE(scrape);
  CHECK(scrape->scrape.entries == std::vector<scrape_entry>{{{}, 1, 2, 3}});
  const auto error = udp_tracker::decode_response(hex("000000030000000161620a63"), false);
  REQUIRE(error);
  CHECK(error->error_text == "ab?c");
  CHECK_FALSE(udp_tracker::decode_response(hex("0000000400000001"), false));
}

TEST_CASE("udp tracker: responses are written as they are read, and never past the buffer") {
  std::array<byte, 64> buffer{};
  const auto written = [&](std::size_t n) { return byte_view(buffer).first(n); };
  CHECK(equal(written(udp_tracker::encode_connect_response(buffer, 7, 0x0102030405060708)),
              hex("00000000000000070102030405060708")));
  CHECK(equal(written(udp_tracker::encode_announce_header(buffer, 7, 1800, 2, 3)),
              hex("0000000100000007000007080000000200000003")));
  CHECK(udp_tracker::encode_scrape_header(buffer, 9) == 8);
  CHECK(equal(written(udp_tracker::encode_scrape_entry(buffer, 0, {{}, 1, 2, 3})),
              hex("0000000200000009000000010000000200000003")));
  CHECK(equal(written(udp_tracker::encode_error(buffer, 7, "no")), hex("00000003000000076e6f")));
  CHECK(udp_tracker::encode_error(std::span(buffer).first(10), 7, "long text") == 10);
  CHECK(udp_tracker::encode_connect_response(std::span(buffer).first(15), 7, 1) == 0);
  CHECK(udp_tracker::encode_announce_header(std::span(buffer).first(19), 7, 1, 2, 3) == 0);
  CHECK(udp_tracker::encode_scrape_entry(buffer, 4, {}) == 0);
}

TEST_CASE("http tracker: an announce query is the same announce") {
  const auto r = http_tracker::decode_announce_query(good_query);
  REQUIRE(r);
  CHECK(*r == expected());
  const auto again =
      http_tracker::decode_announce_query(http_tracker::encode_announce_query(expected(), "t&1"));
  REQUIRE(again);
  CHECK(*again == expected());
  const auto bare = http_tracker::decode_announce_query(
      "port=1&peer_id=-LT2080-0123456789AB&info_hash=aaaaaaaaaaaaaaaaaaaa&left=-1&key=a%20longer%"
      "20key&noise&x=%zz");
  REQUIRE(bare);
  CHECK(bare->left > 0);
  CHECK(bare->want == -1);
  CHECK(bare->key != 0);
}

TEST_CASE("http tracker: what is missing or broken gets a failure reason") {
  const auto reason = [](std::string_view query) {
    const auto r = http_tracker::decode_announce_query(query);
    if (r) return std::string("accepted");
    CHECK(r.error().action == on_decode_error::reply);
    return r.error().text;
  };
  CHECK(reason("") == "no info_hash");
  CHECK(reason("info_hash=aaaaaaaaaaaaaaaaaaa") == "info_hash is not 20 bytes");
  CHECK(reason("info_hash=aaaaaaaaaaaaaaaaaaaaa") == "info_hash is not 20 bytes");
  CHECK(reason("info_hash=%zzaaaaaaaaaaaaaaaaaaa") == "info_hash is not 20 bytes");
  CHECK(reason("info_hash=aaaaaaaaaaaaaaaaaaaa&info_hash=aaaaaaaaaaaaaaaaaaaa") ==
        "more than one info_hash");
  CHECK(reason("info_hash=aaaaaaaaaaaaaaaaaaaa&port=1") == "no peer_id");
  CHECK(reason("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa") == "no usable port");
  CHECK(reason("port=0") == "no usable port");
  CHECK(reason("port=70000") == "no usable port");
  CHECK(reason("left=x") == "left is not a number");
  CHECK(reason("event=gone") == "unknown event");
  CHECK(reason(std::string(limits::http_query_bytes + 1, 'a')) == "the query is too long");
  // No truncation may pass for another peer or another port.
  for (std::size_t n = 0; n < good_query.size(); ++n) {
    const auto r = http_tracker::decode_announce_query(good_query.substr(0, n));
    if (r) CHECK((r->hash == expected().hash && r->id == expected().id));
  }
}

TEST_CASE("http tracker: scrape queries") {
  const auto r = http_tracker::decode_scrape_query(
      "info_hash=aaaaaaaaaaaaaaaaaaaa&info_hash=%00aaaaaaaaaaaaaaaaaaa");
  REQUIRE(r);
  REQUIRE(r->size() == 2);
  CHECK((*r)[1][0] == 0);
  CHECK(http_tracker::decode_scrape_query(http_tracker::encode_scrape_query(*r)) == *r);
  CHECK(http_tracker::decode_scrape_query("")->empty());
  CHECK_FALSE(http_tracker::decode_scrape_query("info_hash=a"));
  std::vector<info_hash> many(limits::scrape_names + 1);
  for (auto& h : many) h = filled<20>('a');
  CHECK_FALSE(http_tracker::decode_scrape_query(http_tracker::encode_scrape_query(many)));
}

TEST_CASE("http tracker: answers by hand") {
  const auto decode = [](const std::string& text) {
    return http_tracker::decode_announce_response(as_bytes(text));
  };
  const auto compact =
      decode("d8:completei3e11:external ip4:\x7f\x00\x00\x01"
             "10:incompletei2e8:intervali1800e12:min intervali60e5:peers6:\xC0\x00\x02\x01\x1a\xe1"
             "10:tracker id3:abc15:warning message2:hie");
  CHECK_FALSE(compact); // the literal above ends at its first NUL
  const std::string peers("5:peers6:\xC0\x00\x02\x01\x1a\xe1", 15);
  const std::string peers6("6:peers618:\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe1", 29);
  const std::string external("11:external ip4:\x7f\0\0\x01", 20);
  const auto r =
      decode("d8:completei3e" + external + "10:incompletei2e8:intervali1800e12:min intervali60e" +
             peers + peers6 + "10:tracker id3:abc15:warning message2:hie");
  REQUIRE(r);
  CHECK_FALSE(r->failure);
  CHECK(r->interval_s == 1800);
  CHECK(r->min_interval_s == 60);
  CHECK(r->seeders == 3);
  CHECK(r->leechers == 2);
  CHECK(r->tracker_id == "abc");
  CHECK(r->warning == "hi");
  CHECK(r->external_address->to_string() == "127.0.0.1");
  REQUIRE(r->peers.size() == 2);
  CHECK(r->peers[0].address.to_string() == "192.0.2.1:6881");
  CHECK(r->peers[1].address.to_string() == "[2001:db8::1]:6881");

  const auto dicts = decode(
      "d5:peersld2:ip9:127.0.0.17:peer id20:aaaaaaaaaaaaaaaaaaaa4:porti80eed2:ip1:x4:porti1eee"
      "e");
  REQUIRE(dicts);
  REQUIRE(dicts->peers.size() == 1);
  CHECK(dicts->peers[0].id);
  CHECK(decode("d5:peers0:e")->peers.empty());
  CHECK_FALSE(decode("le"));
  CHECK_FALSE(decode("<html>"));
  const auto refused = decode("d14:failure reason7:no\x0a"
                              "body8:retry ini5ee");
  REQUIRE(refused);
  CHECK(refused->failure == tracker_failure{"no?body", 5, false});
  CHECK(decode("d14:failure reason2:no8:retry in5:nevere")->failure->never);
  std::string flood = "d5:peers";
  const bytes entries(6 * (limits::response_peers + 1), 1);
  flood += std::to_string(entries.size()) + ":" + std::string(as_text(entries)) + "e";
  CHECK(decode(flood)->peers.size() == limits::response_peers);
}

TEST_CASE("http tracker: answers are written as they are read") {
  bytes peers;
  bytes peers6;
  append_compact_peer(peers, *endpoint::parse("192.0.2.9:80"));
  append_compact_peer(peers6, *endpoint::parse("[2001:db8::2]:81"));
  http_tracker::announce_answer a{900, 60, 4, 5, 6, peers, peers6, ip_address::parse("::1")};
  const auto body = http_tracker::encode_announce_answer(a);
  const auto r = http_tracker::decode_announce_response(body);
  REQUIRE(r);
  CHECK(r->peers.size() == 2);
  CHECK(r->interval_s == 900);
  CHECK(r->external_address == ip_address::parse("::1"));
  for (std::size_t n = 0; n < body.size(); ++n)
    CHECK_FALSE(http_tracker::decode_announce_response(byte_view(body).first(n)));
  CHECK(as_text(http_tracker::encode_failure({"nope", 30, false})) ==
        "d14:failure reason4:nope8:retry ini30ee");
  CHECK(as_text(http_tracker::encode_failure({"nope", {}, true})) ==
        "d14:failure reason4:nope8:retry in5:nevere");

  const scrape_entry low{filled<20>('a'), 1, 2, 3};
  const scrape_entry high{filled<20>('b'), 4, 5, 6};
  const auto scrape = http_tracker::encode_scrape_answer({high, low, high}, 60);
  CHECK(as_text(scrape) ==
        "d5:filesd20:abcdefghijklmnopqrstd8:completei1e10:downloadedi2e10:incompletei3ee"
        "20:bcdefghijklmnopqrstud8:completei4e10:downloadedi5e10:incompletei6eee"
        "5:flagsd20:min_request_intervali60eee");
  const auto again = http_tracker::decode_scrape_response(scrape);
  REQUIRE(again);
  CHECK(again->entries == std::vector<scrape_entry>{low, high});
  CHECK(again->min_interval_s == 60);
}

TEST_CASE("tracker URLs") {
  const auto parse = [](std::string_view text) { return tracker_url::parse(text); };
  const auto u = parse("http://127.0.0.1:6969/announce?key=1");
  REQUIRE(u);
  CHECK(u->port == 6969);
  CHECK(u->path == "/announce?key=1");
  CHECK(u->scrape_path() == "/scrape?key=1");
  CHECK(u->may_hold_secret());
  CHECK(u->to_string() == "http://127.0.0.1:6969/announce?key=1");
  CHECK(parse("udp://[::1]:80")->authority() == "[::1]:80");
  CHECK(parse("udp://t.example:80")->path == "/");
  CHECK(parse("https://t.example/x/announce.php")->port == 443);
  CHECK(parse("https://t.example/x/announce.php")->scrape_path() == "/x/scrape.php");
  CHECK_FALSE(parse("http://t/x/a?announce")->scrape_path());
  CHECK_FALSE(parse("http://t/announce/x")->scrape_path());
  CHECK(parse("http://t/0123456789abcdef0123456789abcdef/announce")->may_hold_secret());
  CHECK_FALSE(parse("http://t/announce")->may_hold_secret());
  CHECK(http_tracker::join_query("/a", "b=1") == "/a?b=1");
  CHECK(http_tracker::join_query("/a?k", "b=1") == "/a?k&b=1");
  for (const auto* bad : {"", "ftp://x/", "http://", "http:///announce", "udp://host/announce",
                          "http://h:0/", "http://h:99999/", "http://h:/", "http://[::1/",
                          "http://[zz]:1/", "http://a b/", "http://h/a\nb", "http://user@h/"}) {
    INFO(bad);
    const auto r = parse(bad);
    REQUIRE_FALSE(r);
    CHECK(r.error().code == errc::configuration);
  }
}
