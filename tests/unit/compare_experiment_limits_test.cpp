#include "modes/compare/experiment/limits.hpp"
#include "tests/experiment_text.hpp"

using namespace interswarm::compare;

TEST_CASE("compare experiment: nothing grows beyond its limit") {
  const auto tables = [](std::size_t n, const std::string& table) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) out += table;
    return out;
  };
  const auto named = [](std::size_t n, const std::string& kind, const std::string& inside) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i)
      out += "[" + kind + ".n" + std::to_string(i) + "]\n" + inside;
    return out;
  };
  CHECK(wrong_with(named(64, "domain", "")) == "");
  refused(named(65, "domain", ""), "t.toml:", "at most 64");
  CHECK(wrong_with(named(32, "overlay", "kind = \"ed2k\"\n")) == "");
  refused(named(33, "overlay", "kind = \"ed2k\"\n"), "t.toml:", "at most 32");
  const std::string fault = "[[fault]]\nkind=\"bridge\"\noverlay=\"ed2k\"\nfrom=1\n";
  CHECK(wrong_with(tables(1000, fault)) == "");
  refused(tables(1001, fault), "t.toml:", "more than 1000 tables [[fault]]");
  CHECK(wrong_with(tables(100, "[[crowd]]\n")) == "");
  refused(tables(101, "[[crowd]]\n"), "t.toml:", "more than 100 tables [[crowd]]");
  const std::string content = "[[content]]\nheld_by=[]\n";
  CHECK(wrong_with(tables(10'000, content)) == "");
  refused(tables(10'001, content), "t.toml:", "more than 10000 tables [[content]]");
  refused(tables(4097, "[[path]]\nbetween=[\"bittorrent\",\"ed2k\"]\n"),
          "t.toml:", "too many paths");
  refused(tables(65, "[[peers.bandwidth]]\n"), "t.toml:", "too many classes");
  refused(tables(65, "[[peers.places]]\ndomain=\"ed2k\"\n"), "t.toml:", "1 to 64 domains");
  refused("[overlay.a]\nkind=\"ed2k\"\npeers.count=1500000\n[overlay.b]\nkind=\"ed2k\"\npeers."
          "count=600000\n",
          "t.toml", "at most 2000000 peers in all overlays together, not 2100000");
  refused("[peers]\ncount=1000000\n[contents]\ncount=100\nseeders=300000\n",
          "t.toml:3: contents: ", "about 33000000 copies");
  refused("[peers]\ncount=1000000\n[peers.online]\nsession=60\npause=60\n",
          "t.toml:1: peers: ", "times online; at most 20000000");
  refused("[peers]\ncount=1000000\n[demand]\nrequests_per_hour=11\n",
          "t.toml:3: demand: ", "about 22000000 requests; at most 20000000");
  refused("[[content]]\nheld_by=[]\ncount=1000000\n", "t.toml:1: contents: ", "not 1000100");
  refused("question = \"" + std::string(1001, 'a') + "\"", "t.toml:1: question: ", "1000 bytes");
  refused("name = \"" + std::string(64, 'a') + "\"", "t.toml:1: name: ", "63");
  std::string seeds = "seeds = [";
  for (int i = 0; i < 1001; ++i) seeds += std::to_string(i) + (i % 100 == 99 ? ",\n" : ",");
  refused(seeds + "]", "t.toml:1: seeds: ", "1 to 1000 are wanted");
  const auto comment = "# " + std::string(4000, 'c') + "\n";
  CHECK(wrong_with(tables(65, comment)) == "");
  refused(tables(66, comment), "t.toml: ", "at most 262144 bytes");
}

TEST_CASE("compare experiment: hostile nesting and lines end in an error") {
  refused("x = " + std::string(300, '[') + std::string(300, ']'), "t.toml:1: ", "");
  std::string dotted = "a";
  for (int i = 0; i < 64; ++i) dotted += ".a";
  refused(dotted + " = 1", "t.toml:1: a: ", "unknown key");
  refused(dotted + ".a = 1", "t.toml: ", "too many dots in one line");
  refused("x = \"" + std::string(5000, 'x') + "\"", "t.toml: ", "too many bytes in one line");
  // As deep as lines and nesting allow.
  std::string deep;
  for (int i = 0; i < 125; ++i) deep += (i == 0 ? dotted : "{" + dotted) + " = [\n";
  CHECK(wrong_with(deep) != "");
  CHECK(wrong_with(std::string("a = 1\0b", 7)) != "");
  CHECK(wrong_with("a = \"\xff\"") != "");
  CHECK(wrong_with("a = 1e999") != "");
}
