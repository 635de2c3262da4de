// Where pulls may go: redirects, addresses, certificates; and programs that people really run.
#include "actors/runtime/keys.hpp"
#include "tests/actor/services/child.hpp"
#include "tests/actor/services/origin_fixture.hpp"
#include "tests/scratch.hpp"

#include <fstream>
#include <sstream>

using namespace interswarm;
using namespace interswarm::origin;
using namespace interswarm::origin::test;

namespace {

scripted_origin::script redirect_to(std::string location) {
  return [location = std::move(location)](std::size_t, const seen_request&,
                                          scripted_origin::answer& a) {
    a.send("HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n");
  };
}

void write_file(const std::string& path, byte_view data) {
  std::ofstream(path, std::ios::binary)
      .write(as_text(data).data(), static_cast<std::streamsize>(data.size()));
}

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

/// nginx with a folder of its own, http and https.
struct nginx {
  scratch_folder folder;
  std::uint16_t port = free_port();
  std::uint16_t tls_port = free_port();
  std::unique_ptr<child> program;

  nginx() {
    REQUIRE(runtime::make_keys(folder.path(), {"localhost", "elsewhere"}));
    start("localhost");
  }
  void start(const std::string& name) {
    const auto f = [this](const std::string& n) { return folder.file(n); };
    std::ofstream(f("nginx.conf"))
        << "daemon off; master_process off; pid " << f("pid") << "; error_log " << f("log")
        << ";\nevents { worker_connections 64; }\nhttp { log_format short '$request_method "
           "$status'; "
           "access_log "
        << f("access") << " short; client_body_temp_path " << f("a") << "; proxy_temp_path "
        << f("b") << "; fastcgi_temp_path " << f("c") << "; uwsgi_temp_path " << f("d")
        << "; scgi_temp_path " << f("e")
        << "; default_type application/x-test; server { listen 127.0.0.1:" << port
        << "; listen 127.0.0.1:" << tls_port << " ssl; root " << f("www") << "; ssl_certificate "
        << f(name + ".pem") << "; ssl_certificate_key " << f(name + ".key")
        << "; location = /down { return 302 http://localhost:" << port << "/f; } } }\n";
    std::filesystem::create_directory(f("www"));
    program =
        std::make_unique<child>(std::vector<std::string>{"/usr/sbin/nginx", "-p", folder.path(),
                                                         "-c", f("nginx.conf"), "-e", f("log")},
                                f("out"));
    program->listens_on(port);
  }
  void put(const std::string& name, byte_view data) const {
    write_file(folder.file("www/" + name), data);
  }
};

} // namespace

TEST_CASE("origin: this machine is not asked unless that is allowed") {
  scripted_origin server(redirect_to("/"));
  auto o = quick();
  o.http.private_to = private_addresses::refuse;
  puller p(o);
  for (const auto& host :
       {"127.0.0.1", "localhost", "2130706433", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"}) {
    INFO(host);
    const auto pull =
        p.open({{"http://" + std::string(host) + ":" + std::to_string(server.port()) + "/", {}}});
    const auto got = p.size(pull);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::denied);
    CHECK(got.error().text.find("address of a private network") != std::string::npos);
  }
  CHECK(server.connections() == 0);
}

TEST_CASE("origin: a redirect to another private address is refused, nobody is asked there") {
  scripted_origin inside(redirect_to("/"));
  for (const auto& to : {inside.url(), "http://localhost:" + std::to_string(inside.port()) + "/",
                         std::string("http://169.254.169.254/latest/meta-data/")}) {
    scripted_origin server(redirect_to(to));
    puller p;
    const auto pull = p.open({{server.url(), {}}});
    const auto got = p.size(pull);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::denied);
    CHECK(got.error().text.find("redirects to") != std::string::npos);
  }
  CHECK(inside.connections() == 0);
}

TEST_CASE("origin: redirects are followed, within bounds, and credentials stay behind") {
  const auto content = some_content(5000);
  const auto give = [&](std::size_t, const seen_request& r, scripted_origin::answer& a) {
    a.send(head_for(r, content.size()));
    a.body(content, r.from(), content.size());
  };
  auto o = quick();
  o.http.private_to = private_addresses::allow;
  puller p(o);
  scripted_origin other(give);
  scripted_origin away(redirect_to(other.url("/moved/here.bin")));
  const auto pull = p.open({{away.url(), {{"Authorization", "Bearer abc"}}}});
  const auto got = p.read_all(pull);
  REQUIRE(got);
  CHECK(*got == content);
  CHECK(away.requests()[0].header("authorization") == "Bearer abc");
  CHECK_FALSE(other.requests()[0].header("authorization"));
  CHECK(other.requests()[0].target == "/moved/here.bin");
  // On the same server they go along, also where only given addresses are allowed.
  scripted_origin same([&](std::size_t n, const seen_request& r, scripted_origin::answer& a) {
    if (n == 0) return redirect_to("b/../c?x")(n, r, a);
    give(n, r, a);
  });
  puller q;
  const auto second = q.open({{same.url("/a/"), {{"Authorization", "Bearer abc"}}}});
  REQUIRE(q.read_all(second));
  CHECK(same.requests()[1].target == "/a/c?x");
  CHECK(same.requests()[1].header("authorization") == "Bearer abc");
  scripted_origin circle(redirect_to("/again"));
  const auto third = q.open({{circle.url(), {}}});
  CHECK(q.size(third).error().text.find("more than 5 times") != std::string::npos);
  CHECK(circle.requests().size() == limits::redirects + 1);
  scripted_origin odd(redirect_to("file:///etc/passwd"));
  CHECK(q.size(q.open({{odd.url(), {}}})).error().code == errc::malformed);
}

