#include "actors/overlays/bittorrent/http_responder.hpp"
#include "schema/bittorrent/http_tracker.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::bittorrent;

namespace {

constexpr std::uint64_t start_ms = 3'600'000;

struct http_fixture {
  explicit http_fixture(tracker_options o = {}) : store(o.swarms, {1, 2}), responder(store, o, 7) {}

  http_responder::answer ask(const std::string& url, const std::string& from,
                             std::string_view forwarded = {}) {
    http_responder::question q;
    q.url = url;
    q.from = *ip_address::parse(from);
    q.forwarded_for = forwarded;
    return responder.respond(q, start_ms, {});
  }
  announce_response announce(const std::string& from, std::uint16_t port, std::uint64_t left,
                             std::string_view forwarded = {}) {
    announce_request a;
    a.hash.fill('h');
    a.port = port;
    a.left = left;
    const auto answer =
        ask("/announce?" + http_tracker::encode_announce_query(a, ""), from, forwarded);
    CHECK(answer.status == 200);
    const auto r = http_tracker::decode_announce_response(answer.body);
    REQUIRE(r);
    return *r;
  }

  swarm_store store;
  http_responder responder;
};

} // namespace

TEST_CASE("http responder: announces in both families find each other") {
  http_fixture f;
  f.announce("192.0.2.1", 80, 0);
  f.announce("2001:db8::1", 81, 0);
  const auto r = f.announce("192.0.2.2", 82, 5);
  CHECK(r.seeders == 2);
  CHECK(r.leechers == 1);
  CHECK(r.peers.size() == 2);
  CHECK(r.external_address == ip_address::parse("192.0.2.2"));
  CHECK(r.interval_s >= 1800);
  CHECK(r.min_interval_s == 60);
  const auto scrape = f.ask("/scrape?info_hash=hhhhhhhhhhhhhhhhhhhh", "192.0.2.2");
  const auto s = http_tracker::decode_scrape_response(scrape.body);
  REQUIRE(s);
  REQUIRE(s->entries.size() == 1);
  CHECK(s->entries[0].seeders == 2);
  CHECK(f.responder.count().announces == 3);
}

TEST_CASE("http responder: refusals are failure reasons inside a 200, with BEP 31's retry") {
  tracker_options o;
  o.swarms.allow_list = true;
  o.retry_minutes = 30;
  http_fixture f(o);
  const auto r = f.announce("192.0.2.1", 80, 0);
  REQUIRE(r.failure);
  CHECK(r.failure->reason == refusal_text(swarm_store::verdict::not_listed));
  CHECK(r.failure->retry_minutes == 30u);
  CHECK(as_text(f.ask("/announce", "192.0.2.1").body) ==
        "d14:failure reason12:no info_hash8:retry ini30ee");
  CHECK(as_text(f.ask("/scrape", "192.0.2.1").body).starts_with("d14:failure reason"));
  o.retry_minutes = 0;
  http_fixture never(o);
  CHECK(never.announce("192.0.2.1", 80, 0).failure->never);
}

TEST_CASE("http responder: X-Forwarded-For counts only from a configured proxy, and only its last "
          "entry") {
  tracker_options o;
  o.http_proxies = {*ip_address::parse("10.0.0.1")};
  http_fixture f(o);
  CHECK(f.announce("192.0.2.1", 80, 0, "198.51.100.9").external_address ==
        ip_address::parse("192.0.2.1"));
  CHECK(f.announce("10.0.0.1", 80, 0, "6.6.6.6, 198.51.100.9 ").external_address ==
        ip_address::parse("198.51.100.9"));
  CHECK(f.ask("/announce", "10.0.0.1", "").status == 400);
  CHECK(f.ask("/announce", "10.0.0.1", "6.6.6.6, nonsense").status == 400);
}

TEST_CASE("http responder: what is not a tracker's is refused plainly") {
  http_fixture f;
  CHECK(f.ask("/", "192.0.2.1").status == 404);
  CHECK(f.ask("/announcex", "192.0.2.1").status == 404);
  CHECK(f.ask("/stats", "192.0.2.1").status == 404);
  CHECK(f.ask("/metrics", "192.0.2.1").status == 404);
  CHECK(as_text(f.ask("/stats", "127.0.0.1").body).starts_with("{\"swarms\":0,"));
  CHECK(as_text(f.ask("/metrics", "::1").body).find("interswarm_tracker_peers 0\n") !=
        std::string::npos);
  http_responder::question post;
  post.is_get = false;
  post.url = "/announce";
  post.from = *ip_address::parse("192.0.2.1");
  CHECK(f.responder.respond(post, start_ms, {}).status == 405);
}

TEST_CASE("http responder: one address cannot ask without end") {
  tracker_options o;
  o.http_requests_per_address = 10;
  http_fixture f(o);
  int served = 0;
  for (int i = 0; i < 100; ++i) served += f.ask("/announce", "192.0.2.1").status == 200;
  CHECK(served == 20);
  CHECK(f.ask("/announce", "192.0.2.2").status == 200);
}
