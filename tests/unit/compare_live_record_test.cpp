// What a live run showed: what peers read, counters, and the record they become.
#include "modes/compare/live/assemble.hpp"
#include "modes/compare/live/children.hpp"
#include "modes/compare/live/player_download.hpp"
#include "modes/compare/live/peer_events.hpp"
#include "modes/compare/live/record_file.hpp"
#include "modes/compare/live/report_line.hpp"
#include "tests/catch.hpp"
#include "tests/scratch.hpp"
#include "tests/unit/compare_plans.hpp"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sys/wait.h>

using namespace interswarm;
using namespace interswarm::compare;

namespace {

/// One content, held by a peer of the first overlay and wanted by one of the second.
struct small_run {
  plan p = empty_plan(2);
  lab_plan lab;
  observations seen;

  small_run() {
    const auto c = add_content(p, 1'000'000);
    add_peer(p, 0, 1e6, 1e6, {c});
    add_peer(p, 1, 1e6, 1e6);
    add_peer(p, 1, 1e6, 1e6);
    add_request(p, 1, 1, c);
    add_request(p, 2, 2, c);
    lab = *lay_out(p, solution::bridge);
    seen.how = solution::bridge;
    seen.counts.sites.resize(lab.sites.size());
    seen.requests.resize(2);
  }
  std::size_t at(site_role role, std::uint32_t n) const {
    return *lab.index_of(lab.find(role, n)->address);
  }
  /// So many packets of 1,000 bytes of payload; `lost` of them do not come.
  void flow(std::size_t from, std::size_t to, std::uint64_t packets, std::uint64_t lost = 0) {
    seen.counts.sites[from].went[lab.sites[to].address] = {packets, packets * 1040};
    seen.counts.sites[to].came[lab.sites[from].address] = {packets - lost, (packets - lost) * 1040};
    seen.counts.lost_packets += lost;
  }
};

} // namespace

TEST_CASE("live download: in order, some at once, and again after a pause") {
  player_download d(5 * mib, true, 99);
  d.resume(100);
  auto first = d.next(100);
  REQUIRE(first.size() == player_download::most_in_flight);
  CHECK(first[0] == byte_range{0, player_download::unit_bytes});
  CHECK(first[1].begin == player_download::unit_bytes);
  CHECK(d.next(100).empty());
  d.arrived(first[1], 101);
  CHECK(d.unbroken() == 0);
  d.failed(first[0], 101);
  // One place is the next unit's, the failed one's waits.
  auto then = d.next(101.5);
  REQUIRE(then.size() == 2);
  CHECK(then[0].begin == first.back().end);
  CHECK(d.next(110).empty());
  d.arrived(then[0], 111);
  REQUIRE(d.next(111).front() == first[0]);
  d.arrived(first[0], 112);
  CHECK(d.unbroken() == 2 * player_download::unit_bytes);
  CHECK(d.held() == 3 * player_download::unit_bytes);
  // What comes twice counts once.
  d.arrived(first[0], 112);
  CHECK(d.held() == 3 * player_download::unit_bytes);
}

TEST_CASE("live download: any order begins anywhere and ends with the whole content") {
  const std::uint64_t size = 3 * mib + 5;
  player_download d(size, false, 7);
  CHECK(d.next(0).front().begin == 7 * player_download::unit_bytes);
  d.interrupt();
  std::uint64_t read = 0;
  while (!d.whole()) {
    const auto now = d.next(1);
    REQUIRE_FALSE(now.empty());
    for (const auto& r : now) {
      read += r.size();
      d.arrived(r, 1);
    }
  }
  CHECK(read == size);
  CHECK(d.unbroken() == size);
}

TEST_CASE("live download: patience ends when nothing moves") {
  player_download d(mib, true, 0);
  d.resume(50);
  CHECK_FALSE(d.lost_patience(60, 10));
  CHECK(d.lost_patience(60.1, 10));
  d.moved(60);
  CHECK_FALSE(d.lost_patience(70, 10));
  d.resume(100);
  CHECK_FALSE(d.lost_patience(105, 10));
}

