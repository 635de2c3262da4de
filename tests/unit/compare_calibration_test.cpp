#include "modes/compare/report/calibration_file.hpp"
#include "modes/compare/report/page.hpp"
#include "modes/compare/report/results.hpp"
#include "tests/catch.hpp"
#include "tests/compare_sample.hpp"
#include "tests/scratch.hpp"

#include <cstdlib>
#include <fstream>

using namespace interswarm;
using namespace interswarm::compare;

namespace {

calibration made_up() {
  calibration out{.experiment = "quick", .repetitions = 3};
  deviation d;
  d.what = {.name = "download_time.p50",
            .label = "download time, median",
            .about = topic::times,
            .of = unit::seconds,
            .is = better::lower,
            .headline = true};
  d.how = solution::bridge;
  d.simulated = 11;
  d.live = 10;
  d.relative = 0.1;
  out.deviations.push_back(d);
  d.how = solution::soa;
  d.simulated = never;
  d.relative = never;
  out.deviations.push_back(d);
  d.what.name = "origin_bytes";
  d.what.label = "bytes of \"origins\" <all>";
  d.what.of = unit::bytes;
  d.what.headline = false;
  d.simulated = 70;
  d.live = 100;
  d.relative = -0.3;
  out.deviations.push_back(d);
  out.made = {{"machine", "2 cores"}, {"date", "2026-01-01 00:00:00 UTC"}};
  return out;
}

} // namespace

TEST_CASE("compare calibration: what is kept is read again") {
  const scratch_folder folder;
  const auto path = folder.file("new/folder/calibration.json");
  const auto none = load_calibration(path);
  REQUIRE(none);
  CHECK_FALSE(*none);
  REQUIRE(load_calibration(""));
  const auto c = made_up();
  REQUIRE(save_calibration(c, path));
  REQUIRE(save_calibration(c, path));
  const auto again = load_calibration(path);
  REQUIRE(again);
  REQUIRE(*again);
  CHECK((*again)->experiment == "quick");
  CHECK((*again)->repetitions == 3);
  CHECK((*again)->target == c.target);
  CHECK((*again)->made == c.made);
  REQUIRE((*again)->deviations.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& was = c.deviations[i];
    const auto& got = (*again)->deviations[i];
    CHECK(got.what.name == was.what.name);
    CHECK(got.what.label == was.what.label);
    CHECK(got.what.of == was.what.of);
    CHECK(got.how == was.how);
    CHECK(got.simulated == was.simulated);
    CHECK(got.live == was.live);
    CHECK(got.relative == was.relative);
  }
}

TEST_CASE("compare calibration: files that are none are told, unwritable places too") {
  const scratch_folder folder;
  const auto path = folder.file("calibration.json");
  const std::string wrong[] = {
      "",
      "{",
      "[]",
      R"({"experiment":"x"})",
      R"({"experiment":"x","repetitions":1,"target":0.1,"deviations":[{}],"made":{}})",
      R"({"experiment":"x","repetitions":1,"target":0.1,"deviations":[],"made":{"a":1}})",
      R"({"experiment":"x","repetitions":1,"target":"much","deviations":[],"made":{}})"};
  for (const auto& text : wrong) {
    CAPTURE(text);
    std::ofstream(path) << text;
    const auto read = load_calibration(path);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == errc::malformed);
    CHECK(read.error().text.find(path) == 0);
  }
  CHECK(save_calibration(made_up(), "/proc/none/calibration.json").error().code == errc::io);
  CHECK(save_calibration(made_up(), path + "/below/calibration.json").error().code == errc::io);
}

TEST_CASE("compare calibration: it lies where the user's state is") {
  const auto was = [](const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? std::string() : std::string(text);
  };
  const auto state = was("XDG_STATE_HOME"), home = was("HOME");
  ::setenv("HOME", "/home/x", 1);
  ::setenv("XDG_STATE_HOME", "/var/s", 1);
  CHECK(calibration_path() == "/var/s/interswarm/calibration.json");
  ::setenv("XDG_STATE_HOME", "relative", 1);
  CHECK(calibration_path() == "/home/x/.local/state/interswarm/calibration.json");
  ::unsetenv("XDG_STATE_HOME");
  CHECK(calibration_path() == "/home/x/.local/state/interswarm/calibration.json");
  ::unsetenv("HOME");
  CHECK(calibration_path().empty());
  if (!state.empty()) ::setenv("XDG_STATE_HOME", state.c_str(), 1);
  if (!home.empty()) ::setenv("HOME", home.c_str(), 1);
}

TEST_CASE("compare calibration: what people read") {
  const auto c = made_up();
  CHECK(calibration_summary(c) == "1 of 3 medians are within 15\u00A0% (quick, 3 repetitions)");
  const auto text = calibration_text(c);
  CHECK(text.find("Download times\n") != std::string::npos);
  CHECK(text.find("+10\u00A0%\n") != std::string::npos);
  CHECK(text.find("not comparable *\n") != std::string::npos);
  CHECK(text.find("origins") == std::string::npos); // no headline figure
  auto all = compare_sample::make_comparison(1);
  CHECK(report_html(all).find("interswarm compare --calibrate") != std::string::npos);
  all.calibrated = c;
  const auto page = report_html(all);
  CHECK(page.find("2026-01-01 00:00:00 UTC") != std::string::npos);
  CHECK(page.find("\u221230\u00A0%") != std::string::npos);
  CHECK(page.find("bytes of &quot;origins&quot; &lt;all&gt;") != std::string::npos);
}
