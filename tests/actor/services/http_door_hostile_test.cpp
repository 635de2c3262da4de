#include "tests/actor/services/door_fixture.hpp"

#include <sys/resource.h>

using namespace interswarm;
using namespace interswarm::http;

namespace {

constexpr std::size_t mib = 1u << 20;

std::string get(const std::string& name, const std::string& more = {}) {
  return "GET /content/" + name + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
}

std::string status_of(const endpoint& at, const std::string& request) {
  raw_client c(at);
  c.send(request);
  return c.receive(12);
}

/// Descriptors enough for a crowd, on both sides.
void allow_descriptors(rlim_t wanted) {
  rlimit now{};
  ::getrlimit(RLIMIT_NOFILE, &now);
  now.rlim_cur = std::min(std::max(now.rlim_cur, wanted), now.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &now);
  REQUIRE(now.rlim_cur >= wanted);
}

} // namespace

TEST_CASE("http door: requests that come together are answered in order") {
  door_world w;
  w.add("a", "first content");
  w.add("b", "second content");
  w.open();
  raw_client c(w.door.listening[0]);
  c.send(get("a") + get("none") + get("b", "Range: bytes=0-5\r\n") +
         "HEAD /content/a HTTP/1.1\r\n" + "Host: x\r\n\r\n" + get("b", "Connection: close\r\n"));
  const auto all = c.receive();
  CHECK(c.ended());
  INFO(all);
  CHECK(count(all, "HTTP/1.1 200 OK\r\n") == 3);
  CHECK(count(all, "HTTP/1.1 206 Partial Content\r\n") == 1);
  CHECK(count(all, "HTTP/1.1 404 Not Found\r\n") == 1);
  CHECK(all.find("\r\n\r\nfirst contentHTTP/1.1 404") != std::string::npos);
  CHECK(all.find("\r\n\r\nsecondHTTP/1.1 200 OK\r\n") != std::string::npos);
  CHECK(all.ends_with("\r\n\r\nsecond content"));
  CHECK(count(all, "Connection: close\r\n") == 1);
}

TEST_CASE("http door: a flood of requests on one connection is not read ahead of its answers") {
  door_world w;
  w.add("a", std::string(1000, 'a'));
  w.open();
  raw_client c(w.door.listening[0]);
  std::string flood;
  for (int i = 1; i < 2000; ++i) flood += get("a");
  flood += get("a", "Connection: close\r\n");
  std::thread sender([&] { c.send(flood); });
  const auto all = c.receive();
  sender.join();
  CHECK(count(all, "HTTP/1.1 200 OK\r\n") == 2000);
}