TEST_CASE("origin: from nginx, with ranges, by http and https") {
  nginx server;
  const auto content = some_content(2'000'000);
  server.put("a file.iso", content);
  server.put("empty", {});
  auto o = quick();
  o.authority_file = server.folder.file(std::string(runtime::authority_file));
  puller p(o);
  for (const auto& base : {"http://localhost:" + std::to_string(server.port),
                           "https://localhost:" + std::to_string(server.tls_port)}) {
    INFO(base);
    const auto pull = p.open({{base + "/a%20file.iso", {}}});
    const auto got = p.read_all(pull);
    REQUIRE(got);
    CHECK(*got == content);
    const auto state = pull.report->get();
    CHECK(state.received == content.size());
    CHECK(state.requests == 1);
    CHECK(state.learned.file_name == "a file.iso");
    CHECK(state.learned.media_type == "application/x-test");
    CHECK_FALSE(state.learned.etag.empty());
    CHECK_FALSE(state.learned.last_modified.empty());
    CHECK(state.note.empty());
    CHECK(p.read_all(p.open({{base + "/empty", {}}})) == bytes{});
    CHECK(p.size(p.open({{base + "/nothing", {}}})).error().code == errc::not_found);
  }
  // What began protected does not end unprotected.
  const auto down =
      p.size(p.open({{"https://localhost:" + std::to_string(server.tls_port) + "/down", {}}}));
  REQUIRE_FALSE(down);
  CHECK(down.error().code == errc::denied);
  CHECK(down.error().text.find("from https to http") != std::string::npos);
}

TEST_CASE("origin: nginx is stopped half-way and started again") {
  nginx server;
  const auto content = some_content(30'000'000);
  server.put("f", content);
  puller p;
  const auto pull = p.open({{"http://localhost:" + std::to_string(server.port) + "/f", {}}});
  const auto first = p.read(pull, {0, 1'000'000});
  REQUIRE(first);
  server.program->end();
  server.start("localhost");
  const auto rest = p.read_all(pull, 1 << 20, 8);
  REQUIRE(rest);
  CHECK(*rest == content);
  CHECK(pull.report->get().requests >= 2);
  // The first read's bytes were read twice, all others came once.
  CHECK(pull.report->get().received == content.size() + 1'000'000);
}

TEST_CASE("origin: certificates that are not right are refused") {
  nginx server;
  server.put("f", some_content(10));
  const auto url = "https://localhost:" + std::to_string(server.tls_port) + "/f";
  puller strangers;
  const auto unknown = strangers.size(strangers.open({{url, {}}}));
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == errc::denied);
  CHECK(unknown.error().text.find("TLS") != std::string::npos);
  // Of the right authority, but for another name.
  server.program->end();
  server.start("elsewhere");
  auto o = quick();
  o.authority_file = server.folder.file(std::string(runtime::authority_file));
  puller p(o);
  const auto other = p.size(p.open({{url, {}}}));
  REQUIRE_FALSE(other);
  CHECK(other.error().code == errc::denied);
  CHECK(other.error().text.find("mismatch") != std::string::npos);
  // No request was sent to either.
  CHECK(text_of(server.folder.file("access")).empty());
  // Authority files that are none.
  std::ofstream(server.folder.file("bad.pem")) << "no certificate";
  o.authority_file = server.folder.file("bad.pem");
  CHECK(origin_hub::make(p.home, o).error().code == errc::configuration);
  o.authority_file = server.folder.file("none.pem");
  CHECK(origin_hub::make(p.home, o).error().code == errc::configuration);
}

TEST_CASE("origin: from Python's server, which has no ranges") {
  scratch_folder folder;
  const auto content = some_content(5'000'000);
  write_file(folder.file("f.zip"), content);
  const auto port = free_port();
  child python({"python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", folder.path(),
                std::to_string(port)},
               folder.file("log"));
  python.listens_on(port);
  puller p;
  const auto pull = p.open({{"http://127.0.0.1:" + std::to_string(port) + "/f.zip", {}}});
  const auto got = p.read_all(pull);
  REQUIRE(got);
  CHECK(*got == content);
  CHECK(pull.report->get().learned.media_type == "application/zip");
  // Behind what was read there is nothing left: it has to begin again.
  const auto again = p.read(pull, {4'000'000, 4'000'100});
  REQUIRE(again);
  CHECK(equal(*again, byte_view(content).subspan(4'000'000, 100)));
  CHECK(eventually(
      [&] { return pull.report->get().note.find("has no ranges") != std::string::npos; }));
}
