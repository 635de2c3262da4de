#include "actors/overlays/bittorrent/udp_dialog.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::bittorrent;

namespace {

info_hash name(byte n) {
  info_hash out{};
  out.fill(n);
  return out;
}

struct dialog_fixture {
  std::uint32_t transaction = 100;
  udp_dialog dialog{{}, [this] { return ++transaction; }};
  std::uint64_t now_ms = 1'000'000;

  udp_tracker::request sent(const udp_dialog::effects& e) {
    REQUIRE(e.packets.size() == 1);
    packet = e.packets[0];
    const auto r = udp_tracker::decode_request(packet);
    REQUIRE(r);
    return *r;
  }
  udp_dialog::effects connect(std::uint64_t id) {
    bytes answer(16);
    udp_tracker::encode_connect_response(answer, transaction, id);
    return dialog.received(answer, false, now_ms);
  }
  udp_dialog::effects accept() {
    bytes answer(20);
    udp_tracker::encode_announce_header(answer, transaction, 1800, 1, 2);
    append(answer, bytes{192, 0, 2, 9, 0, 80});
    return dialog.received(answer, false, now_ms);
  }
  static announce_request request() {
    announce_request a;
    a.port = 1;
    return a;
  }

  bytes packet;
};

} // namespace

TEST_CASE("udp dialog: connect, then the request; the id is used again for a minute") {
  dialog_fixture f;
  CHECK(f.sent(f.dialog.announce(1, f.request(), "/announce", f.now_ms)).what ==
        udp_tracker::action::connect);
  auto e = f.connect(77);
  auto r = f.sent(e);
  CHECK(r.connection_id == 77);
  CHECK(udp_tracker::url_data(r.options) == "/announce");
  e = f.accept();
  REQUIRE(e.finished.size() == 1);
  CHECK(e.finished[0].request == 1);
  CHECK(e.finished[0].what->announce.seeders == 2);
  CHECK(e.finished[0].what->announce.peers.size() == 1);
  f.now_ms += 59'000;
  CHECK(f.sent(f.dialog.scrape(2, {name(1)}, f.now_ms)).what == udp_tracker::action::scrape);
  f.now_ms += 1'000;
  CHECK(f.sent(f.dialog.announce(3, f.request(), "", f.now_ms)).what ==
        udp_tracker::action::connect);
}

TEST_CASE("udp dialog: silence is met with 15·2ⁿ s and then a failure") {
  dialog_fixture f;
  f.dialog.announce(1, f.request(), "", f.now_ms);
  f.dialog.announce(2, f.request(), "", f.now_ms); // one connect for both
  std::vector<std::uint64_t> waits;
  std::size_t failed = 0;
  auto last = f.now_ms;
  for (int s = 0; s < 1000 && failed == 0; ++s) {
    f.now_ms += 1000;
    const auto e = f.dialog.tick(f.now_ms);
    failed = e.finished.size();
    if (e.packets.empty() && failed == 0) continue;
    waits.push_back((f.now_ms - last) / 1000);
    last = f.now_ms;
  }
  CHECK(waits == std::vector<std::uint64_t>{15, 30, 60, 120});
  CHECK(failed == 2);
  CHECK(f.dialog.size() == 0);
}

TEST_CASE("udp dialog: a request that is sent again late gets a new connection id first") {
  dialog_fixture f;
  f.dialog.announce(1, f.request(), "", f.now_ms);
  f.connect(77);
  for (const int wait : {15, 30}) {
    f.now_ms += static_cast<std::uint64_t>(wait) * 1000;
    CHECK(f.sent(f.dialog.tick(f.now_ms)).connection_id == 77);
  }
  f.now_ms += 60'000;
  CHECK(f.sent(f.dialog.tick(f.now_ms)).what == udp_tracker::action::connect);
  CHECK(f.sent(f.connect(78)).connection_id == 78);
  CHECK(f.accept().finished.size() == 1);
}

TEST_CASE("udp dialog: errors, foreign transactions and wrong kinds") {
  dialog_fixture f;
  f.dialog.announce(1, f.request(), "", f.now_ms);
  f.connect(77);
  bytes stray(20);
  udp_tracker::encode_announce_header(stray, 5, 1, 1, 1);
  CHECK(f.dialog.received(stray, false, f.now_ms).finished.empty());
  bytes scrape(8);
  udp_tracker::encode_scrape_header(scrape, f.transaction);
  CHECK(f.dialog.received(scrape, false, f.now_ms).finished.empty());
  CHECK(f.dialog.received(bytes{1, 2, 3}, false, f.now_ms).finished.empty());
  bytes error(20);
  error.resize(udp_tracker::encode_error(error, f.transaction, "no"));
  const auto e = f.dialog.received(error, false, f.now_ms);
  REQUIRE(e.finished.size() == 1);
  CHECK(e.finished[0].what->announce.failure->reason == "no");

  // opentracker: a name that is not on its list is answered with a bare header.
  f.dialog.announce(2, f.request(), "", f.now_ms);
  bytes bare(20);
  udp_tracker::encode_announce_header(bare, f.transaction, 0, 0, 0);
  bare.resize(8);
  const auto refused = f.dialog.received(bare, false, f.now_ms);
  REQUIRE(refused.finished.size() == 1);
  CHECK(refused.finished[0].what->announce.failure);
}

TEST_CASE("udp dialog: scrape answers take their names from the question") {
  dialog_fixture f;
  f.dialog.scrape(1, {name(1), name(2)}, f.now_ms);
  f.connect(77);
  bytes answer(8 + 36);
  udp_tracker::encode_scrape_header(answer, f.transaction);
  for (std::size_t i = 0; i < 3; ++i) udp_tracker::encode_scrape_entry(answer, i, {{}, 1, 2, 3});
  const auto e = f.dialog.received(answer, false, f.now_ms);
  REQUIRE(e.finished.size() == 1);
  CHECK(e.finished[0].what->scrape.entries ==
        std::vector<scrape_entry>{{name(1), 1, 2, 3}, {name(2), 1, 2, 3}});
}
