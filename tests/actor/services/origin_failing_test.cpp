// Pulls from servers that lie, refuse or say nothing, and what limits both sides.
#include "tests/actor/services/origin_fixture.hpp"

using namespace interswarm;
using namespace interswarm::origin;
using namespace interswarm::origin::test;

TEST_CASE("origin: what a server lies about is noted, and what it is asked for once more") {
  const auto content = some_content(size);
  const std::string ok = "HTTP/1.1 206 Partial Content\r\n" + v1;
  const auto whole =
      "Content-Range: bytes 0-" + std::to_string(size - 1) + "/" + std::to_string(size);
  const std::vector<std::pair<std::string, std::string>> lies{
      {ok + "Content-Range: bytes 7-99/100\r\nContent-Length: 93\r\n\r\n",
       "range that was not asked for"},
      {ok + whole + "\r\nContent-Length: 5\r\n\r\n12345", "length that is not its range's"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x') + "\r\n\r\n", "no valid answer"},
      {ok + "Content-Range: bytes 0-4/" + std::to_string(size) +
           "\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n0\r\n\r\n",
       "more bytes than it said"},
      {"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "HTTP status 503"},
      {"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", ""},
      {"SSH-2.0-OpenSSH\r\n\r\n", "no valid answer"},
  };
  for (const auto& [lie, said] : lies) {
    INFO(said);
    scripted_origin server(
        [&, text = &lie](std::size_t n, const seen_request& r, scripted_origin::answer& a) {
          if (n == 0) {
            a.send(*text);
            return;
          }
          a.send(head_for(r, size, v1));
          a.body(content, r.from(), size);
        });
    puller p;
    const auto pull = p.open({{server.url(), {}}});
    // Ten bytes that were not the content's have no place in it.
    if (said.empty()) {
      CHECK(p.size(pull).error().code == errc::malformed);
      continue;
    }
    CHECK(p.size(pull) == size);
    CHECK(p.servers()[0].last_error.find(said) != std::string::npos);
    CHECK(p.servers()[0].failures == 1);
    if (said.find("more bytes") != said.npos) continue;
    const auto got = p.read_all(pull);
    REQUIRE(got);
    CHECK(*got == content);
  }
}

TEST_CASE("origin: one that trickles or says nothing is failing") {
  const auto content = some_content(size);
  scripted_origin trickling([&](std::size_t n, const seen_request& r, scripted_origin::answer& a) {
    if (n == 0) return (void)a.wait(20s);
    a.send(head_for(r, size, v1));
    for (auto at = r.from(); at < size && a.wait(50ms); ++at)
      if (!a.body(content, at, at + 1)) return;
  });
  auto o = quick();
  o.stall_timeout = 500ms;
  o.http.head_timeout = 500ms;
  o.slow_bytes_per_second = 0;
  puller p(o);
  const auto pull = p.open({{trickling.url(), {}}});
  CHECK(eventually([&] { return p.servers()[0].last_error.find("gave no answer in") == 0; }));
  CHECK(eventually([&] { return p.size(pull) == size; }));
  CHECK(eventually(
      [&] { return p.servers()[0].last_error.find(" bytes in 0 s") != std::string::npos; }));
  CHECK(p.servers()[0].state != health::up);
}

TEST_CASE("origin: while all are down reads wait, then say what each origin last did") {
  const auto content = some_content(size);
  std::atomic<bool> up{false};
  scripted_origin server([&](std::size_t, const seen_request& r, scripted_origin::answer& a) {
    if (!up) return (void)a.send("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
    a.send(head_for(r, size, v1));
    a.body(content, r.from(), size);
  });
  const std::string gone = "http://127.0.0.1:1";
  puller p;
  const auto pull = p.open({{server.url(), {}}, {gone + "/x", {}}});
  const auto late = p.read(pull, {0, 10}, 600ms);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == errc::unavailable);
  CHECK(late.error().text.find(server.server() + " answered with HTTP status 500") !=
        std::string::npos);
  CHECK(late.error().text.find(gone + " did not take a connection") != std::string::npos);
  CHECK(p.size(pull).error().code == errc::unavailable);
  up = true;
  const auto got = p.read(pull, {0, 10});
  REQUIRE(got);
  CHECK(equal(*got, byte_view(content).subspan(0, 10)));
}

TEST_CASE("origin: Retry-After is honoured") {
  const auto content = some_content(1000);
  std::atomic<std::int64_t> asked_ms[2]{};
  scripted_origin server([&](std::size_t n, const seen_request& r, scripted_origin::answer& a) {
    if (n < 2) asked_ms[n] = std::chrono::steady_clock::now().time_since_epoch() / 1ms;
    if (n == 0)
      return (void)a.send("HTTP/1.1 429 Slow\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n");
    a.send(head_for(r, content.size(), v1));
    a.body(content, r.from(), content.size());
  });
  puller p;
  const auto pull = p.open({{server.url(), {}}});
  CHECK(p.read(pull, {0, 1000}));
  CHECK(asked_ms[1] - asked_ms[0] >= 1990);
}

TEST_CASE("origin: definite errors are told at once") {
  const std::vector<std::pair<std::string, errc>> cases{{"404 Not Found", errc::not_found},
                                                        {"403 Forbidden", errc::denied}};
  for (const auto& [status, code] : cases) {
    scripted_origin server(
        [&, s = status](std::size_t, const seen_request&, scripted_origin::answer& a) {
          a.send("HTTP/1.1 " + s + "\r\nContent-Length: 0\r\n\r\n");
        });
    puller p;
    const auto pull = p.open({{server.url("/x?token=hidden"), {}}});
    const auto got = p.read(pull, {0, 10}, 20s);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == code);
    CHECK(got.error().text.find("hidden") == std::string::npos);
    CHECK(server.requests().size() == 1);
  }
  puller p;
  CHECK(spawn_origin_source(p.hub, {}).error().code == errc::malformed);
  CHECK(spawn_origin_source(p.hub, {{{"ftp://x/", {}}}}).error().code == errc::malformed);
  CHECK(spawn_origin_source(p.hub, {{{"http://x/", {{"Host", "y"}}}}}).error().code ==
        errc::malformed);
  CHECK(spawn_origin_source(p.hub, {{{"http://x/", {{"A", "b\r\nC: d"}}}}}).error().code ==
        errc::malformed);
  std::vector<origin_url> many(limits::mirrors + 1, origin_url{"http://x/", {}});
  CHECK(spawn_origin_source(p.hub, {many}).error().code == errc::too_large);
  many = {{"http://x/", std::vector<request_header>(limits::request_headers + 1, {"A", "b"})}};
  CHECK(spawn_origin_source(p.hub, {many}).error().code == errc::too_large);
}

TEST_CASE("origin: limits of one source's reads and waiters") {
  scripted_origin server(
      [&](std::size_t, const seen_request&, scripted_origin::answer& a) { a.wait(20s); });
  puller p;
  const auto pull = p.open({{server.url(), {}}});
  CHECK(p.read(pull, {5, 1}).error().code == errc::malformed);
  CHECK(p.read(pull, {0, msg::max_read_bytes + 1}).error().code == errc::too_large);
  caf::scoped_actor self(p.world.system);
  msg::source_read x;
  x.range = {0, 1};
  x.deadline_ms = 20'000;
  for (std::size_t i = 0; i < limits::reads; ++i) self->send(pull.source, x);
  CHECK(p.read(pull, {0, 1}).error().code == errc::overloaded);
  msg::source_info w;
  w.after_version = UINT64_MAX;
  w.wait_ms = 20'000;
  for (std::size_t i = 0; i < limits::waiters; ++i) self->send(pull.source, w);
  CHECK(ask<msg::source_info_result>(p.world.system, pull.source, w).error().code ==
        errc::overloaded);
  // What waits keeps the source alive, an exit ends it.
  caf::anon_send_exit(pull.source, caf::exit_reason::user_shutdown);
  self->wait_for(pull.source);
}

TEST_CASE("origin: a mirror whose bytes the reader's hashes refute is asked no more") {
  const auto content = some_content(10'000);
  const bytes wrong(10'000, 0xEE);
  scripted_origin liar(honest(wrong));
  scripted_origin right(honest(content));
  puller p;
  const auto pull = p.open({{liar.url(), {}}, {right.url(), {}}});
  CHECK(equal(*p.read(pull, {0, 10'000}), wrong));
  msg::source_judge bad;
  bad.range = {0, 10'000};
  bad.verdict = msg::verdict::bad;
  CHECK(runtime::tell(p.world.system, pull.source, bad));
  CHECK(equal(*p.read(pull, {0, 10'000}), content));
  CHECK(eventually([&] { return pull.report->get().note.find("refute") != std::string::npos; }));
}