TEST_CASE("http door: what is no HTTP") {
  door_world w;
  w.add("a", "text");
  w.open();
  const auto at = w.door.listening[0];
  CHECK(status_of(at, "nonsense\r\n\r\n") == "HTTP/1.1 501");
  CHECK(status_of(at, "BREW /content/a HTTP/1.1\r\n\r\n") == "HTTP/1.1 501");
  CHECK(status_of(at, "GET /content/a HTTP/1.1\r\nno colon\r\n\r\n") == "HTTP/1.1 400");
  CHECK(status_of(at, std::string("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 11))
            .starts_with("HTTP/1.1"));
  CHECK(status_of(at, get("a")) == "HTTP/1.1 200");
}

TEST_CASE("http door: a head without end") {
  door_world w;
  w.add("a", "text");
  http_door_options options;
  options.header_bytes = 8192;
  w.open(options);
  const auto at = w.door.listening[0];
  CHECK(status_of(at, get("a", "X: " + std::string(8000, 'x') + "\r\n")) == "HTTP/1.1 200");
  CHECK(status_of(at, get("a", "X: " + std::string(12'000, 'x'))) == "HTTP/1.1 431");
  std::string many = "GET /content/a HTTP/1.1\r\n";
  for (int i = 0; i < 1000; ++i) many += "X" + std::to_string(i) + ": y\r\n";
  CHECK(status_of(at, many) == "HTTP/1.1 431");
  // A second request on a connection is held to the same.
  raw_client c(at);
  c.send(get("a"));
  CHECK(c.receive(12) == "HTTP/1.1 200");
  c.send(get("a", "X: " + std::string(20'000, 'x')));
  const auto rest = c.receive();
  CHECK(c.ended());
  CHECK(rest.find("HTTP/1.1 431 ") != std::string::npos);
}

TEST_CASE("http door: heads that come too slowly, and connections that do nothing") {
  door_world w;
  w.add("a", "text");
  http_door_options options;
  options.header_timeout = 400ms;
  options.idle_timeout = 300ms;
  w.open(options);
  const auto begun = std::chrono::steady_clock::now();
  raw_client silent(w.door.listening[0]);
  raw_client slow(w.door.listening[0]);
  raw_client idle(w.door.listening[0]);
  idle.send(get("a"));
  std::thread drops([&] {
    // A byte now and then buys no time.
    for (const char c : std::string("GET /content/a HTTP/1.1\r\nX: yyyy")) {
      if (!slow.send(std::string(1, c))) break;
      std::this_thread::sleep_for(50ms);
    }
  });
  CHECK(silent.receive().empty());
  CHECK(silent.ended());
  CHECK(slow.receive().empty());
  CHECK(slow.ended());
  CHECK(idle.receive().ends_with("text"));
  CHECK(idle.ended());
  CHECK(std::chrono::steady_clock::now() - begun < 3s);
  drops.join();
}

TEST_CASE("http door: for a client that reads nothing little is read of the source") {
  door_world w;
  const auto script = w.add("film", some_bytes(64 * mib));
  http_door_options options;
  options.progress_timeout = 700ms;
  w.open(options);
  raw_client c(w.door.listening[0], 65'536);
  c.send(get("film"));
  CHECK(c.receive(12) == "HTTP/1.1 200");
  // What the kernel's buffers took, and the window.
  std::this_thread::sleep_for(300ms);
  const auto highest = script->highest.load();
  CHECK(highest < 24 * mib);
  CHECK(w.sent + limits::window_bytes >= highest);
  // Nor does it stay for ever: behind what the kernel has, the connection ends.
  std::this_thread::sleep_for(1200ms);
  CHECK(c.receive().size() < 24 * mib);
  CHECK(c.ended());
  CHECK(script->highest < 24 * mib);
}

TEST_CASE("http door: a client that leaves ends its reads") {
  door_world w;
  const auto script = w.add("film", some_bytes(64 * mib));
  w.open();
  {
    raw_client c(w.door.listening[0], 65'536);
    c.send(get("film"));
    CHECK(c.receive(100'000).size() == 100'000);
  }
  std::this_thread::sleep_for(200ms);
  const auto reads = script->reads.load();
  std::this_thread::sleep_for(200ms);
  CHECK(script->reads == reads);
  CHECK(script->highest < 64 * mib);
}

TEST_CASE("http door: more connections than the limits") {
  door_world w;
  w.add("a", "text");
  http_door_options options;
  options.connections_per_address = 3;
  w.open(options);
  const auto at = w.door.listening[0];
  auto first = std::make_unique<raw_client>(at);
  raw_client second(at);
  raw_client third(at);
  third.send(get("a"));
  CHECK(third.receive(12) == "HTTP/1.1 200");
  raw_client fourth(at);
  fourth.send(get("a"));
  CHECK(fourth.receive().empty());
  CHECK(fourth.ended());
  // A place that is left is free again.
  first.reset();
  CHECK(runtime::eventually([&] { return status_of(at, get("a")) == "HTTP/1.1 200"; }));
}

TEST_CASE("http door: a crowd that only holds connections open") {
  constexpr std::size_t crowd = 2000;
  allow_descriptors(2 * crowd + 200);
  door_world w;
  w.add("a", "text");
  http_door_options options;
  options.connections = crowd;
  options.connections_per_address = crowd + 100;
  w.open(options);
  const auto at = w.door.listening[0];
  std::vector<std::unique_ptr<raw_client>> clients;
  for (std::size_t i = 0; i < crowd - 1; ++i) clients.push_back(std::make_unique<raw_client>(at));
  CHECK(curl({w.url("/content/a")}).out == "text");
  // In the place that curl leaves, a moment after it has gone.
  std::unique_ptr<raw_client> last;
  CHECK(runtime::eventually([&] {
    last = std::make_unique<raw_client>(at);
    last->send(get("a"));
    return last->receive(12) == "HTTP/1.1 200";
  }));
  CHECK(curl({w.url("/content/a")}).code != 0);
  clients.clear();
  CHECK(runtime::eventually([&] { return curl({w.url("/content/a")}).out == "text"; }));
}

TEST_CASE("http door: more requests in flight than the limit") {
  door_world w;
  const auto script = w.add("film", "text");
  script->silent_from = 0;
  http_door_options options;
  options.requests_in_flight = 2;
  options.answer_timeout = 500ms;
  w.open(options);
  const auto at = w.door.listening[0];
  raw_client one(at);
  raw_client two(at);
  one.send(get("film"));
  two.send(get("film"));
  REQUIRE(runtime::eventually([&] { return script->reads == 2; }));
  const auto refused = curl({"-i", w.url("/content/film")}).out;
  CHECK(refused.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  CHECK(refused.find("Retry-After: ") != std::string::npos);
  CHECK(curl({w.url("/health")}).out == "ok\n");
  CHECK(one.receive(12) == "HTTP/1.1 504");
  CHECK(two.receive(12) == "HTTP/1.1 504");
  script->silent_from = ~0ull;
  CHECK(curl({w.url("/content/film")}).out == "text");
}

TEST_CASE("http door: a rate for each connection") {
  door_world w;
  const auto script = w.add("film", some_bytes(3 * mib));
  http_door_options options;
  options.bytes_per_second = mib;
  w.open(options);
  const auto begun = std::chrono::steady_clock::now();
  CHECK(curl({w.url("/content/film")}).out == script->content);
  const auto took = std::chrono::steady_clock::now() - begun;
  // A second's worth goes at once, the rest takes two.
  CHECK(took > 1500ms);
  CHECK(took < 4s);
}

TEST_CASE("http door: a body that nobody asked for") {
  door_world w;
  w.add("a", "text");
  w.open();
  raw_client c(w.door.listening[0]);
  c.send(get("a", "Content-Length: 5\r\n") + "body!" + get("a", "Content-Length: 1000000\r\n") +
         std::string(100'000, 'b'));
  const auto all = c.receive();
  CHECK(c.ended());
  CHECK(count(all, "HTTP/1.1 200 OK\r\n") == 2);
}

TEST_CASE("http door: its connections end with it") {
  door_world w;
  const auto script = w.add("film", some_bytes(64 * mib));
  w.open();
  const auto at = w.door.listening[0];
  raw_client idle(at);
  raw_client busy(at, 65'536);
  busy.send(get("film"));
  CHECK(busy.receive(12) == "HTTP/1.1 200");
  w.door = {};
  CHECK(idle.receive().empty());
  CHECK(idle.ended());
  CHECK(busy.receive().size() < script->content.size());
  CHECK(busy.ended());
  CHECK(runtime::eventually(
      [&] { return curl({"http://127.0.0.1:" + std::to_string(at.port) + "/health"}).code == 7; }));
}
