#include "modes/compare/report/format.hpp"
#include "modes/compare/report/markup.hpp"
#include "modes/compare/report/page.hpp"
#include "modes/compare/report/results.hpp"
#include "modes/compare/report/write_report.hpp"

#include "tests/catch.hpp"
#include "tests/compare_sample.hpp"
#include "tests/scratch.hpp"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <unistd.h>

using namespace interswarm::compare;
namespace fs = std::filesystem;

namespace {

/// A reader of its own for RFC 4180; empty if the text breaks it.
std::vector<std::vector<std::string>> read_csv(const std::string& text) {
  std::vector<std::vector<std::string>> out(1, {""});
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    auto& field = out.back().back();
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      if (!field.empty()) return {};
      quoted = true;
    } else if (c == ',') {
      out.back().emplace_back();
    } else if (c == '\r') {
      if (i + 1 >= text.size() || text[++i] != '\n') return {};
      out.push_back({""});
    } else if (c == '\n') {
      return {};
    } else {
      field += c;
    }
  }
  if (quoted || out.back() != std::vector<std::string>{""}) return {};
  out.pop_back();
  return out;
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

/// Whether each element that is opened is closed in its turn, and all attributes are quoted. The
/// browser's test parses the whole as XML.
bool well_formed(const std::string& html) {
  std::vector<std::string> open;
  std::size_t at = html.find('>') + 1; // behind the document type
  while ((at = html.find('<', at)) != std::string::npos) {
    const auto end = html.find('>', at);
    if (end == std::string::npos) return false;
    auto tag = html.substr(at + 1, end - at - 1);
    at = end + 1;
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
      continue;
    }
    if (tag.find('<') != std::string::npos) return false;
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return false;
    if (!tag.ends_with('/')) open.push_back(tag.substr(0, tag.find(' ')));
  }
  return open.empty();
}

} // namespace

TEST_CASE("compare markup: whatever a text holds stays a text") {
  CHECK(escaped("a < b && c > \"d\" 'e'") ==
        "a &lt; b &amp;&amp; c &gt; &quot;d&quot; &#39;e&#39;");
  CHECK(escaped("one\ttwo\nthree\r\n") == "one\ttwo\nthree?\n");
  CHECK(escaped(std::string_view("\x00\x1B[31m\x7F", 7)) == "??[31m?");
  CHECK(escaped("\xFF\xC3(") == "?"
                                "?(");
  CHECK(escaped("\u202Eevil\u2066\uFFFE\u00E9\u2026") == "?evil??\u00E9\u2026");
  CHECK(escaped("\xE2\x80") == "??");
  std::string out;
  {
    const element outer(out, "p", {{"title", "\"><b>"}});
    put(out, "b", "x<y");
    put_empty(out, "br");
  }
  CHECK(out == "<p title=\"&quot;&gt;&lt;b&gt;\"><b>x&lt;y</b><br/></p>");
}

TEST_CASE("compare results: JSON has everything, and reads back") {
  const auto c = compare_sample::make_comparison(3);
  const auto j = nlohmann::json::parse(results_json(c));
  CHECK(j["format"] == "interswarm comparison");
  CHECK(j["title"] == c.title);
  CHECK(j["engine"] == "sim");
  CHECK(j["experiment"] == c.experiment);
  CHECK(j["calibration"].is_null());
  CHECK(j["made"]["machine"] == "2 x Example CPU, 8 GiB");
  const auto& v = j["variants"][0];
  REQUIRE(v["runs"].size() == 9);
  CHECK(v["faults"][0]["label"] == "tracker of films down");
  std::set<std::string> said;
  for (std::size_t i = 0; i < 9; ++i) {
    const auto& run = c.variants[0].runs[i];
    const auto& told = v["runs"][i];
    CHECK(told["solution"] == word(run.how));
    CHECK(told["seed"] == run.seed);
    REQUIRE(told["metrics"].size() == run.metrics.size());
    for (const auto& m : run.metrics) {
      said.insert(m.name);
      CAPTURE(m.name);
      const auto& value = told["metrics"][m.name];
      if (!m.value) {
        CHECK(value.is_null());
      } else if (std::isinf(*m.value)) {
        CHECK(value == "Infinity");
      } else {
        CHECK(value.get<double>() == *m.value);
      }
    }
    CHECK(told["samples"]["at_s"].size() == run.samples.size());
    CHECK(told["samples"]["received_bytes"].back() == run.samples.back().received);
    CHECK(told["distributions"]["download_time"]["share"].size() > 10);
  }
  for (const auto& name : said) {
    CHECK(j["metrics"].contains(name));
    CHECK_FALSE(j["metrics"][name]["unit"].get<std::string>().empty());
  }
  CHECK(v["verdicts"].size() == c.variants[0].verdicts.size());
  CHECK(v["verdicts"][1]["metric"] == "satisfied_share");
  CHECK(v["verdicts"][1]["figures"]["soa"]["count"] == 3);
  CHECK(v["verdicts"][1]["pairs"].size() == 3);
  CHECK(v["verdicts"][1]["pairs"][2]["better"] == "soa");
  CHECK(v["verdicts"][1]["pairs"][2]["sure"] == "clear");
  const auto swept = nlohmann::json::parse(results_json(compare_sample::make_sweep()));
  CHECK(swept["variants"].size() == 5);
  CHECK(swept["variants"][1]["at"] == 0.25);
  CHECK(swept["calibration"]["deviations"].size() > 20);
}