TEST_CASE("live counters: nft's and tc's own words") {
  const auto counts = parse_site_counts(
      R"({"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
      {"table": {"family": "ip", "name": "live", "handle": 1}},
      {"set": {"family": "ip", "name": "came", "table": "live", "type": "ipv4_addr", "handle": 1,
       "size": 65535, "elem": [{"elem": {"val": "45.0.0.2", "counter": {"packets": 3, "bytes": 400}}},
       {"elem": {"val": "45.0.0.3", "counter": {"packets": 1, "bytes": 40}}}]}},
      {"set": {"family": "ip", "name": "went", "table": "live", "type": "ipv4_addr", "handle": 2,
       "stmt": [{"counter": null}]}},
      {"chain": {"family": "ip", "table": "live", "name": "in"}}]})");
  REQUIRE(counts);
  CHECK(counts->went.empty());
  REQUIRE(counts->came.size() == 2);
  CHECK(counts->came.at(*ip_address::parse("45.0.0.2")) == flow_count{3, 400});
  CHECK_FALSE(parse_site_counts("{}"));
  CHECK_FALSE(parse_site_counts("not JSON"));
  const auto drops = parse_drops(
      R"([{"kind":"noqueue","root":true,"options":{}},{"kind":"tbf","drops":7},{"kind":"tbf","drops":2}])");
  REQUIRE(drops);
  CHECK(*drops == 9);
  CHECK_FALSE(parse_drops("["));
  CHECK(payload_of({10, 1400}) == 1000);
  CHECK(payload_of({10, 390}) == 0);
}

