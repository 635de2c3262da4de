// The house rules that a machine can check. An exception stands here with its reason.
#include "tests/catch.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fs = std::filesystem;

namespace {

const fs::path root = INTERSWARM_SOURCE_DIR;

/// What each folder may include beside itself. Arrows go only upwards in the house.
const std::vector<std::pair<std::string, std::vector<std::string>>> allowed{
    {"schema/generator", {"schema/"}},
    {"schema/bittorrent", {"schema/base/", "schema/bittorrent/", "schema/*"}},
    {"schema/ed2k", {"schema/base/", "schema/ed2k/", "schema/*"}},
    {"schema/ppsp", {"schema/base/", "schema/ppsp/", "schema/*"}},
    {"schema", {"schema/"}},
    {"storage", {"schema/", "storage/"}},
    {"actors/runtime", {"schema/", "actors/runtime/"}},
    {"actors/overlays/bittorrent",
     {"schema/base/", "schema/bittorrent/", "schema/*", "storage/", "actors/runtime/",
      "actors/overlays/bittorrent/"}},
    {"actors/overlays/ed2k",
     {"schema/base/", "schema/ed2k/", "schema/*", "storage/", "actors/runtime/",
      "actors/overlays/ed2k/"}},
    {"actors/overlays/ppsp",
     {"schema/base/", "schema/ppsp/", "schema/*", "storage/", "actors/runtime/",
      "actors/overlays/ppsp/"}},
    {"actors/bridge",
     {"schema/base/", "schema/*", "storage/", "actors/runtime/", "actors/bridge/"}},
    {"actors/storage",
     {"schema/base/", "schema/*", "storage/", "actors/runtime/", "actors/storage/"}},
    {"actors/services/origin",
     {"schema/base/", "schema/*", "storage/", "actors/runtime/", "actors/services/origin/"}},
    {"actors/services/http",
     {"schema/base/", "schema/*", "storage/", "actors/runtime/", "actors/services/http/"}},
    {"actors/services",
     {"schema/base/", "schema/*", "storage/", "actors/runtime/", "actors/storage/",
      "actors/bridge/", "actors/services/"}},
    {"actors/node",
     {"schema/base/", "schema/*", "storage/", "actors/runtime/", "actors/storage/",
      "actors/bridge/", "actors/services/", "actors/node/"}},
    {"modes", {"schema/", "storage/", "actors/", "modes/"}},
};

constexpr std::size_t max_header_lines = 200;
constexpr std::size_t max_source_lines = 400;
constexpr std::size_t max_columns = 100;

struct source_file {
  std::string path;
  std::vector<std::string> lines;
};

std::vector<source_file> sources(const std::vector<std::string>& folders) {
  std::vector<source_file> out;
  for (const auto& folder : folders) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const auto extension = entry.path().extension();
      if (!entry.is_regular_file() || (extension != ".cpp" && extension != ".hpp")) continue;
      source_file file{fs::relative(entry.path(), root).generic_string(), {}};
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) file.lines.push_back(line);
      out.push_back(std::move(file));
    }
  }
  return out;
}

/// "schema/*" allows the generated headers beside the .capnp files, but no subfolder.
bool matches(const std::string& include, const std::string& rule) {
  if (!rule.ends_with('*')) return include.starts_with(rule);
  const auto folder = rule.substr(0, rule.size() - 1);
  return include.starts_with(folder) && include.find('/', folder.size()) == std::string::npos;
}

/// Columns as people see them: UTF-8 continuation bytes take none.
std::size_t columns(const std::string& line) {
  std::size_t out = 0;
  for (const char c : line) out += (static_cast<unsigned char>(c) & 0xC0) == 0x80 ? 0 : 1;
  return out;
}

/// The name of a type that the line begins to define, or nothing.
std::string type_begun(const std::string& line) {
  static const std::regex begins(
      R"(^(?:struct|class|enum|enum class) (\w+)(?: final)?(?: :.*)? ?\{)");
  std::smatch found;
  return std::regex_search(line, found, begins) ? found[1].str() : std::string();
}

} // namespace