TEST_CASE("compare results: the same runs give the same bytes, but for what was made when") {
  auto once = compare_sample::make_comparison(2), again = compare_sample::make_comparison(2);
  CHECK(results_json(once) == results_json(again));
  CHECK(results_csv(once) == results_csv(again));
  CHECK(report_html(once) == report_html(again));
  again.made = {{"machine", "another"}, {"begun", "later"}};
  CHECK(results_csv(once) == results_csv(again));
  const auto one = results_json(once), two = results_json(again);
  const auto made = one.find("\n \"made\"");
  REQUIRE(made != std::string::npos);
  CHECK(one.substr(0, made) == two.substr(0, made));
  CHECK(one != two);
}

TEST_CASE("compare results: CSV by RFC 4180") {
  const auto c = compare_sample::make_comparison(2);
  const auto rows = read_csv(results_csv(c));
  std::size_t metrics = 0;
  for (const auto& run : c.variants[0].runs) metrics += run.metrics.size();
  REQUIRE(rows.size() == 1 + metrics);
  CHECK(rows[0] == std::vector<std::string>{"variant", "at", "engine", "solution", "repetition",
                                            "seed", "metric", "unit", "better", "value"});
  for (const auto& row : rows) REQUIRE(row.size() == rows[0].size());
  const auto& first = c.variants[0].runs[0].metrics[0];
  CHECK(rows[1][6] == first.name);
  CHECK(std::stod(rows[1][9]) == *first.value);
  // Every number comes back as it was.
  std::size_t i = 1;
  for (const auto& run : c.variants[0].runs) {
    for (const auto& m : run.metrics) {
      const auto& text = rows[i++][9];
      CAPTURE(m.name, text);
      if (m.value) {
        CHECK(std::stod(text) == *m.value);
      } else {
        CHECK(text.empty());
      }
    }
  }
  auto odd = c;
  odd.variants[0].label = "a, \"b\"\r\nc";
  odd.variants[0].at = 0.25;
  const auto quoted = read_csv(results_csv(odd));
  REQUIRE(quoted.size() == rows.size());
  CHECK(quoted[1][0] == odd.variants[0].label);
  CHECK(quoted[1][1] == "0.25");
}

TEST_CASE("compare results: the terminal's table") {
  const auto text = results_text(compare_sample::make_comparison());
  for (const auto* words :
       {"An hour of films and music  (simulated, 5 repetitions)", "Requests satisfied", "isolated",
        "better", "bridge", "never", "Of 29 judged figures"}) {
    CAPTURE(words);
    CHECK(text.find(words) != std::string::npos);
  }
  for (const std::size_t columns : {160, 130, 100, 80}) {
    std::istringstream lines(results_text(compare_sample::make_comparison(), columns));
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line, columns);
      CHECK_FALSE(line.ends_with(' '));
      if (!line.starts_with("Of ")) CHECK(columns_of(line) <= columns);
    }
  }
  // One repetition shows, but proves nothing.
  CHECK(results_text(compare_sample::make_comparison(1), 80).find(" ?\n") != std::string::npos);
  const auto swept = results_text(compare_sample::make_sweep());
  CHECK(swept.find("0.25") != std::string::npos);
  CHECK(swept.find("at each value of contents.overlap") != std::string::npos);
  CHECK(results_text({}) == "nothing was run\n");
}