TEST_CASE("live counters: a run's own part, and packets that must add up") {
  small_run r;
  const auto a = r.at(site_role::peer, 0), b = r.at(site_role::bridge, 0);
  r.flow(a, b, 10'000, 500);
  auto balance = balance_of(r.lab, r.seen.counts);
  CHECK(balance.sent == 10'000);
  CHECK(balance.came == 9'500);
  CHECK(balance.holds());
  // Nobody knows where these went.
  r.seen.counts.lost_packets = 100;
  CHECK_FALSE(balance_of(r.lab, r.seen.counts).holds());
  auto later = r.seen.counts;
  later.sites[a].went[r.lab.sites[b].address] = {10'007, 10'007 * 1040};
  const auto part = since(r.seen.counts, later);
  CHECK(part.sites[a].went.at(r.lab.sites[b].address) == flow_count{7, 7 * 1040});
  CHECK(part.sites[b].came.at(r.lab.sites[a].address) == flow_count{0, 0});
}

TEST_CASE("live record: traffic by who sent it to whom, what was lost, and the rest as messages") {
  small_run r;
  r.flow(r.at(site_role::peer, 0), r.at(site_role::bridge, 0), 1000, 10);
  r.flow(r.at(site_role::bridge, 0), r.at(site_role::bridge, 1), 990);
  r.flow(r.at(site_role::bridge, 1), r.at(site_role::peer, 1), 990);
  r.flow(r.at(site_role::peer, 1), r.at(site_role::tracker, 1), 3);
  const auto out = assemble(r.p, r.lab, r.seen).value();
  CHECK(out.live);
  CHECK(out.traffics.size() == 3);
  for (const auto& t : out.traffics) {
    CHECK(t.sent == t.received + t.lost);
    if (t.from == station::peer) {
      CHECK(t.sent == 1'000'000);
      CHECK(t.lost == 10'000);
      CHECK(t.to == station::bridge);
    }
  }
  REQUIRE(out.messages.contains("tracker"));
  CHECK(out.messages.at("tracker").count == 3);
}

TEST_CASE("live record: requests have their bytes from where their peer's came") {
  small_run r;
  auto& first = r.seen.requests[0];
  first = {request_state::satisfied, 1.5, 9, 1'000'000, 2, 0.5, 1, {300'000, 700'000}};
  // It ended behind the run's end.
  auto& second = r.seen.requests[1];
  second = {request_state::satisfied, 3, r.p.duration + 1, 1'000'000, never, 0, 0, {0, 0}};
  r.flow(r.at(site_role::peer, 2), r.at(site_role::peer, 1), 300);
  r.flow(r.at(site_role::bridge, 1), r.at(site_role::peer, 1), 700);
  r.flow(r.at(site_role::peer, 1), r.at(site_role::peer, 2), 1000);
  const auto out = assemble(r.p, r.lab, r.seen).value();
  CHECK(out.requests[0].end == outcome::satisfied);
  CHECK(out.requests[0].from_own == 300'000);
  CHECK(out.requests[0].from_other == 700'000);
  CHECK(out.requests[0].startup_delay == 2);
  CHECK(out.requests[0].stalls == 1);
  CHECK(out.requests[1].end == outcome::unfinished);
  CHECK(out.requests[1].finished == never);
  CHECK(out.requests[1].from_own == 1'000'000);
}

TEST_CASE("live record: a few bytes of a protocol are no content") {
  small_run r;
  r.seen.requests[0] = {request_state::satisfied, 1.5, 9, 1'000'000, 2, 0, 0, {990'000, 15'000}};
  r.seen.requests[1] = {request_state::satisfied, 2.5, 9, 1'000'000, 2, 0, 0, {970'000, 30'000}};
  r.flow(r.at(site_role::peer, 2), r.at(site_role::peer, 1), 5000);
  r.flow(r.at(site_role::bridge, 1), r.at(site_role::peer, 1), 5000);
  const auto out = assemble(r.p, r.lab, r.seen).value();
  CHECK(out.requests[0].from_other == 0);
  CHECK(out.requests[1].from_other == 30'000);
}

TEST_CASE("live record: requests side by side have no more of either than came") {
  small_run r;
  for (auto& s : r.seen.requests)
    s = {request_state::satisfied, 3, 9, 1'000'000, never, 0, 0, {900'000, 100'000}};
  r.flow(r.at(site_role::peer, 0), r.at(site_role::peer, 1), 100); // not of this overlay's
  r.flow(r.at(site_role::peer, 1), r.at(site_role::peer, 2), 1000);
  r.flow(r.at(site_role::bridge, 1), r.at(site_role::peer, 1), 1000);
  const auto out = assemble(r.p, r.lab, r.seen).value();
  std::uint64_t own = 0, other = 0;
  for (const auto& q : out.requests) {
    own += q.from_own;
    other += q.from_other;
    CHECK(q.from_own + q.from_other == 1'000'000);
  }
  CHECK(own <= 1'100'000);
  CHECK(other <= 1'000'000);
}

TEST_CASE("live record: what is left of another request's intake is no content either") {
  small_run r;
  // The first one came from the other system alone, while the second one came from peers.
  r.seen.requests[0] = {request_state::satisfied, 1.5, 9, 1'000'000, 2, 0, 0,
                        {1'010'000, 1'010'000}};
  r.seen.requests[1] = {request_state::satisfied, 2.5, 9, 1'000'000, 2, 0, 0, {1'005'000, 0}};
  r.flow(r.at(site_role::peer, 2), r.at(site_role::peer, 1), 1010);
  r.flow(r.at(site_role::bridge, 1), r.at(site_role::peer, 1), 1010);
  const auto out = assemble(r.p, r.lab, r.seen).value();
  CHECK(out.requests[0].from_own == 0);
  CHECK(out.requests[0].from_other == 1'000'000);
  CHECK(out.requests[1].from_own == 1'000'000);
}

TEST_CASE("live record: both sides of the ledgers, under the plan's names") {
  small_run r;
  r.p.overlays[0].name = "films";
  const auto lines = parse_ledger(
      R"({"entries": [{"receipt": "00", "from_domain": "bridge-bittorrent", "from_overlay": "bittorrent",
      "to_domain": "bridge-ed2k", "to_overlay": "ed2k", "content": {}, "tenant": "", "bytes": 70,
      "first_at_ms": 1, "last_at_ms": 2, "role": "giver"},
      {"receipt": "00", "from_domain": "bridge-bittorrent", "from_overlay": "bittorrent",
      "to_domain": "bridge-ed2k", "to_overlay": "ed2k", "content": {}, "tenant": "", "bytes": 60,
      "first_at_ms": 1, "last_at_ms": 2, "role": "taker"}]})");
  REQUIRE(lines);
  r.seen.ledgers = *lines;
  const auto out = assemble(r.p, r.lab, r.seen).value();
  REQUIRE(out.charges.size() == 1);
  CHECK(out.charges[0].from == "films");
  CHECK(out.charges[0].to == "overlay1");
  CHECK(out.charges[0].to_domain == 1);
  CHECK(out.charges[0].giver_bytes == 70);
  CHECK(out.charges[0].taker_bytes == 60);
  r.seen.ledgers[0].to_domain = "elsewhere";
  CHECK(assemble(r.p, r.lab, r.seen).error().code == errc::internal);
  CHECK_FALSE(parse_ledger("{}"));
}

TEST_CASE("live record: what is written down is what is read") {
  small_run r;
  add_fault(r.p, fault_kind::tracker, 0, 5, 6);
  r.flow(r.at(site_role::peer, 0), r.at(site_role::bridge, 0), 1000, 10);
  r.flow(r.at(site_role::peer, 0), r.at(site_role::tracker, 0), 10);
  r.seen.requests[0] = {request_state::satisfied, 1.5, 9, 1'000'000, 2, 0.5, 1, {1, 2}};
  r.seen.ledgers = {{"bridge-bittorrent", "bridge-ed2k", "bittorrent", "ed2k", true, 5}};
  r.seen.samples = {{1, 2, 3, 4, 5, 6, 7, 8}};
  r.seen.processes = {{"a \"b\"", 0.25, 77}};
  r.seen.deployed = {2, {"names"}, 14};
  r.seen.stored_bytes = 12;
  r.seen.duplicate_bytes = 3;
  r.seen.repetition = 4;
  const auto out = assemble(r.p, r.lab, r.seen).value();
  const scratch_folder folder;
  REQUIRE(write_record(folder.file("r"), out));
  const auto back = read_record(folder.file("r"));
  REQUIRE(back);
  CHECK(*back == out);
  CHECK_FALSE(read_record(folder.file("none")));
  std::ofstream(folder.file("half")) << "{\"how\": 1";
  CHECK(read_record(folder.file("half")).error().code == errc::malformed);
}

TEST_CASE("live reports: progress and failure, a line each") {
  const auto line = to_line(live_progress{"linking\nnames", 12.5});
  CHECK(line.find('\n') == std::string::npos);
  const auto p = parse_report(line);
  REQUIRE(p);
  CHECK(std::get<live_progress>(*p).left_s == 12.5);
  const auto e = parse_report(to_line(error{errc::timed_out, "it took too long"}));
  REQUIRE(e);
  CHECK(std::get<error>(*e) == error{errc::timed_out, "it took too long"});
  for (const char* bad : {"", "p", "p x", "p x y", "e 0 x", "e 99 x", "q 1 x"})
    CHECK_FALSE(parse_report(bad));
}

TEST_CASE("live children: a tool's words, its failure, its time, and what it uses") {
  const auto said = run_tool({"cat"}, std::string(300'000, 'x'));
  REQUIRE(said);
  CHECK(said->size() == 300'000);
  const auto failed = run_tool({"sh", "-c", "echo no room >&2; exit 3"});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().text.find("no room") != std::string::npos);
  CHECK(run_tool({"no-such-tool"}).error().text.find("not installed") != std::string::npos);
  CHECK(run_tool({"sleep", "60"}, {}, -1, std::chrono::seconds(1)).error().code == errc::timed_out);
  const scratch_folder folder;
  const auto child = start_program(
      {{"sh", "-c", "echo here; echo ready; exec sleep 60"}, folder.path(), folder.file("log")});
  REQUIRE(child);
  for (int i = 0; i < 500 && last_lines(folder.file("log"), 1) != "ready"; ++i) ::usleep(10'000);
  CHECK(last_lines(folder.file("log"), 2) == "here | ready");
  CHECK(use_of(*child, "it").peak_memory > 0);
  ::kill(*child, SIGKILL);
  ::waitpid(*child, nullptr, 0);
  CHECK(use_of(*child, "it").peak_memory == 0);
  std::ofstream(folder.file("data")) << std::string(10'000, 'x');
  CHECK(bytes_below(folder.path()) >= 10'000);
  CHECK(bytes_below(folder.file("nothing")) == 0);
  // A file whose name has gone is still there for whoever has it open.
  const int kept = ::open(folder.file("data").c_str(), O_RDONLY | O_CLOEXEC);
  std::filesystem::remove(folder.file("data"));
  CHECK(nameless_bytes_of(::getpid(), folder.path()) >= 10'000);
  ::close(kept);
  CHECK(nameless_bytes_of(::getpid(), folder.path()) == 0);
}

TEST_CASE("live record: what publishing moved is the origin's upload once, and then copies") {
  small_run r;
  r.lab = *lay_out(r.p, solution::soa);
  r.seen.how = solution::soa;
  r.seen.counts.sites.assign(r.lab.sites.size(), {});
  auto& sites = r.seen.publishing.sites;
  sites.resize(r.lab.sites.size());
  const auto flow = [&](site_role role, std::uint32_t n, std::size_t to, std::uint64_t packets) {
    const auto from = r.at(role, n);
    sites[from].went[r.lab.sites[to].address] = {packets, packets * 1040};
    sites[to].came[r.lab.sites[from].address] = {packets, packets * 1040};
  };
  const auto first = r.at(site_role::storage, 0), second = r.at(site_role::storage, 1);
  flow(site_role::service, 0, first, 100);
  flow(site_role::service, 0, second, 100);
  flow(site_role::storage, 0, second, 7);
  flow(site_role::access, 0, second, 50); // looks names up
  const auto out = assemble(r.p, r.lab, r.seen);
  REQUIRE(out);
  CHECK(sent(*out, station::origin, station::storage) == 100'000);
  CHECK(sent(*out, station::storage, station::storage) == 107'000);
  CHECK(sent(*out, station::access, station::storage) == 0);
  CHECK(out->messages.empty());
}

TEST_CASE("live events: joining and leaving before wanting, each of whom it concerns") {
  plan p = empty_plan(1);
  const auto c = add_content(p, 1);
  add_peer(p, 0, 1, 1);
  add_peer(p, 0, 1, 1);
  p.peers[1].online = {{5, 10}, {20, 2000}};
  add_request(p, 5, 1, c);
  add_request(p, 3, 0, c);
  using kind = peer_event::kind;
  const auto of_second = events_of(p, [](peer_id n) { return n == 1; });
  REQUIRE(of_second.size() == 4);
  CHECK(of_second[0].what == kind::joins);
  CHECK((of_second[1].what == kind::wants && of_second[1].at == 5 && of_second[1].number == 1));
  CHECK((of_second[2].what == kind::leaves && of_second[2].number == 1));
  CHECK((of_second[3].what == kind::joins && of_second[3].at == 20)); // it stays past the end
  CHECK(events_of(p, [](peer_id) { return true; }).size() == 6);
}
