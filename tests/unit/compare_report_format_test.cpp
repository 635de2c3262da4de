#include "modes/compare/report/axis.hpp"
#include "modes/compare/report/chart_frame.hpp"
#include "modes/compare/report/format.hpp"
#include "modes/compare/report/svg.hpp"

#include "tests/catch.hpp"
#include "tests/compare_sample.hpp"

#include <cmath>

using namespace interswarm::compare;

namespace {

/// With ordinary blanks and hyphens, for who writes tests.
std::string plain(std::string text) {
  for (const auto& [from, to] :
       {std::pair<std::string, std::string>{"\u00A0", " "}, {"\u2212", "-"}, {"\u2013", "none"}})
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from))
      text.replace(at, from.size(), to);
  return text;
}

estimate mean_between(double low, double high) {
  return {.count = 5, .at = (low + high) / 2, .low = low, .high = high, .coverage = confidence};
}

} // namespace

TEST_CASE("compare format: numbers have three digits") {
  CHECK(number_text(0) == "0");
  CHECK(number_text(1.23456) == "1.23");
  CHECK(number_text(12.3456) == "12.3");
  CHECK(number_text(123.456) == "123");
  CHECK(number_text(9.996) == "10.0");
  CHECK(number_text(999.6) == "1,000");
  CHECK(number_text(12345) == "12,345");
  CHECK(number_text(999999) == "999,999");
  CHECK(number_text(0.012345) == "0.0123");
  CHECK(number_text(0.00001) == "1.00e-05");
  CHECK(plain(number_text(-5.5)) == "-5.50");
  CHECK(number_text(0.5, 1) == "0.5");
}

TEST_CASE("compare format: figures have their units") {
  CHECK(plain(figure_text(0, unit::bytes)) == "0 B");
  CHECK(plain(figure_text(1023, unit::bytes)) == "1,023 B");
  CHECK(plain(figure_text(1536, unit::bytes)) == "1.50 KiB");
  CHECK(plain(figure_text(3.2e9, unit::bytes)) == "2.98 GiB");
  CHECK(plain(figure_text(1e30, unit::bytes)).ends_with(" PiB"));
  CHECK(plain(figure_text(0.0123, unit::seconds)) == "12.3 ms");
  CHECK(plain(figure_text(0, unit::seconds)) == "0 s");
  CHECK(plain(figure_text(59.94, unit::seconds)) == "59.9 s");
  CHECK(plain(figure_text(150, unit::seconds)) == "2.50 min");
  CHECK(plain(figure_text(9000, unit::seconds)) == "2.50 h");
  CHECK(plain(figure_text(0.983, unit::share)) == "98.3 %");
  CHECK(plain(figure_text(1, unit::share)) == "100 %");
  CHECK(plain(figure_text(42, unit::count)) == "42");
  CHECK(plain(figure_text(2.5e6, unit::count)) == "2.50 million");
  CHECK(plain(figure_text(1.5, unit::price)) == "1.50");
  CHECK(figure_text(never, unit::seconds) == "never");
  CHECK(plain(figure_text(std::nullopt, unit::bytes)) == "none");
  // From 80 % to 92 % is 12 points more, not 12 %.
  CHECK(plain(difference_text(-0.12, unit::share)) == "12 points");
  CHECK(plain(percent_text(-0.345)) == "34 %"); // half to even, as printf rounds
}

TEST_CASE("compare format: a mean has as many digits as its interval is worth") {
  CHECK(plain(estimate_text(mean_between(60.6, 65.4), unit::seconds)) == "63.0 ± 2.4 s");
  CHECK(plain(estimate_text(mean_between(0.9594, 0.974), unit::share)) == "96.67 ± 0.73 %");
  CHECK(plain(estimate_text(mean_between(167, 203), unit::count)) == "185 ± 18");
  CHECK(plain(estimate_text(mean_between(34, 36), unit::price)) == "35.0 ± 1.0");
  CHECK(plain(estimate_text(mean_between(5, 5), unit::count)) == "5");
  CHECK(plain(estimate_text(mean_between(-1, 1), unit::count)) == "0.0 ± 1.0");
  CHECK(plain(estimate_text(mean_between(1'000'000 - 1e-9, 1'000'000 + 1e-9), unit::price))
            .starts_with("1,000,000 ± "));
  CHECK(plain(estimate_text({.count = 1, .at = 3, .low = 3, .high = 3}, unit::seconds)) == "3 s");
  CHECK(plain(estimate_text({}, unit::seconds)) == "none");
  const estimate median{
      .count = 6, .kind = centre::median, .at = 4.5, .low = 1, .high = never, .coverage = 0.97};
  CHECK(plain(estimate_text(median, unit::seconds)) == "4.50 s (1.00 to never)");
}