TEST_CASE("compare report: the page is well-formed, whole, and loads nothing") {
  for (const auto& c :
       {compare_sample::make_comparison(), compare_sample::make_sweep(),
        compare_sample::make_comparison(1), compare_sample::make_hostile(), comparison{}}) {
    const auto html = report_html(c);
    CHECK(html.starts_with("<!DOCTYPE html>\n"));
    CHECK(well_formed(html));
    for (const auto* words : {"http:", "https:", "@import", "src=\"", "<script", "javascript:"}) {
      CAPTURE(words);
      auto at = html.find(words);
      // The one address is the name of a namespace.
      if (at != std::string::npos && html.substr(at).starts_with("http://www.w3.org/1999/xhtml"))
        at = html.find(words, at + 1);
      CHECK(at == std::string::npos);
    }
  }
  CHECK_FALSE(well_formed("<!DOCTYPE html>\n<p><b></p></b>"));
  CHECK_FALSE(well_formed("<!DOCTYPE html>\n<p title=\"a<b\"></p>"));
}

TEST_CASE("compare report: the verdict stands first, the configuration is exact") {
  const auto c = compare_sample::make_comparison();
  const auto html = report_html(c);
  const auto at = [&](const char* words) { return html.find(words); };
  CHECK(at("id=\"verdict\"") < at("<figure>"));
  CHECK(at("<figure>") < at("id=\"configuration\""));
  CHECK(html.find(escaped(c.experiment)) != std::string::npos);
  CHECK(html.find("<p>1, 2, 3, 4, 5</p>") != std::string::npos);
  CHECK(html.find("Not run: how far the simulator is from real nodes") != std::string::npos);
  const auto swept = report_html(compare_sample::make_sweep());
  CHECK(swept.find("Not run:") == std::string::npos);
  CHECK(swept.find("medians are within") != std::string::npos);
}

TEST_CASE("compare report: hostile texts stay texts in every file") {
  const auto c = compare_sample::make_hostile();
  const auto html = report_html(c);
  CHECK(html.find("<script>") == std::string::npos);
  CHECK(html.find('\x01') == std::string::npos);
  CHECK(html.find("\u202E") == std::string::npos);
  CHECK(html.find("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;amp;]]&gt;") !=
        std::string::npos);
  const auto j = nlohmann::json::parse(results_json(c));
  CHECK(j["title"].get<std::string>().starts_with("<script>alert(1)</script>\"'&amp;]]>"));
  const auto rows = read_csv(results_csv(c));
  REQUIRE(rows.size() > 100);
  CHECK(rows[1][0] == c.variants[0].label);
  const auto text = results_text(c);
  CHECK(text.find('\x01') == std::string::npos);
  CHECK(text.find('\xFF') == std::string::npos);
}

TEST_CASE("compare report: three files, each wholly") {
  const scratch_folder scratch;
  const auto folder = scratch.file("new/deep");
  const auto c = compare_sample::make_comparison(1);
  REQUIRE(prepare_report_folder(folder));
  CHECK(fs::is_empty(folder));
  REQUIRE(write_report(c, folder));
  CHECK(read(folder + "/report.html") == report_html(c));
  CHECK(read(folder + "/results.json") == results_json(c));
  CHECK(read(folder + "/results.csv") == results_csv(c));
  REQUIRE(write_report(c, folder)); // over the old ones
  CHECK(std::distance(fs::directory_iterator(folder), {}) == 3);
}

TEST_CASE("compare report: a folder that cannot be written is told before any run") {
  const scratch_folder scratch;
  std::ofstream(scratch.file("file")) << "x";
  for (const auto& path :
       {scratch.file("file"), scratch.file("file/below"), std::string("/proc/interswarm")}) {
    const auto made = prepare_report_folder(path);
    CAPTURE(path);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == interswarm::errc::io);
    CHECK(made.error().text.find("cannot write " + path) == 0);
  }
  // A full disk: the old report stays.
  if (!fs::exists("/dev/full")) return;
  const auto folder = scratch.file("full");
  fs::create_directory(folder);
  fs::create_symlink("/dev/full", folder + "/report.html.part");
  std::ofstream(folder + "/report.html") << "old";
  const auto written = write_report(compare_sample::make_comparison(1), folder);
  REQUIRE_FALSE(written);
  CHECK(written.error().text.find("report.html") != std::string::npos);
  CHECK(read(folder + "/report.html") == "old");
}
