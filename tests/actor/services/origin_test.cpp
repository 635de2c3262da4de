// Pulls from servers that break, lie, stall and change their minds.
#include "tests/actor/services/origin_fixture.hpp"

using namespace interswarm;
using namespace interswarm::origin;
using namespace interswarm::origin::test;

namespace {

constexpr std::size_t size = 3 << 20;
const std::string v1 = "ETag: \"v1\"\r\n";

/// Serves the content as it should be.
scripted_origin::script honest(const bytes& content, const std::string& more = v1) {
  return [&content, more](std::size_t, const seen_request& r, scripted_origin::answer& a) {
    a.send(head_for(r, content.size(), more));
    a.body(content, r.from(), r.to(content.size()));
  };
}

} // namespace

TEST_CASE("origin: a reader in order costs one request") {
  const auto content = some_content(size);
  scripted_origin server(
      honest(content, v1 + "Content-Type: application/x-thing\r\nContent-Disposition: attachment; "
                           "filename=\"a thing.bin\"\r\n"));
  puller p;
  const auto pull = p.open({{server.url(), {{"X-Key", "secret"}}}});
  const auto got = p.read_all(pull, 100'000);
  REQUIRE(got);
  CHECK(*got == content);
  REQUIRE(server.requests().size() == 1);
  const auto r = server.requests()[0];
  CHECK(r.target == "/file.bin");
  CHECK(r.header("range") == "bytes=0-");
  CHECK(r.header("accept-encoding") == "identity");
  CHECK(r.header("host") == "127.0.0.1:" + std::to_string(server.port()));
  CHECK(r.header("x-key") == "secret");
  CHECK(pull.report->get().received == size);
  const auto state = pull.report->get();
  CHECK(state.size == size);
  CHECK(state.discarded == 0);
  CHECK(state.learned.media_type == "application/x-thing");
  CHECK(state.learned.file_name == "a thing.bin");
  CHECK(state.learned.etag == "\"v1\"");
  CHECK(state.note.empty());
  const auto servers = p.servers();
  REQUIRE(servers.size() == 1);
  CHECK(servers[0].server == server.server());
  CHECK(servers[0].state == health::up);
  CHECK(servers[0].bytes == size);
  CHECK(eventually([&] { return p.servers()[0].in_flight == 0; }));
}

TEST_CASE("origin: who is told of the size may look at the report") {
  const auto content = some_content(1000);
  scripted_origin server(honest(content, v1));
  puller p;
  for (int i = 0; i < 100; ++i) {
    const auto pull = p.open({{server.url(), {}}});
    auto told = msg::unknown_size;
    while (told == msg::unknown_size) {
      const auto got =
          ask<msg::source_info_result>(p.world.system, pull.source, msg::source_info{0, 1});
      REQUIRE(got);
      told = got->info.size;
    }
    const auto report = pull.report->get();
    REQUIRE(report.size == told);
    REQUIRE(report.learned.file_name == "file.bin");
  }
}

TEST_CASE("origin: one that dies half-way and comes back serves each byte once") {
  const auto content = some_content(size);
  // The first answers bring a third each and break off, in between one is refused.
  scripted_origin server([&](std::size_t n, const seen_request& r, scripted_origin::answer& a) {
    if (n == 1) return;
    a.send(head_for(r, size, v1));
    a.body(content, r.from(), std::min<std::uint64_t>(size, n < 3 ? r.from() + size / 3 : size));
  });
  puller p;
  const auto pull = p.open({{server.url(), {}}});
  const auto got = p.read_all(pull);
  REQUIRE(got);
  CHECK(*got == content);
  CHECK(server.bytes_sent() == size);
  CHECK(server.most_often_sent() == 1);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 4);
  CHECK(requests[2].header("range") == "bytes=" + std::to_string(size / 3) + "-");
  CHECK(requests[2].header("if-range") == "\"v1\"");
  CHECK(pull.report->get().received == size);
  CHECK(pull.report->get().discarded == 0);
  CHECK(p.servers()[0].failures == 3);
}

TEST_CASE("origin: where one mirror dies another goes on at the same byte") {
  const auto content = some_content(size);
  scripted_origin dying([&](std::size_t n, const seen_request& r, scripted_origin::answer& a) {
    if (n > 0) return;
    a.send(head_for(r, size, v1));
    a.body(content, 0, 1'000'000);
  });
  // Its validators are its own.
  scripted_origin other(honest(content, "ETag: \"other\"\r\n"));
  auto o = quick();
  o.board.first_wait = o.board.longest_wait = 60s;
  puller p(o);
  const auto pull = p.open({{dying.url(), {{"X-Key", "first"}}}, {other.url(), {}}});
  const auto got = p.read_all(pull);
  REQUIRE(got);
  CHECK(*got == content);
  CHECK(dying.bytes_sent() + other.bytes_sent() == size);
  REQUIRE(other.requests().size() == 1);
  CHECK(other.requests()[0].from() == 1'000'000);
  CHECK_FALSE(other.requests()[0].header("if-range"));
  CHECK_FALSE(other.requests()[0].header("x-key"));
}

