#include "tests/actor/services/door_fixture.hpp"

using namespace interswarm;
using namespace interswarm::http;

namespace {

constexpr std::size_t mib = 1u << 20;

std::string status(const std::vector<std::string>& args) {
  auto all = args;
  all.insert(all.begin(), {"-o", "/dev/null", "-w", "%{http_code}"});
  return curl(all).out;
}

bool has_line(const std::string& head, const std::string& line) {
  INFO(head);
  return head.find(line + "\r\n") != std::string::npos;
}

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

TEST_CASE("http door: curl gets a content, parts of it, and its head") {
  door_world w;
  const auto script = w.add("film", some_bytes(9 * mib + 12'345));
  const auto& bytes = script->content;
  w.open();
  const auto url = w.url("/content/film");
  CHECK(curl({url}).out == bytes);
  CHECK(w.sent == bytes.size());
  CHECK(curl({w.url("/content/film/some%20name.mkv")}).out == bytes);
  CHECK(curl({"-r", "0-0", url}).out == bytes.substr(0, 1));
  CHECK(curl({"-r", "1048570-1048590", url}).out == bytes.substr(1'048'570, 21));
  CHECK(curl({"-r", "5000000-", url}).out == bytes.substr(5'000'000));
  CHECK(curl({"-r", "-1000", url}).out == bytes.substr(bytes.size() - 1000));
  CHECK(status({"-r", "5-9", url}) == "206");
  CHECK(status({"-r", "99999999-", url}) == "416");
  const auto head = curl({"-I", url});
  CHECK(has_line(head.out, "HTTP/1.1 200 OK"));
  CHECK(has_line(head.out, "Content-Length: " + std::to_string(bytes.size())));
  CHECK(has_line(head.out, "ETag: \"00fffilm\""));
  CHECK(has_line(head.out, "Access-Control-Allow-Origin: *"));
  const auto both = curl({"-r", "100-199,5000000-5000099", url}).out;
  CHECK(count(both, "Content-Range: bytes ") == 2);
  CHECK(both.find(bytes.substr(100, 100)) != std::string::npos);
  CHECK(both.find(bytes.substr(5'000'000, 100)) != std::string::npos);
}

TEST_CASE("http door: what is at hand is sent without the source, and nothing else is") {
  door_world w;
  const auto script = w.add("film", some_bytes(9 * mib));
  const auto& bytes = script->content;
  // What is at hand lies before 2 MiB; from 1 MiB on it has lost its last byte.
  std::atomic<std::uint64_t> longest{0};
  w.contents["film"].at_hand = [&](const byte_range& r) {
    longest = std::max(longest.load(), r.size());
    if (r.end > 2 * mib) return slice();
    const auto size = r.begin < mib ? r.size() : r.size() - 1;
    return slice(script, as_bytes(std::string_view(bytes).substr(r.begin, size)));
  };
  w.open();
  const auto url = w.url("/content/film");
  const auto head = curl({"-i", "-r", "1000-66535", url}).out;
  CHECK(has_line(head, "HTTP/1.1 206 Partial Content"));
  CHECK(has_line(head, "Content-Length: 65536"));
  CHECK(head.substr(head.size() - 65'536) == bytes.substr(1000, 65'536));
  CHECK(curl({"-r", "0-524287", url}).out == bytes.substr(0, 524'288));
  CHECK(script->reads == 0);
  CHECK(w.sent == 65'536 + 524'288);
  CHECK(curl({"-r", "1048576-1048676", url}).out == bytes.substr(mib, 101));
  CHECK(script->reads == 1);
  CHECK(curl({"-r", "3000000-3000099", url}).out == bytes.substr(3'000'000, 100));
  CHECK(script->reads == 2);
  // A connection has to take what it is given at once within the progress time.
  CHECK(curl({"-r", "0-524288", url}).out == bytes.substr(0, 524'289));
  CHECK(curl({url}).out == bytes);
  CHECK(longest == 524'288);
  CHECK(curl({"-r", "0-99,1000-1099", url}).out.find(bytes.substr(1000, 100)) != std::string::npos);
}

TEST_CASE("http door: a rate also bounds what is at hand") {
  door_world w;
  const auto script = w.add("film", some_bytes(mib));
  w.contents["film"].at_hand = [&](const byte_range& r) {
    return slice(script, as_bytes(std::string_view(script->content).substr(r.begin, r.size())));
  };
  http_door_options options;
  options.bytes_per_second = 200'000;
  w.open(options);
  const auto begun = std::chrono::steady_clock::now();
  const auto url = w.url("/content/film");
  CHECK(curl({"-r", "0-299999", url, "-r", "0-299999", url}).out.size() == 600'000);
  CHECK(std::chrono::steady_clock::now() - begun > 1500ms);
}

TEST_CASE("http door: a small range is all that is read of the source") {
  door_world w;
  const auto script = w.add("film", some_bytes(9 * mib));
  w.open();
  CHECK(curl({"-r", "1048000-1113535", w.url("/content/film")}).out ==
        script->content.substr(1'048'000, 65'536));
  const std::lock_guard guard(script->mutex);
  REQUIRE(script->asked.size() == 1);
  CHECK(script->asked[0].range == msg::range{1'048'000, 1'113'536});
  CHECK(script->asked[0].urgent);
  CHECK(w.sent == 65'536u);
}

TEST_CASE("http door: curl resumes a download and asks whether anything changed") {
  door_world w;
  const auto script = w.add("film", some_bytes(3 * mib));
  w.open();
  const scratch_folder folder;
  const auto url = w.url("/content/film");
  std::ofstream(folder.file("part"), std::ios::binary) << script->content.substr(0, 1'234'567);
  CHECK(curl({"-C", "-", "-o", folder.file("part"), url}).code == 0);
  CHECK(file_text(folder.file("part")) == script->content);
  CHECK(w.sent == script->content.size() - 1'234'567);
  CHECK(status({"--etag-save", folder.file("tag"), url}) == "200");
  CHECK(status({"--etag-compare", folder.file("tag"), url}) == "304");
  CHECK(status({"-z", "Mon, 07 Nov 1994 08:49:37 GMT", url}) == "304");
  CHECK(status({"-z", "Sat, 05 Nov 1994 08:49:37 GMT", url}) == "200");
  CHECK(status({"-H", "If-Match: \"other\"", url}) == "412");
  CHECK(status({"-H", "If-Range: \"other\"", "-r", "0-9", url}) == "200");
  CHECK(status({"-H", "If-Range: \"00fffilm\"", "-r", "0-9", url}) == "206");
}

TEST_CASE("http door: a content without bytes") {
  door_world w;
  w.add("empty", "");
  w.open();
  const auto url = w.url("/content/empty");
  CHECK(has_line(curl({"-i", url}).out, "Content-Length: 0"));
  CHECK(has_line(curl({"-I", url}).out, "Content-Length: 0"));
  CHECK(status({"-r", "0-0", url}) == "416");
}

TEST_CASE("http door: other methods and paths") {
  door_world w;
  w.add("film", "text");
  w.open();
  CHECK(curl({w.url("/health")}).out == "ok\n");
  CHECK(status({w.url("/")}) == "404");
  CHECK(status({w.url("/content/%zz")}) == "400");
  const auto post = curl({"-i", "-d", "x=y", w.url("/content/film")}).out;
  CHECK(has_line(post, "HTTP/1.1 405 Method Not Allowed"));
  CHECK(has_line(post, "Allow: GET, HEAD, OPTIONS"));
  const auto preflight =
      curl({"-i", "-X", "OPTIONS", "-H", "Origin: http://a.example", w.url("/content/none")}).out;
  CHECK(has_line(preflight, "HTTP/1.1 204 No Content"));
  CHECK(has_line(preflight, "Access-Control-Allow-Methods: GET, HEAD, OPTIONS"));
  CHECK(w.asked.empty());
}

TEST_CASE("http door: who asks, and what a refusal says") {
  door_world w;
  w.open();
  CHECK(status({"-H", "Authorization: bearer abc.DEF", w.url("/content/a%2Fb")}) == "404");
  REQUIRE(w.asked.size() == 1);
  CHECK(w.asked[0].name == "a/b");
  CHECK(w.asked[0].bearer_token == "abc.DEF");
  CHECK(w.asked[0].peer == "127.0.0.1");
  CHECK_FALSE(w.asked[0].signed_ok);
  CHECK(curl({w.url("/content/x")}).out.find("SECRET") == std::string::npos);
  for (const auto& [why, expected] : std::map<errc, std::string>{{errc::not_found, "404"},
                                                                 {errc::denied, "403"},
                                                                 {errc::malformed, "400"},
                                                                 {errc::overloaded, "503"},
                                                                 {errc::unavailable, "503"},
                                                                 {errc::timed_out, "504"},
                                                                 {errc::io, "500"}}) {
    w.lookup = [why = why](const http_question&, const http_answer& answer) {
      answer(fail(why, "SECRET TEXT"));
    };
    const auto shown = curl({"-i", w.url("/content/x")}).out;
    CHECK(shown.find("HTTP/1.1 " + expected + ' ') == 0);
    CHECK(shown.find("SECRET") == std::string::npos);
    CHECK(has_line(shown, "Cache-Control: no-store"));
    CHECK((shown.find("Retry-After: ") != std::string::npos) == (expected == "503"));
  }
}

TEST_CASE("http door: signed URLs") {
  door_world w;
  const auto script = w.add("private", "secret bytes");
  w.contents["private"].open = false;
  http_door_options options;
  options.url_keys = {{"k1", std::string(32, 's')}};
  w.open(options);
  const auto signer = url_signer::make(options.url_keys);
  const auto now = std::time(nullptr);
  const auto good = w.url("/content/private/name.mkv?" + *signer->sign("private", now + 600, now));
  const auto shown = curl({"-i", good}).out;
  CHECK(has_line(shown, "Cache-Control: private, no-store"));
  CHECK(shown.ends_with("secret bytes"));
  CHECK(w.asked.at(0).signed_ok);
  const auto wrong =
      curl({"-i", w.url("/content/private?" + *signer->sign("other", now + 600, now))}).out;
  CHECK(has_line(wrong, "HTTP/1.1 403 Forbidden"));
  CHECK(wrong.ends_with("the URL's signature is wrong\n"));
  const auto late = *signer->sign("private", now - 100, now - 200);
  CHECK(curl({w.url("/content/private?" + late)}).out == "the URL has expired\n");
  // Nobody was asked about a content whose signature is wrong.
  CHECK(w.asked.size() == 1);
}

TEST_CASE("http door: a lookup that answers late, twice, elsewhere or never") {
  door_world w;
  w.add("film", "text");
  http_door_options options;
  options.answer_timeout = 300ms;
  std::vector<http_answer> kept;
  w.lookup = [&](const http_question& q, const http_answer& answer) {
    if (q.name == "kept") {
      kept.push_back(answer);
    } else if (q.name == "late") {
      w.home.timer()
          .afterDelay(50 * kj::MILLISECONDS)
          .then([&w, answer] { answer(w.contents["film"]); })
          .detach([](kj::Exception&&) {});
    } else if (q.name == "twice") {
      answer(w.contents["film"]);
      answer(fail(errc::not_found, {}));
    }
  };
  w.open(options);
  CHECK(curl({w.url("/content/late")}).out == "text");
  CHECK(curl({w.url("/content/twice")}).out == "text");
  CHECK(status({w.url("/content/dropped")}) == "504");
  CHECK(status({w.url("/content/kept")}) == "504");
  // Too late: nobody waits.
  runtime::on(w.home, [&] { kept.at(0)(w.contents["film"]); });
  CHECK(curl({w.url("/content/late")}).out == "text");
}

TEST_CASE("http door: a source that fails before the first byte") {
  door_world w;
  const auto script = w.add("film", some_bytes(5 * mib));
  http_door_options options;
  options.answer_timeout = 300ms;
  w.open(options);
  script->fails_from = 0;
  for (const auto& [why, expected] : std::map<errc, std::string>{{errc::unavailable, "502"},
                                                                 {errc::refuted, "502"},
                                                                 {errc::not_found, "502"},
                                                                 {errc::denied, "502"},
                                                                 {errc::timed_out, "504"},
                                                                 {errc::overloaded, "503"}}) {
    script->failure = why;
    CHECK(status({w.url("/content/film")}) == expected);
    CHECK(status({"-r", "0-1,100-101", w.url("/content/film")}) == expected);
  }
  script->fails_from = ~0ull;
  script->short_at = 0;
  CHECK(status({w.url("/content/film")}) == "502");
  script->short_at = ~0ull;
  script->silent_from = 0;
  CHECK(status({w.url("/content/film")}) == "504");
  CHECK(w.sent == 0u);
  // A head needs no source.
  CHECK(status({"-I", w.url("/content/film")}) == "200");
}

TEST_CASE("http door: a source that fails later cuts the connection behind what is right") {
  door_world w;
  const auto script = w.add("film", some_bytes(9 * mib));
  http_door_options options;
  options.read_timeout = 300ms;
  w.open(options);
  const auto cut = [&] {
    const auto got = curl({w.url("/content/film")});
    // 18: the body ended before its length.
    CHECK(got.code == 18);
    CHECK(got.out.size() > mib);
    CHECK(got.out.size() < script->content.size());
    CHECK(script->content.starts_with(got.out));
  };
  script->fails_from = 5 * mib;
  cut();
  script->fails_from = ~0ull;
  script->short_at = 4 * mib;
  cut();
  script->short_at = ~0ull;
  script->silent_from = 5 * mib;
  cut();
}

TEST_CASE("http door: TLS") {
  const scratch_folder folder;
  const auto certificate = folder.file("cert.pem");
  const auto key = folder.file("key.pem");
  const auto make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
                    "-days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout " +
                    key + " -out " + certificate + " 2>/dev/null";
  REQUIRE(std::system(make.c_str()) == 0);
  door_world w;
  const auto script = w.add("film", some_bytes(3 * mib));
  http_door_options options;
  options.tls = http_door_options::tls_files{certificate, key};
  options.header_timeout = 500ms;
  w.open(options);
  const auto url = w.url("/content/film", "https");
  CHECK(curl({"--cacert", certificate, url}).out == script->content);
  CHECK(curl({"--cacert", certificate, "-r", "5-9", url}).out == script->content.substr(5, 5));
  // A certificate that nobody vouches for.
  CHECK(curl({url}).code == 60);
  // Who does not come to the end of the handshake is cut off.
  raw_client silent(w.door.listening[0]);
  CHECK(silent.receive().empty());
  CHECK(silent.ended());
  for (const auto& files :
       {http_door_options::tls_files{folder.file("none"), key},
        http_door_options::tls_files{key, key}, http_door_options::tls_files{certificate, "/"}}) {
    http_door_options bad;
    bad.listen = {*endpoint::parse("127.0.0.1:0")};
    bad.tls = files;
    const auto opened = spawn_http_door(w.home, bad, nullptr);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::configuration);
  }
}

TEST_CASE("http door: several loops at one port, and an address that is taken") {
  door_world one;
  door_world two;
  one.add("film", "text");
  two.add("film", "text");
  http_door_options options;
  options.share_port = true;
  one.open(options);
  const auto at = one.door.listening[0];
  options.listen = {at};
  const auto second = spawn_http_door(
      two.home, options, [&](const http_question&, auto answer) { answer(two.contents["film"]); });
  REQUIRE(second);
  CHECK(second->listening[0] == at);
  for (int i = 0; i < 50 && (one.sent == 0u || two.sent == 0u); ++i)
    CHECK(curl({one.url("/content/film")}).out == "text");
  CHECK(one.sent > 0u);
  CHECK(two.sent > 0u);
  options.share_port = false;
  const auto third = spawn_http_door(two.home, options, nullptr);
  REQUIRE_FALSE(third);
  CHECK(third.error().code == errc::configuration);
  options.listen.clear();
  CHECK_FALSE(spawn_http_door(two.home, options, nullptr));
}
