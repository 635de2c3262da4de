#include "modes/config_reader.hpp"
#include "tests/catch.hpp"

using namespace interswarm;

namespace {

std::string failure(const char* text, const std::function<void(config_reader&)>& read) {
  auto reader = config_reader::parse(text, "t.toml");
  if (!reader) return reader.error().text;
  read(*reader);
  const auto done = reader->finish();
  return done ? "" : done.error().text;
}

} // namespace

TEST_CASE("a configuration is read with its types") {
  auto reader = config_reader::parse(
      "name = \"a\"\nport = 7\nfast = true\nshare = 1\nlisten = [\"127.0.0.1:1\", \"[::1]:2\"]\n"
      "[inner]\nwait = 1.5\n[[many]]\nn = 1\n[[many]]\nn = 2\n",
      "t.toml");
  REQUIRE(reader);
  std::string name;
  std::uint16_t port = 0;
  bool fast = false;
  double share = 0;
  std::vector<endpoint> listen;
  std::chrono::milliseconds wait{0};
  std::uint32_t sum = 0;
  reader->read("name", name);
  reader->read("port", port);
  reader->read("fast", fast);
  reader->read("share", share);
  reader->read("listen", listen);
  CHECK(reader->table("inner", [&](config_reader& r) { r.read("wait", wait); }));
  CHECK_FALSE(reader->table("absent", [](config_reader&) {}));
  reader->tables("many", [&](config_reader& r) {
    std::uint32_t n = 0;
    r.read("n", n);
    sum += n;
  });
  CHECK(reader->finish());
  CHECK(name == "a");
  CHECK(port == 7);
  CHECK(fast);
  CHECK(share == 1.0);
  REQUIRE(listen.size() == 2);
  CHECK(listen[1].to_string() == "[::1]:2");
  CHECK(wait.count() == 1500);
  CHECK(sum == 3);
}

TEST_CASE("a wrong configuration says file, line, key and what is wanted") {
  std::uint16_t port = 0;
  std::string text;
  std::vector<endpoint> listen;
  const auto reads = [&](config_reader& r) {
    r.read("port", port);
    r.read("text", text);
    r.read("listen", listen);
    r.table("inner", [&](config_reader& i) { i.read("port", port); });
  };
  CHECK(failure("port = 1\nprot = 2\n", reads) ==
        "t.toml:2: prot: unknown key; known here: inner, listen, port, text");
  CHECK(failure("\nport = 65536\n", reads) ==
        "t.toml:2: port: a whole number from 0 to 65535 is wanted");
  CHECK(failure("port = \"1\"", reads).find("a whole number") != std::string::npos);
  CHECK(failure("text = 1", reads) == "t.toml:1: text: a text in quotes is wanted");
  CHECK(failure("listen = [\"localhost:1\"]", reads).find("\"localhost:1\" is no address") !=
        std::string::npos);
  CHECK(failure("[inner]\nx = 1\n", reads) == "t.toml:2: inner.x: unknown key; known here: port");
  CHECK(failure("inner = 1", reads) == "t.toml:1: inner: a table is wanted, such as [inner]");
  CHECK(failure("port = ", reads).substr(0, 9) == "t.toml:1:");
  const auto missing = config_reader::open("/nonexistent/x.toml");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().text.find("/nonexistent/x.toml: cannot be read") == 0);
}
