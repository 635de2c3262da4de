#include "actors/overlays/ppsp/tracker_responder.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ppsp;

namespace {

constexpr std::uint64_t now_ms = 3'600'000;
const std::string swarm = "1111";

struct fixture {
  explicit fixture(tracker_responder_options o = {})
      : book({}, {"own", {*endpoint::parse("0.0.0.0:7000")}}, {1, 2}), responder(book, o, 7) {}

  tracker_responder::answer post(const std::string& body, const std::string& from) {
    tracker_responder::question q;
    q.method = "POST";
    q.path = "/video_1";
    q.content_type = type;
    q.body = as_bytes(body);
    q.from = *endpoint::parse(from);
    q.forwarded_for = forwarded;
    q.authorization = authorization;
    return responder.respond(q, now_ms);
  }
  tracker_response ask(const tracker_request& r, const std::string& from) {
    const auto a = post(std::string(as_text(encode_tracker_request(r))), from);
    CHECK(a.status == 200);
    CHECK(a.type == "application/ppsp-tracker+json");
    const auto out = decode_tracker_response(a.body);
    REQUIRE(out);
    return *out;
  }
  tracker_response join(const std::string& id, bool seeder, const std::string& from) {
    return ask(
        {"12345", id, connect_request{{}, {{*endpoint::parse(from)}}, {{swarm, true, seeder}}}},
        from);
  }
  tracker_responder::answer get(const std::string& path, const std::string& from) {
    tracker_responder::question q;
    q.method = "GET";
    q.path = path;
    q.from = *endpoint::parse(from);
    return responder.respond(q, now_ms);
  }

  tracker_book book;
  tracker_responder responder;
  std::string type = "application/ppsp-tracker+json";
  std::string forwarded;
  std::string authorization;
};

} // namespace

TEST_CASE("ppsp tracker responder: peers find each other and see their own address") {
  fixture f;
  const auto s = f.join("seed", true, "198.51.100.1:4001");
  REQUIRE(s.seen);
  CHECK(s.seen->at == endpoint::parse("198.51.100.1:4001"));
  CHECK(s.seen->kind == address_kind::reflexive);
  const auto l = f.join("leech", false, "198.51.100.2:4002");
  REQUIRE(l.swarms.size() == 1);
  REQUIRE(l.swarms[0].peers->size() == 1);
  CHECK(l.swarms[0].peers->at(0).peer_id == "seed");
  const auto found = f.ask({"2", "leech", find_request{swarm, {}}}, "198.51.100.2:4003");
  CHECK(found.swarms.at(0).peers->size() == 1);
  CHECK_FALSE(found.seen);
  CHECK(f.ask({"3", "leech", stat_report{{{swarm, 5, 6, 0, {}}}}}, "198.51.100.2:4003").error ==
        tracker_error::none);
  CHECK(f.book.totals().downloaded_bytes == 6);
  CHECK(f.responder.counts().connects == 2);
  CHECK(f.responder.counts().finds == 1);
  CHECK(f.responder.counts().reports == 1);
}

TEST_CASE("ppsp tracker responder: the protocol's errors are JSON in a 200") {
  fixture f;
  for (const auto& [body, code] : std::vector<std::pair<std::string, int>>{
           {"", 1},
           {"{}", 1},
           {"\xFF", 1},
           {R"({"PPSPTrackerProtocol":{"version":9,"transaction_id":"t"}})", 2},
           {R"({"PPSPTrackerProtocol":{"version":1,"transaction_id":"t","peer_id":"p",)"
            R"("request_type":"STAT_REPORT"}})",
            3}}) {
    const auto a = f.post(body, "198.51.100.1:4001");
    CHECK(a.status == 200);
    const auto r = decode_tracker_response(a.body);
    REQUIRE(r);
    CHECK(static_cast<int>(r->error) == code);
    CHECK(r->transaction_id == (code == 1 ? "" : "t"));
  }
  CHECK(f.responder.counts().refused[1] == 3);
  CHECK(f.responder.counts().refused[2] == 1);
  CHECK(f.responder.counts().refused[3] == 1);
}

