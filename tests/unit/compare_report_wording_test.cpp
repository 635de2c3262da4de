#include "modes/compare/report/wording.hpp"

#include "modes/compare/report/figures.hpp"
#include "tests/catch.hpp"
#include "tests/compare_sample.hpp"

using namespace interswarm::compare;

namespace {

constexpr contest both{solution::bridge, solution::soa};

/// One judged metric, of bridge and soa by repetition.
std::vector<verdict> verdicts(better is, unit u, std::vector<std::pair<double, double>> values) {
  std::vector<run_summary> runs;
  for (std::uint32_t i = 0; i < values.size(); ++i) {
    metric m{.name = "x", .label = "X", .of = u, .is = is, .headline = true};
    m.value = values[i].first;
    runs.push_back({.how = solution::bridge, .repetition = i, .metrics = {m}});
    m.value = values[i].second;
    runs.push_back({.how = solution::soa, .repetition = i, .metrics = {m}});
  }
  return verdicts_of(runs);
}

std::string plain(std::string text) {
  for (const auto& [from, to] :
       {std::pair<std::string, std::string>{"\u00A0", " "}, {"\u2212", "-"}, {"\u2013", "none"}})
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from))
      text.replace(at, from.size(), to);
  return text;
}

} // namespace

TEST_CASE("compare wording: better, by how much, how sure") {
  const auto less = verdicts(better::lower, unit::seconds, {{10, 6}, {12, 9}, {14, 10}});
  auto w = wording_of(less[0], both);
  CHECK(w.better == "soa");
  CHECK(plain(w.by) == "31 % less (3.67 s)");
  CHECK(w.sure == certainty::clear);
  CHECK(plain(w.interval) == "-5.10 to -2.23 s");
  CHECK(plain(short_wording_of(less[0], both)) == "soa -31 %");

  const auto points = verdicts(better::higher, unit::share, {{0.9, 0.8}, {0.92, 0.81}});
  w = wording_of(points[0], both);
  CHECK(w.better == "bridge");
  CHECK(plain(w.by) == "10.5 points more");
  CHECK(plain(short_wording_of(points[0], both)) == "bridge +10.5 points");

  const auto open = verdicts(better::lower, unit::count, {{10, 6}, {10, 15}});
  w = wording_of(open[0], both);
  CHECK(w.better == "open");
  CHECK(plain(w.by) == "bridge 4.8 % less (0.500)");
  CHECK(short_wording_of(open[0], both) == "open");

  w = wording_of(verdicts(better::lower, unit::count, {{10, 6}})[0], both);
  CHECK(w.better == "soa");
  CHECK(w.sure == certainty::too_few);
  CHECK(w.interval == "a single repetition");

  w = wording_of(verdicts(better::lower, unit::count, {{3, 3}, {4, 4}})[0], both);
  CHECK(w.better == "equal");
  CHECK(w.by.empty());
  CHECK(wording_of(verdicts(better::neither, unit::count, {{1, 2}})[0], both).better.empty());
}

TEST_CASE("compare wording: where there is nothing to divide by") {
  const auto none = verdicts(better::lower, unit::bytes, {{0, 1024}, {0, 1024}});
  CHECK(plain(wording_of(none[0], both).by).starts_with("100 % less"));
  const auto late = verdicts(better::lower, unit::seconds, {{never, 5}, {never, 6}});
  CHECK(wording_of(late[0], both).by == "never with bridge");
  CHECK(wording_of(late[0], both).interval == "2 repetitions are too few");
  CHECK(short_wording_of(late[0], both) == "soa");
  const auto more = verdicts(better::higher, unit::count, {{0, 5}, {0, 5}});
  CHECK(wording_of(more[0], both).by == "5 more");
}

TEST_CASE("compare wording: the sentence counts every judged headline figure once") {
  const auto v = compare_sample::make_variant("", std::nullopt, 0.3, 4);
  const auto t = tally_of(v.verdicts, both);
  std::size_t judged = 0;
  for (const auto& x : v.verdicts)
    judged += x.what.headline && x.what.is != better::neither && x.between(both.first, both.second);
  CHECK(t.judged() == judged);
  CHECK(t.first > 0);
  CHECK(t.second > 0);
  tally few{.first = 2, .second = 3, .open = 1, .equal = 2, .too_few = 4};
  CHECK(sentence_of(few, both) ==
        "Of 12 judged figures, soa is clearly better at 3, bridge at 2; 2 are equal; 1 is open; "
        "of 4 there are too few repetitions.");
  CHECK(sentence_of({}, both) == "There is nothing to judge between the two.");
  CHECK(sentence_of({.too_few = 3}, both).find("none can be called certain") != std::string::npos);
  CHECK(against_none(v).find("Against no integration, bridge is clearly better at ") == 0);
  CHECK(against_none(compare_sample::make_variant("", std::nullopt, 0.3, 1)).empty());
}

TEST_CASE("compare wording: a sweep shows what only some of its values have") {
  auto c = compare_sample::make_sweep();
  CHECK(short_label(c, c.variants[1]) == "0.25");
  std::erase_if(c.variants[0].verdicts,
                [](const verdict& v) { return v.what.about == topic::playback; });
  const auto all = judged_metrics(c);
  const auto has = [&](const std::string& name) {
    return std::any_of(all.begin(), all.end(), [&](const metric& m) { return m.name == name; });
  };
  CHECK(has("startup_delay.p50"));
  CHECK_FALSE(has("requests"));
  CHECK(std::is_sorted(all.begin(), all.end(),
                       [](const metric& a, const metric& b) { return a.about < b.about; }));
  CHECK(verdict_on(c.variants[0], "startup_delay.p50") == nullptr);
  CHECK(verdict_on(c.variants[1], "startup_delay.p50") != nullptr);
  const auto charts = sweep_charts(c);
  const auto at = std::find_if(charts.begin(), charts.end(), [](const line_chart& x) {
    return x.title == "Startup delay, median";
  });
  REQUIRE(at != charts.end());
  CHECK(at->lines[0].x == std::vector<double>{0.25, 0.5, 0.75, 1});
}

TEST_CASE("compare figures: means, bands and steps, computed by hand") {
  variant_summary v;
  v.duration = 20;
  for (std::uint32_t i = 0; i < 2; ++i) {
    run_summary r{.how = solution::soa, .repetition = i};
    r.samples = {
        {.at = 0}, {.at = 10, .received = 100 * (i + 1)}, {.at = 20, .received = 100 * (i + 1)}};
    r.distributions = {{"t", "T", "", {{1.0 + i, 4}, {0.5, 1}}}};
    v.runs.push_back(r);
  }
  const auto over_time = time_charts(v);
  REQUIRE(over_time.size() == 1); // the others show nothing
  const auto& rate = over_time[0].lines[0];
  CHECK(rate.x == std::vector<double>{5, 15});
  CHECK(rate.y == std::vector<double>{15, 0});
  CHECK(rate.low == std::vector<double>{10, 0});
  CHECK(rate.high == std::vector<double>{20, 0});
  const auto shares = distribution_charts(v);
  REQUIRE(shares.size() == 1);
  const auto& line = shares[0].lines[0];
  CHECK(line.x.back() == 4);
  CHECK(line.y.back() == 1);
  for (std::size_t i = 0; i < line.x.size(); ++i) {
    const double x = line.x[i];
    CHECK(line.y[i] == (x < 1 ? 0 : x < 2 ? 0.25 : x < 4 ? 0.5 : 1));
  }
}
