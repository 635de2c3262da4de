#include "modes/compare/experiment/limits.hpp"
#include "tests/experiment_text.hpp"

#include <fstream>

#include "tests/scratch.hpp"

using namespace interswarm::compare;

namespace {

std::vector<variant> variants_of(const std::string& text, std::vector<std::string> settings = {}) {
  auto out = expand(experiment_of(text, std::move(settings)));
  INFO((out ? "" : out.error().text));
  REQUIRE(out);
  return std::move(*out);
}

std::string wrong_variant(const std::string& text) {
  const auto out = expand(experiment_of(text));
  return out ? "" : out.error().text;
}

} // namespace

TEST_CASE("compare experiment: without a sweep there is one variant") {
  const auto all = variants_of("duration = \"2h\"");
  REQUIRE(all.size() == 1);
  CHECK(all[0].label() == "");
  CHECK(all[0].what.duration == 7200);
}

TEST_CASE("compare experiment: a sweep gives all combinations, the last key fastest") {
  const auto all = variants_of(R"(
[contents]
overlap = 0.9
[sweep]
"contents.overlap" = [0, 0.1]
"peers.up" = ["1 MB/s", "2 MB/s", "3 MB/s"]
)");
  REQUIRE(all.size() == 6);
  CHECK(all[0].label() == "contents.overlap = 0, peers.up = 1 MB/s");
  CHECK(all[1].label() == "contents.overlap = 0, peers.up = 2 MB/s");
  CHECK(all[5].label() == "contents.overlap = 0.1, peers.up = 3 MB/s");
  CHECK(all[5].what.contents.overlap == 0.1);
  CHECK(all[5].what.overlays[0].peers.bandwidth[0].up == 3e6);
  REQUIRE(all[5].settings.size() == 2);
  CHECK(all[5].settings[0].number == 0.1);
  CHECK(all[5].settings[1].number == 3e6);
  CHECK(all[5].what.source != nullptr);
}

TEST_CASE("compare experiment: keys in named tables and lists can be swept, present or not") {
  const auto all = variants_of(R"(
[[crowd]]
requests = 5
[[crowd]]
[overlay.bittorrent]
[overlay.ed2k]
[sweep]
"crowd.1.requests" = [7]
"overlay.ed2k.peers.count" = [40]
"overlay.bittorrent.contents" = [2]
"duration" = ["90m"]
)");
  REQUIRE(all.size() == 1);
  const auto& e = all[0].what;
  CHECK((e.crowds[0].requests == 5 && e.crowds[1].requests == 7 && e.duration == 5400));
  CHECK((e.overlays[0].contents == 2 && e.overlays[1].peers.count == 40));
  CHECK(all[0].settings[1].number == 5400);
  // Values that are no numbers.
  const auto words = variants_of("[sweep]\n\"soa.publish_first\" = [true, false]\n");
  CHECK(words[1].label() == "soa.publish_first = false");
  CHECK_FALSE(words[1].settings[0].number);
}

TEST_CASE("compare experiment: a wrong sweep says where it is wrong") {
  CHECK(wrong_with("[sweep]\n\"contents.overlap\" = []\n") ==
        "t.toml:2: sweep.contents.overlap: a list of values is wanted, such as [0, 0.5]");
  CHECK(
      has(wrong_with("[sweep]\n\"contents.overlap\" = 1\n"), "t.toml:2: sweep.contents.overlap: "));
  CHECK(has(wrong_with("[sweep]\ncontents.overlap = [1]\n"), "the key in quotes is wanted"));
  CHECK(has(wrong_with("[sweep]\n\"a b\" = [1]\n"), "a key in quotes is wanted"));
  CHECK(has(wrong_with("[sweep]\n\"a.b.c.d.e.f.g.h.i\" = [1]\n"), "a key in quotes is wanted"));
  CHECK(has(wrong_with("[sweep]\n\"zipf\" = [0, 0]\n"), "different values are wanted"));
  CHECK(has(wrong_with("[sweep]\nseed = [1]\n"), "sweep.seed: cannot be swept"));
  CHECK(has(wrong_with("[sweep]\n\"crowd.0.at\" = [1]\n"), "unknown") == false);
  CHECK(has(wrong_with("crowd = []\n[sweep]\n\"crowd.0.at\" = [1]\n"),
            "t.toml:3: sweep.crowd.0.at: there is no such table"));
  CHECK(has(wrong_with("sweep = 1"), "t.toml:1: sweep: a table is wanted"));
  // A key that nobody knows, and values out of bounds: the line of the value.
  CHECK(has(wrong_with("[sweep]\n\"contents.overlpa\" = [0]\n"),
            "t.toml:2: contents.overlpa: unknown key"));
  const std::string second = "[sweep]\n\"contents.overlap\" = [0,\n  2]\n";
  CHECK(wrong_with(second) == "");
  CHECK(wrong_variant(second) == "t.toml:3: contents.overlap: 0 to 1 is wanted, not 2");
  CHECK(has(wrong_with("[sweep]\n\"duration\" = [nan]\n"), "t.toml:2: duration: "));
}

