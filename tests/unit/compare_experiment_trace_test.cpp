#include "modes/compare/experiment/limits.hpp"
#include "tests/experiment_text.hpp"
#include "tests/scratch.hpp"

#include <fstream>

using namespace interswarm::compare;

namespace {

const std::string header = "at,overlay,peer,content\n";

std::string wrong_trace(const std::string& text) {
  const auto read = parse_trace(text, "t.csv");
  return read ? "" : read.error().text;
}

} // namespace

TEST_CASE("compare experiment: a trace is read row by row") {
  const auto t =
      parse_trace("# mine\n\n" + header + "12.5,ed2k,,0\r\n0,bittorrent,7,41\n", "t.csv");
  REQUIRE(t);
  REQUIRE(t->rows.size() == 2);
  CHECK(t->overlays == std::vector<std::string>{"ed2k", "bittorrent"});
  CHECK((t->rows[0].at == 12.5 && t->rows[0].peer == trace::any_peer && t->rows[0].line == 4));
  CHECK((t->rows[1].overlay == 1 && t->rows[1].peer == 7 && t->rows[1].content == 41));
  CHECK(parse_trace(header, "t.csv")->rows.empty());
  CHECK(parse_trace(header + "1,a,,0\n2,a,,0\n", "t.csv", 2));
  const auto many = parse_trace(header + "1,a,,0\n2,a,,0\n3,a,,0\n", "t.csv", 2);
  REQUIRE_FALSE(many);
  CHECK(many.error().code == interswarm::errc::too_large);
}

TEST_CASE("compare experiment: a wrong trace says the line and what is wanted") {
  CHECK(wrong_trace("").find("t.csv: nothing is in it") == 0);
  CHECK(wrong_trace("1,ed2k,,0\n").find("t.csv:1: the first line \"at,overlay,peer,content\"") ==
        0);
  for (const char* row :
       {"1,ed2k,0", "1,ed2k,0,0,0", "x,ed2k,,0", "-1,ed2k,,0", "nan,ed2k,,0", "inf,ed2k,,0",
        "1e99,ed2k,,0", ",ed2k,,0", "1,ed2k,-1,0", "1,ed2k,x,0", "1,ed2k,4294967295,0", "1,ed2k,,",
        "1,ed2k,,1.5", "1,ed2k,,99999999999", " 1,ed2k,,0"}) {
    INFO(row);
    CHECK(wrong_trace(header + row).find("t.csv:2: ") == 0);
  }
  CHECK(wrong_trace(header + "1," + std::string(5000, 'x') + ",,0").find("too long") !=
        std::string::npos);
  std::string many = header;
  for (int i = 0; i < 33; ++i) many += "1,o" + std::to_string(i) + ",,0\n";
  CHECK(wrong_trace(many).find("t.csv:34: more than 32 overlays") == 0);
}

TEST_CASE("compare experiment: requests follow a trace beside the experiment's file") {
  scratch_folder folder;
  const auto with = [&](const std::string& rows, const std::string& more = "") {
    std::ofstream(folder.file("t.csv")) << header << rows;
    std::ofstream(folder.file("e.toml"))
        << "[peers]\ncount = 10\n"
        << more
        << "[demand]\narrivals = \"trace\"\ntrace = \"t.csv\"\nstreaming = 1\n"
           "[[content]]\nheld_by = []\ncount = 5\n";
    return read_experiment(folder.file("e.toml"));
  };
  const auto e = with("30,ed2k,3,2\n20,bittorrent,,0\n40,ed2k,3,2\n");
  REQUIRE(e);
  const auto p = draw(*e, 1);
  REQUIRE(p);
  // Nobody asks twice; the overlays' peers come after each other.
  REQUIRE(p->requests.size() == 2);
  CHECK((p->requests[0].at == 20 && p->requests[0].peer < 10 && p->requests[0].content == 0));
  CHECK((p->requests[1].at == 30 && p->requests[1].peer == 13 && p->requests[1].content == 2));
  CHECK(p->requests[1].playback == 625e3);

  const auto error = [&](const std::string& row) {
    const auto bad = with(row);
    return bad ? "" : bad.error().text;
  };
  CHECK(error("1,gnutella,,0").find("t.csv:2: there is no overlay \"gnutella\"") !=
        std::string::npos);
  CHECK(error("1,ed2k,10,0").find("t.csv:2: ed2k has only 10 peers") != std::string::npos);
  CHECK(error("1,ed2k,,105").find("t.csv:2: there are only 105 contents") != std::string::npos);
  CHECK(error("3600,ed2k,,0").find("t.csv:2: after the end") != std::string::npos);
  // Each variant has the trace.
  const auto swept =
      with("30,ed2k,3,2\n20,bittorrent,,0\n", "nat = 0\n[sweep]\n\"peers.nat\" = [0, 1]\n");
  REQUIRE(swept);
  const auto variants = expand(*swept);
  REQUIRE(variants);
  CHECK((*variants)[0].what.traced == (*variants)[1].what.traced);
  CHECK((*variants)[1].what.traced->rows.size() == 2);
}
