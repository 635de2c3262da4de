// The experiments that ship, and the page that describes their keys.
#include "modes/config_reader.hpp"
#include "tests/experiment_text.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

using namespace interswarm::compare;
namespace fs = std::filesystem;

namespace {

const fs::path root = INTERSWARM_SOURCE_DIR;

std::string text_in(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// Every table that a file can have, with names NAME where it gives them.
const char* const every_table = R"(
[overlay.NAME]
kind = "ed2k"
[overlay.NAME.peers]
[overlay.NAME.peers.online]
session = 60
pause = 60
[overlay.NAME.demand]
[overlay.NAME.clients]
[domain.NAME]
[network.inside]
[network.between]
[[path]]
[peers]
[[peers.bandwidth]]
[[peers.places]]
[peers.online.session]
distribution = "exponential"
[peers.online.pause]
distribution = "exponential"
[contents]
size = { distribution = "exponential" }
[[content]]
[demand]
[[crowd]]
[bridge]
[soa]
[[fault]]
[sweep]
)";

/// All keys that the reader asked for. What has the same keys in several places has one name.
std::set<std::string> known_keys() {
  auto file = interswarm::config_reader::parse(every_table, "t.toml");
  REQUIRE(file);
  reading shared;
  experiment e;
  e.name = "t";
  read_keys(*file, shared, e);
  std::set<std::string> out;
  for (auto key : file->known()) {
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"overlay.NAME.peers.", "peers."},
             {"overlay.NAME.demand.", "demand."},
             {"peers.online.session.", "DISTRIBUTION."},
             {"peers.online.pause.", "DISTRIBUTION."},
             {"contents.size.", "DISTRIBUTION."}}) {
      if (key.starts_with(from)) key = to + key.substr(from.size());
    }
    out.insert(key);
  }
  return out;
}

void add_with_tables(std::set<std::string>& out, const std::string& key) {
  for (auto dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1))
    out.insert(key.substr(0, dot));
  out.insert(key);
}

/// Texts between ` in a part of a line.
std::vector<std::string> quoted(const std::string& text) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while ((at = text.find('`', at)) != std::string::npos) {
    const auto end = text.find('`', at + 1);
    if (end == std::string::npos) break;
    out.push_back(text.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return out;
}

/// The tables that a heading is about: "[a.b] and [[c]]".
std::vector<std::string> tables_of(const std::string& heading) {
  if (heading == "### The run") return {""};
  if (heading == "### A distribution") return {"DISTRIBUTION."};
  std::vector<std::string> out;
  for (std::size_t at = 0; (at = heading.find('[', at)) != std::string::npos;) {
    at = heading.find_first_not_of('[', at);
    const auto end = heading.find(']', at);
    out.push_back(heading.substr(at, end - at) + ".");
  }
  return out;
}

std::set<std::string> documented_keys() {
  std::istringstream page(text_in(root / "docs/experiments.md"));
  std::set<std::string> out;
  std::vector<std::string> tables;
  bool file = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) file = line == "## The file";
    if (!file) continue;
    if (line.starts_with("### ")) {
      tables = tables_of(line);
      for (const auto& table : tables) {
        if (!table.empty() && table != "DISTRIBUTION.")
          add_with_tables(out, table.substr(0, table.size() - 1));
      }
    }
    if (!line.starts_with("| `")) continue;
    for (const auto& key : quoted(line.substr(0, line.find('|', 1)))) {
      for (const auto& table : tables) out.insert(table + key);
    }
  }
  return out;
}

std::string listed(const std::set<std::string>& in, const std::set<std::string>& but_not_in) {
  std::string out;
  std::vector<std::string> only;
  std::set_difference(in.begin(), in.end(), but_not_in.begin(), but_not_in.end(),
                      std::back_inserter(only));
  for (const auto& key : only) out += key + " ";
  return out;
}

} // namespace

TEST_CASE("compare experiment: all that ship are read, expanded and drawn") {
  const std::set<std::string> promised{"quick",    "popularity", "flash-crowd", "vod",
                                       "overlap",  "scale",      "churn",       "faults",
                                       "charging", "paper",      "clients"};
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator(root / "examples/experiments")) {
    if (entry.path().extension() != ".toml") continue;
    INFO(entry.path());
    const auto text = text_in(entry.path());
    CHECK(text.starts_with("# "));
    const auto e = read_experiment(entry.path().string());
    INFO((e ? "" : e.error().text));
    REQUIRE(e);
    found.insert(e->name);
    CHECK(e->question.ends_with("?"));
    CHECK(text.find("interswarm compare examples/experiments/" + e->name + ".toml") !=
          std::string::npos);
    const auto variants = expand(*e);
    INFO((variants ? "" : variants.error().text));
    REQUIRE(variants);
    for (const auto& v : *variants) {
      if (v.what.overlays.front().peers.count > 50'000) continue; // a second or two each
      const auto p = draw(v.what, e->seeds.front());
      REQUIRE(p);
      CHECK(p->requests.size() > 10);
      CHECK(p->requests.size() < 100'000);
    }
  }
  CHECK(found == promised);
}

TEST_CASE("compare experiment: what the small ones say about themselves holds") {
  const auto read = [](const char* name, std::vector<std::string> settings = {}) {
    auto e = read_experiment((root / "examples/experiments" / name).string(), std::move(settings));
    INFO((e ? "" : e.error().text));
    REQUIRE(e);
    return *e;
  };
  // Two minutes for all runs of the live engine, with time to start and stop.
  const auto quick = read("quick.toml");
  CHECK(quick.how == engine::live);
  CHECK(quick.duration * static_cast<double>(quick.solutions.size() * quick.seeds.size()) <= 100);
  const auto drawn = draw(quick, 1);
  REQUIRE(drawn);
  CHECK(drawn->peers.size() <= 8);
  // The settings in their comments.
  const auto small = read("paper.toml", {"peers.count=20", "contents.count=20", "duration=30m",
                                         "repetitions=2", "fault=[]"});
  CHECK(small.seeds.size() == 2);
  CHECK(expand(read("scale.toml", {"peers.count=[500, 5000, 50000]"}))->size() == 3);
}

TEST_CASE("compare experiment: each key is described, and each that is described is known") {
  const auto known = known_keys(), described = documented_keys();
  CHECK(known.size() > 100);
  CHECK(listed(known, described) == "");
  CHECK(listed(described, known) == "");
}

TEST_CASE("compare experiment: the page names all that ship") {
  const auto page = text_in(root / "docs/experiments.md");
  for (const auto& entry : fs::directory_iterator(root / "examples/experiments")) {
    const auto name = entry.path().stem().string();
    INFO(name);
    CHECK(page.find("| `" + name + "` |") != std::string::npos);
  }
}