TEST_CASE("compare experiment: sweeps are bounded") {
  const auto list = [](int n) {
    std::string out = "[";
    for (int i = 1; i <= n; ++i) out += std::to_string(i) + ",";
    return out + "]\n";
  };
  const std::string two = "[sweep]\n\"peers.count\" = " + list(40) + "\"contents.count\" = ";
  CHECK(wrong_with("[contents]\nseeders = 1\n" + two + list(25)) == "");
  CHECK(has(wrong_with("[contents]\nseeders = 1\n" + two + list(26)), "1000 combinations"));
  CHECK(
      has(wrong_with("[sweep]\n\"a.a\"=[1]\n\"a.b\"=[1]\n\"a.c\"=[1]\n\"a.d\"=[1]\n\"a.e\"=[1]\n"),
          "at most 4 keys"));
}

TEST_CASE("compare experiment: the command line sets keys") {
  const std::string text =
      "[contents]\noverlap = 0.5\n[[fault]]\nkind = \"bridge\"\n"
      "overlay = \"ed2k\"\nfrom = 1\n[overlay.bittorrent]\n[overlay.ed2k]\n[sweep]\n\"peers.nat\" "
      "= [0, 1]\n";
  const auto e = experiment_of(text, {"contents.overlap=0.2", "duration=2h", "engine=live",
                                      "overlay.ed2k.peers.count=7", "fault.0.to=10m"});
  CHECK((e.contents.overlap == 0.2 && e.duration == 7200 && e.how == engine::live));
  CHECK((e.overlays.size() == 2 && e.overlays[1].peers.count == 7));
  CHECK((e.faults[0].when.end == 600 && e.sweep.size() == 1));
  CHECK(experiment_of(text, {"fault=[]"}).faults.empty());
  CHECK(experiment_of(text, {"name=\"q\""}).name == "q");
  // A list for what is swept gives other values, one value ends the sweep.
  CHECK(variants_of(text, {"peers.nat=[0, 0.5, 1]"}).size() == 3);
  const auto one = variants_of(text, {"peers.nat=0.5"});
  REQUIRE(one.size() == 1);
  CHECK(one[0].what.overlays[0].peers.nat == 0.5);
}

TEST_CASE("compare experiment: a wrong setting is refused") {
  CHECK(has(wrong_with("", {"contents.overlap"}), "--set contents.overlap: KEY=VALUE is wanted"));
  CHECK(has(wrong_with("", {"=1"}), "a key such as"));
  CHECK(has(wrong_with("", {"a..b=1"}), "a key such as"));
  CHECK(has(wrong_with("", {"sweep.x=[1]"}), "name the key itself"));
  CHECK(has(wrong_with("name = \"a\"", {"name.x=1"}), "there is no such table"));
  // An overlay or a domain comes from the file: a misspelt name makes none.
  CHECK(has(wrong_with("", {"overlay.edk2.contents=1"}), "there is no such table in the file"));
  CHECK(
      has(wrong_with("[sweep]\n\"domain.x.loss\" = [0]\n"), "there is no such table in the file"));
  // There is no line to name.
  CHECK(wrong_with("", {"contents.overlap=2"}) ==
        "t.toml: contents.overlap: 0 to 1 is wanted, not 2");
  CHECK(has(wrong_with("", {"contents.overlpa=2"}), "t.toml: contents.overlpa: unknown key"));
  // What looks like more TOML is one text.
  CHECK(has(wrong_with("", {"duration=1\nseed=5"}), "is no duration"));
  CHECK(has(wrong_with("", {"duration=1h\"; x"}), "is no duration"));
}

TEST_CASE("compare experiment: what is no file of text is refused") {
  scratch_folder folder;
  CHECK(has(read_experiment(folder.file("none.toml")).error().text, "is no file"));
  CHECK(has(read_experiment(folder.path()).error().text, "is no file"));
  CHECK(has(read_experiment("/dev/zero").error().text, "is no file"));
  std::ofstream(folder.file("big.toml")) << std::string(limits::file_bytes + 1, '\n');
  CHECK(has(read_experiment(folder.file("big.toml")).error().text, "more than 262144 bytes"));
  std::ofstream(folder.file("My run.toml")) << "";
  CHECK(read_experiment(folder.file("My run.toml"))->name == "my-run");
  std::ofstream(folder.file(".toml")) << "";
  CHECK(read_experiment(folder.file(".toml"))->name == "experiment");
  std::ofstream(folder.file("good-1.toml")) << "";
  CHECK(read_experiment(folder.file("good-1.toml"))->name == "good-1");
}