TEST_CASE("compare format: intervals of differences have signs and the same digits") {
  CHECK(plain(interval_text(mean_between(0.0701, 0.105), unit::share)) == "+7.0 to +10.5 points");
  CHECK(plain(interval_text(mean_between(-1.69, 0.31), unit::seconds)) == "-1.69 to +0.31 s");
  CHECK(plain(interval_text(mean_between(5, 5), unit::count)) == "+5");
  CHECK(plain(interval_text(mean_between(100.001, 100.002), unit::price)) ==
        "+100.001 to +100.002");
  const estimate open{
      .count = 6, .kind = centre::median, .at = 0, .low = -never, .high = 3, .coverage = 0.97};
  CHECK(plain(interval_text(open, unit::seconds)) == "-never to +3.00 s");
}

TEST_CASE("compare format: texts are shortened by characters, not bytes") {
  CHECK(columns_of("\u00E9t\u00E9") == 3);
  CHECK(shortened("\u00E9t\u00E9", 3) == "\u00E9t\u00E9");
  CHECK(shortened("\u00E9t\u00E9s", 3) == "\u00E9t\u2026");
  CHECK(width_of(fitted(std::string(500, 'W'), 400)) <= 400);
  CHECK(width_of(fitted(compare_sample::hostile_text, 60)) <= 60);
  CHECK(fitted("short", 400) == "short");
}

TEST_CASE("compare axis: marks stand at round figures in their unit") {
  const auto texts = [](const axis& a) {
    std::vector<std::string> out;
    for (const auto& m : a.marks()) out.push_back(m.text);
    return out;
  };
  using list = std::vector<std::string>;
  const auto y = axis::linear(0, 93, unit::count, 200, 0, 4, true);
  CHECK(texts(y) == list{"0", "50", "100"});
  CHECK(y.place(0) == 200);
  CHECK(y.place(100) == 0);
  CHECK(y.place(25) == 150);
  CHECK(y.place(never) == 0);
  CHECK(y.place(-5) == 200);
  const auto b = axis::linear(0, 3.1e9, unit::bytes, 0, 100, 4, true);
  CHECK(b.in() == "GiB");
  CHECK(texts(b) == list{"0", "1", "2", "3"});
  CHECK(texts(axis::linear(0, 0.5, unit::price, 0, 100, 4, true)) ==
        list{"0", "0.2", "0.4", "0.6"});
  CHECK(texts(axis::linear(0, 3600, unit::seconds, 0, 100, 5, false)) ==
        list{"0", "20", "40", "60"});
  CHECK(texts(axis::linear(0, 0, unit::count, 0, 100, 4, true)).size() >= 2);
  const auto l = axis::logarithmic(0.5, 2000, unit::seconds, 0, 100);
  CHECK(texts(l) == list{"1", "10", "100", "1,000"});
  CHECK(l.place(0.5) == 0);
  CHECK(l.place(2000) == 100);
  CHECK(l.place(0) == 0); // what lies below stays at the edge
  CHECK(l.place(std::sqrt(0.5 * 2000)) == Approx(50));
  CHECK(texts(axis::logarithmic(2, 30, unit::seconds, 0, 100)) == list{"2", "5", "10", "20"});
}

TEST_CASE("compare chart: labels are spread, in order and within bounds") {
  using list = std::vector<double>;
  CHECK(spread({10, 50, 90}, 15, 0, 100) == list{10, 50, 90});
  CHECK(spread({50, 50, 50}, 15, 0, 100) == list{50, 65, 80});
  CHECK(spread({100, 99, 98}, 15, 0, 100) == list{100, 85, 70});
  CHECK(spread({90, 10}, 15, 20, 100) == list{90, 20});
  CHECK(spread({}, 15, 0, 100).empty());
}