TEST_CASE("tidy: includes go only in the allowed directions") {
  const auto files = sources({"schema", "storage", "actors", "modes"});
  REQUIRE(files.size() > 20);
  for (const auto& file : files) {
    const std::vector<std::string>* rules = nullptr;
    for (const auto& [folder, targets] : allowed) {
      if (file.path.starts_with(folder + "/")) {
        rules = &targets;
        break;
      }
    }
    INFO(file.path);
    REQUIRE(rules != nullptr);
    for (const auto& line : file.lines) {
      if (!line.starts_with("#include \"")) continue;
      const auto include = line.substr(10, line.find('"', 10) - 10);
      bool fits = false;
      for (const auto& rule : *rules) fits = fits || matches(include, rule);
      INFO(include);
      CHECK(fits);
    }
  }
}

TEST_CASE("tidy: no overlay is named inside the bridge, no mode outside modes/") {
  for (const auto& file : sources({"actors/bridge", "actors/node", "actors/runtime",
                                   "actors/storage", "actors/services", "storage"})) {
    const bool bridge =
        file.path.starts_with("actors/bridge/") || file.path.starts_with("actors/node/") ||
        file.path.starts_with("actors/services/") || file.path.starts_with("actors/storage/");
    for (const auto& line : file.lines) {
      INFO(file.path << ": " << line);
      CHECK(line.find("mode ==") == std::string::npos);
      if (!bridge) continue;
      CHECK(line.find("namespace bittorrent") == std::string::npos);
      CHECK(line.find("\"bittorrent\"") == std::string::npos);
      CHECK(line.find("\"ed2k\"") == std::string::npos);
      CHECK(line.find("namespace ppsp") == std::string::npos);
      CHECK(line.find("\"ppsp\"") == std::string::npos);
    }
  }
}

TEST_CASE("tidy: rooms are small, lines fit, headers are guarded and import no namespace") {
  for (const auto& file : sources({"schema", "storage", "actors", "modes"})) {
    const bool header = file.path.ends_with(".hpp");
    INFO(file.path);
    CHECK(file.lines.size() <= (header ? max_header_lines : max_source_lines));
    bool guarded = false;
    for (const auto& line : file.lines) {
      INFO(line);
      guarded = guarded || line == "#pragma once";
      CHECK(columns(line) <= max_columns);
      CHECK(line.find('\t') == std::string::npos);
      if (header) CHECK_FALSE(line.starts_with("using namespace"));
    }
    if (header) CHECK(guarded);
  }
}

TEST_CASE("tidy: each folder of code has a short README") {
  std::set<fs::path> folders;
  for (const auto& file : sources({"schema", "storage", "actors", "modes"})) {
    folders.insert(fs::path(file.path).parent_path());
  }
  for (const auto& folder : folders) {
    INFO(folder);
    std::ifstream in(root / folder / "README.md");
    std::size_t lines = 0;
    for (std::string line; std::getline(in, line);) ++lines;
    CHECK(lines > 0);
    CHECK(lines <= 15);
  }
}

// One binary has them all: two of one name would be taken for each other without a word.
TEST_CASE("tidy: no two types of one namespace have one name") {
  std::map<std::string, std::string> seen;
  for (const auto& file : sources({"schema", "storage", "actors", "modes"})) {
    std::string space;
    bool nameless = false;
    for (const auto& line : file.lines) {
      if (line.starts_with("namespace {")) nameless = true;
      if (line == "} // namespace") nameless = false;
      if (line.starts_with("namespace ") && line.ends_with(" {")) space = line;
      const auto name = nameless ? "" : type_begun(line);
      if (name.empty()) continue;
      const auto [at, fresh] = seen.emplace(space + name, file.path);
      INFO(file.path << " and " << at->second << ": " << name);
      CHECK((fresh || at->second == file.path));
    }
  }
  CHECK(seen.size() > 100);
}
