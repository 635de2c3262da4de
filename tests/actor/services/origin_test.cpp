// Pulls from servers that break, stall and change their minds.
#include "tests/actor/services/origin_fixture.hpp"

using namespace interswarm;
using namespace interswarm::origin;
using namespace interswarm::origin::test;

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