TEST_CASE("origin: a slow mirror is left for a quick one, its bytes are used") {
  const auto content = some_content(size);
  scripted_origin slow([&](std::size_t, const seen_request& r, scripted_origin::answer& a) {
    a.send(head_for(r, size, v1));
    for (auto at = r.from(); at < size && a.wait(50ms); at += 500)
      if (!a.body(content, at, std::min<std::uint64_t>(size, at + 500))) return;
  });
  scripted_origin quick_one(honest(content));
  auto o = quick();
  o.pace_time = 500ms;
  puller p(o);
  const auto pull = p.open({{slow.url(), {}}, {quick_one.url(), {}}});
  const auto got = p.read_all(pull);
  REQUIRE(got);
  CHECK(*got == content);
  REQUIRE(quick_one.requests().size() == 1);
  CHECK(quick_one.requests()[0].from() > 0);
  CHECK(quick_one.bytes_sent() + quick_one.requests()[0].from() == size);
}

TEST_CASE("origin: a file that changes in the middle is a conflict, never a mixture") {
  const auto content = some_content(size);
  const auto changed_answer = GENERATE(0, 1, 2);
  INFO(changed_answer);
  scripted_origin server([&](std::size_t n, const seen_request& r, scripted_origin::answer& a) {
    if (n == 0) {
      a.send(head_for(r, size, v1));
      a.body(content, 0, 1'000'000);
      return;
    }
    // As it should be (the whole new version), without If-Range, and with another size.
    if (changed_answer == 0)
      a.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) +
             "\r\nETag: \"v2\"\r\n\r\n");
    else
      a.send(head_for(r, changed_answer == 1 ? size : size + 1,
                      changed_answer == 1 ? "ETag: \"v2\"\r\n" : v1));
    a.body(content, 0, 1'000'000);
  });
  puller p;
  const auto pull = p.open({{server.url(), {}}});
  const auto got = p.read_all(pull);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::conflict);
  CHECK(got.error().text.find("the content changed at " + server.server()) != std::string::npos);
  CHECK(pull.report->get().failed == got.error());
  CHECK(server.requests().size() == 2);
  // It stays so.
  CHECK(p.read(pull, {0, 1}).error().code == errc::conflict);
}

TEST_CASE("origin: without ranges it begins again and throws away what it has") {
  const auto content = some_content(size);
  scripted_origin server([&](std::size_t n, const seen_request&, scripted_origin::answer& a) {
    a.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n" + v1 + "\r\n");
    a.body(content, 0, n == 0 ? 2'000'000 : size);
  });
  puller p;
  const auto pull = p.open({{server.url(), {}}});
  const auto got = p.read_all(pull);
  REQUIRE(got);
  CHECK(*got == content);
  CHECK(server.requests().size() == 2);
  CHECK(eventually([&] { return pull.report->get().discarded == 2'000'000; }));
  CHECK(pull.report->get().note.find("has no ranges") != std::string::npos);
}

TEST_CASE("origin: a content whose size is told only by its end") {
  const auto content = some_content(300'000);
  scripted_origin server([&](std::size_t, const seen_request&, scripted_origin::answer& a) {
    a.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (std::uint64_t at = 0; at < content.size(); at += 50'000) {
      a.send("c350\r\n");
      a.body(content, at, at + 50'000);
      a.send("\r\n");
    }
    a.send("0\r\n\r\n");
  });
  auto o = quick();
  // Too little for the end to be seen before somebody reads.
  o.window.ahead = 100'000;
  puller p(o);
  const auto pull = p.open({{server.url(), {}}});
  const auto first = p.read(pull, {0, 200'000});
  REQUIRE(first);
  const auto beyond = p.read(pull, {200'000, 400'000});
  REQUIRE_FALSE(beyond);
  CHECK(beyond.error().code == errc::malformed);
  CHECK(p.size(pull) == content.size());
  const auto rest = p.read(pull, {200'000, 300'000});
  REQUIRE(rest);
  bytes got(first->view().begin(), first->view().end());
  append(got, *rest);
  CHECK(got == content);
  CHECK(server.requests().size() == 1);
}

TEST_CASE("origin: far reads have requests of their own") {
  const auto content = some_content(12 << 20);
  scripted_origin server(honest(content));
  auto o = quick();
  o.window.ahead = 100'000;
  puller p(o);
  const auto pull = p.open({{server.url(), {}}});
  for (const std::uint64_t at : {11U << 20U, 5U << 20U, 8U << 20U, 0U, 2U << 20U}) {
    const auto got = p.read(pull, {at, at + 1000});
    INFO(at << (got ? "" : got.error().text));
    REQUIRE(got);
    CHECK(equal(*got, byte_view(content).subspan(at, 1000)));
  }
  CHECK(server.requests().size() <= 5);
  CHECK(p.servers()[0].in_flight <= limits::transfers);
}

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

TEST_CASE("origin: rates are kept within a tenth") {
  const auto content = some_content(4 << 20);
  scripted_origin server(honest(content));
  auto o = quick();
  o.board.special[server.server()] = {1'500'000, 0, 4};
  o.window.ahead = 1 << 16;
  puller p(o);
  const auto pull = p.open({{server.url(), {}}});
  const auto begun = std::chrono::steady_clock::now();
  const auto got = p.read_all(pull);
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  REQUIRE(got);
  CHECK(*got == content);
  const auto rate = static_cast<double>(content.size()) / took;
  INFO(rate);
  CHECK(rate < 1'650'000);
  CHECK(rate > 1'350'000);
}