TEST_CASE("ppsp tracker responder: what is not the protocol's is HTTP's") {
  fixture f;
  const auto alive = R"({"PPSPTrackerProtocol":{}})";
  for (const auto* type :
       {"", "application/json", "Application/PPSP-tracker+JSON; charset=utf-8"}) {
    f.type = type;
    CHECK(f.post(alive, "198.51.100.1:1").status == 200);
  }
  for (const auto* type :
       {"text/plain", "application/jsonx", "application/x-www-form-urlencoded"}) {
    f.type = type;
    CHECK(f.post(alive, "198.51.100.1:1").status == 415);
  }
  f.type = "";
  CHECK(f.post(std::string(limits::tracker_request_bytes, ' '), "198.51.100.1:1").status == 200);
  CHECK(f.post(std::string(limits::tracker_request_bytes + 1, ' '), "198.51.100.1:1").status ==
        413);
  tracker_responder::question q;
  q.method = "PUT";
  q.from = *endpoint::parse("198.51.100.1:1");
  CHECK(f.responder.respond(q, now_ms).status == 405);
  CHECK(f.get("/", "127.0.0.1:1").status == 404);
  CHECK(f.get("/stats", "198.51.100.1:1").status == 404);
  f.join("seed", true, "198.51.100.1:4001");
  CHECK(as_text(f.get("/stats?x", "127.0.0.1:1").body)
            .starts_with("{\"swarms\":1,\"registered\":1,\"tracking\":0,"));
  const auto metrics = f.get("/metrics", "[::1]:1");
  CHECK(as_text(metrics.body).find("interswarm_ppsp_tracker_peers{state=\"registered\"} 1\n") !=
        std::string_view::npos);
  CHECK(as_text(metrics.body)
            .find("interswarm_ppsp_tracker_requests_total{result=\"connect\"} 1\n") !=
        std::string_view::npos);
}

TEST_CASE("ppsp tracker responder: X-Forwarded-For counts only from a configured proxy") {
  tracker_responder_options o;
  o.proxies = {*ip_address::parse("10.0.0.1")};
  fixture f(o);
  f.forwarded = "6.6.6.6, 203.0.113.9 ";
  CHECK(f.join("a", true, "198.51.100.1:4001").seen->at.address.to_string() == "198.51.100.1");
  CHECK(f.join("b", true, "10.0.0.1:4001").seen->at.address.to_string() == "203.0.113.9");
  f.forwarded = "nonsense";
  CHECK(f.post("", "10.0.0.1:4001").status == 400);
}

TEST_CASE("ppsp tracker responder: one address cannot ask without end") {
  tracker_responder_options o;
  o.requests_per_address = 10;
  fixture f(o);
  int served = 0;
  for (int i = 0; i < 100; ++i) served += f.post("", "198.51.100.1:1").status == 200;
  CHECK(served == 20);
  CHECK(f.responder.counts().dropped == 80);
  CHECK(f.post("", "198.51.100.2:1").status == 200);
}

TEST_CASE("ppsp tracker responder: credentials are asked for each swarm") {
  tracker_responder_options o;
  std::vector<std::string> asked;
  o.admit = [&](std::string_view authorization, std::string_view peer, byte_view id) {
    asked.push_back(std::string(peer) + "/" + swarm_text(id));
    if (authorization.empty()) return admission::authentication_required;
    if (authorization == "Bearer other") return admission::forbidden;
    return authorization == "Bearer own" ? admission::trusted : admission::allowed;
  };
  fixture f(o);
  CHECK(f.join("p", true, "198.51.100.1:1").error == tracker_error::authentication_required);
  f.authorization = "Bearer other";
  CHECK(f.join("p", true, "198.51.100.1:1").error == tracker_error::forbidden_action);
  f.authorization = "Bearer some";
  CHECK(f.join("p", true, "198.51.100.1:1").error == tracker_error::none);
  CHECK(f.ask({"9", "p", stat_report{}}, "203.0.113.9:1").error == tracker_error::forbidden_action);
  f.authorization = "Bearer own";
  CHECK(f.ask({"9", "p", stat_report{}}, "203.0.113.9:1").error == tracker_error::none);
  CHECK(f.ask({"10", "p", find_request{swarm, {}}}, "203.0.113.9:1").error == tracker_error::none);
  CHECK(asked == std::vector<std::string>{"p/1111", "p/1111", "p/1111", "p/", "p/", "p/1111"});
}
