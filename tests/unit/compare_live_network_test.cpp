// The live engine's network: who stands where, what it is made with, how paths behave.
#include "modes/compare/live/fault_desk.hpp"
#include "modes/compare/live/lab_commands.hpp"
#include "modes/compare/live/line_queue.hpp"
#include "modes/compare/live/node_files.hpp"
#include "modes/compare/sim/deployment.hpp"
#include "tests/catch.hpp"
#include "tests/unit/compare_plans.hpp"

#include <set>
#include <sstream>

using namespace interswarm;
using namespace interswarm::compare;

namespace {

plan two_overlays() {
  auto p = empty_plan(2);
  const auto a = add_content(p, 2 * mib), b = add_content(p, 3 * mib);
  add_peer(p, 0, 1e6, 2e6, {a});
  add_peer(p, 1, 1e6, 2e6, {b});
  p.peers.back().behind_nat = true;
  add_request(p, 1, 0, b);
  return p;
}

std::string refusal(const plan& p, solution how) {
  const auto out = lay_out(p, how);
  REQUIRE_FALSE(out);
  CHECK(out.error().code == errc::unimplemented);
  return out.error().text;
}

bool has_line(const std::string& text, const std::string& line) {
  std::istringstream in(text);
  for (std::string one; std::getline(in, one);)
    if (one == line) return true;
  return false;
}

std::size_t of_role(const lab_plan& lab, site_role role) {
  std::size_t out = 0;
  for (const auto& s : lab.sites) out += s.role == role ? 1 : 0;
  return out;
}

} // namespace

TEST_CASE("live lab: each solution has its nodes beside the same trackers and peers") {
  const auto p = two_overlays();
  for (const auto how : all_solutions) {
    const auto lab = lay_out(p, how);
    REQUIRE(lab);
    CHECK(of_role(*lab, site_role::tracker) == 2);
    CHECK(of_role(*lab, site_role::peer) == 2);
    CHECK(of_role(*lab, site_role::bridge) == (how == solution::bridge ? 2 : 0));
    CHECK(of_role(*lab, site_role::access) == (how == solution::soa ? 2 : 0));
    CHECK(of_role(*lab, site_role::storage) == (how == solution::soa ? 2 : 0));
    CHECK(of_role(*lab, site_role::service) == (how == solution::soa ? 1 : 0));
    CHECK(lab->lines.empty());
    std::set<std::string> addresses, names;
    for (const auto& s : lab->sites) {
      addresses.insert(s.address.to_string());
      names.insert(s.name);
      CHECK_FALSE(s.address.is_local());
    }
    CHECK(addresses.size() == lab->sites.size());
    CHECK(names.size() == lab->sites.size());
    const auto* const natted = lab->find(site_role::peer, 1);
    REQUIRE(natted);
    CHECK(natted->behind_nat);
    CHECK(natted->up == 1e6);
    CHECK(natted->address.to_string().starts_with("45.1."));
  }
}

TEST_CASE("live lab: addresses stay apart in a large domain") {
  std::set<std::string> all;
  for (std::uint32_t n = 0; n < 2000; ++n) all.insert(address_of(3, n).to_string());
  CHECK(all.size() == 2000);
  CHECK(all.contains("45.3.0.2"));
  CHECK(all.contains("45.3.1.2"));
}

TEST_CASE("live lab: what real nodes cannot do is refused with its name") {
  const auto good = two_overlays();
  auto p = good;
  p.overlays[1].kind = "gnutella";
  CHECK(refusal(p, solution::isolated).find("gnutella") != std::string::npos);
  p = good;
  p.overlays[1].kind = "bittorrent";
  CHECK(refusal(p, solution::isolated).find("two overlays") != std::string::npos);
  p = good;
  p.soa.publish_first = false;
  CHECK(refusal(p, solution::soa).find("pulled") != std::string::npos);
  CHECK(lay_out(p, solution::bridge));
  p = good;
  p.bridge.spool_bytes = mib;
  CHECK(refusal(p, solution::bridge).find("spool") != std::string::npos);
  p = good;
  p.soa.copies = 3;
  CHECK(refusal(p, solution::soa).find("3 copies") != std::string::npos);
  p = good;
  add_fault(p, fault_kind::origin, 0, 1, 2);
  CHECK(refusal(p, solution::soa).find("origin") != std::string::npos);
  p = good;
  for (std::size_t i = 0; i < max_live_peers; ++i) add_peer(p, 0, 1, 1);
  CHECK(refusal(p, solution::isolated).find("peers") != std::string::npos);
  p = good;
  for (std::size_t i = 0; i < max_live_contents; ++i) add_content(p, 1);
  CHECK(refusal(p, solution::isolated).find("contents") != std::string::npos);
  p = good;
  p.contents[0].size = max_live_bytes;
  p.bridge.spool_bytes *= 2;
  CHECK(refusal(p, solution::isolated).find("64 GiB") != std::string::npos);
  p = good;
  p.duration = max_live_seconds + 1;
  CHECK(refusal(p, solution::isolated).find("day") != std::string::npos);
  p = good;
  p.peers[0].overlay = 7;
  CHECK(lay_out(p, solution::isolated).error().code == errc::malformed);
}

TEST_CASE("live lab: only paths that are more than a cable become lines") {
  auto p = two_overlays();
  p.paths[0 * 2 + 1].delay_s = 0.02;
  auto lab = lay_out(p, solution::isolated);
  REQUIRE(lab);
  REQUIRE(lab->lines.size() == 1);
  CHECK(line_name(lab->lines[0]) == "w0x1");
  add_fault(p, fault_kind::domain_cut, 0, 1, 2);
  lab = lay_out(p, solution::isolated);
  REQUIRE(lab);
  CHECK(lab->lines.size() == 2);
}

TEST_CASE("live lab: commands name each cable, route, shape and counter") {
  auto p = two_overlays();
  p.paths[0 * 2 + 1].loss = 0.1;
  const auto lab = lay_out(p, solution::isolated);
  REQUIRE(lab);
  const auto peer = *lab->index_of(lab->find(site_role::peer, 0)->address);
  const auto address = lab->sites[peer].address.to_string();
  const auto name = "s" + std::to_string(peer);
  const auto links = router_links(
      *lab, [](std::size_t i) { return "/proc/1/fd/" + std::to_string(i + 10); }, "/proc/1/fd/9");
  CHECK(links.find("peer name eth0 address 02:00:00:02:00:0" + std::to_string(peer) +
                   " gso_max_segs 1 netns /proc/1/fd/1" + std::to_string(peer)) !=
        std::string::npos);
  CHECK(has_line(links, "route add " + address + "/32 dev " + name));
  CHECK(has_line(links, "rule add pref 20 from 45.0.0.0/16 to 45.1.0.0/16 lookup 1000"));
  CHECK(has_line(links, "rule add pref 10 iif w0x1 lookup main"));
  CHECK(links.find("w1x0") == std::string::npos);
  CHECK(has_line(site_links(*lab, peer), "addr add " + address + "/32 dev eth0"));
  CHECK(has_line(line_links(*lab), "link set w0x1 up"));
  CHECK(router_shaping(*lab).find("dev " + name + " root tbf rate 16000000bit") !=
        std::string::npos);
  CHECK(site_shaping(lab->sites[peer]).find("dev eth0 root tbf rate 8000000bit") !=
        std::string::npos);
  const auto* const tracker = lab->find(site_role::tracker, 0);
  CHECK(site_shaping(*tracker).empty());
  CHECK(site_counting(*tracker).find("syn") == std::string::npos);
  CHECK(site_counting(*lab->find(site_role::peer, 1)).find("syn drop") != std::string::npos);
}

TEST_CASE("live line: packets take their turns at the rate, travel, and queue no longer") {
  path_plan path;
  path.rate = 1000;
  path.delay_s = 0.5;
  line_queue q(path, 1);
  CHECK(*q.admit(10, 100) == Approx(10.6));
  CHECK(*q.admit(10, 100) == Approx(10.7));
  CHECK(*q.admit(10, 50) == Approx(10.75));
  // 0.25 s of waiting before it.
  CHECK_FALSE(q.admit(10, 1));
  CHECK(*q.admit(20, 100) == Approx(20.6));
  CHECK(*q.admit(30, 100, 0.5) == Approx(30.7));
  CHECK_FALSE(q.admit(40, 1, 0));
}

TEST_CASE("live line: it loses its share, the same by the same seed") {
  path_plan path;
  path.loss = 0.2;
  const auto lost = [&](std::uint64_t seed) {
    line_queue q(path, seed);
    std::vector<bool> out;
    for (int i = 0; i < 10'000; ++i) out.push_back(!q.admit(i, 1500));
    return out;
  };
  const auto first = lost(7);
  CHECK(first == lost(7));
  CHECK(first != lost(8));
  const auto count = std::count(first.begin(), first.end(), true);
  CHECK(count > 1800);
  CHECK(count < 2200);
}

TEST_CASE("live faults: a node is down until the last of its faults has ended") {
  auto p = two_overlays();
  add_fault(p, fault_kind::bridge, 1, 10, 30);
  add_fault(p, fault_kind::bridge, 1, 20, 40);
  add_fault(p, fault_kind::storage_node, 0, 20, never);
  fault_desk desk(p);
  CHECK(desk.concerns_storage());
  CHECK(desk.turn(5).down.empty());
  const auto first = desk.turn(10);
  REQUIRE(first.down.size() == 1);
  CHECK(first.down[0] == std::pair(site_role::bridge, 1u));
  const auto second = desk.turn(25);
  REQUIRE(second.down.size() == 1);
  CHECK(second.down[0] == std::pair(site_role::storage, 0u));
  CHECK(desk.turn(35).up.empty());
  const auto last = desk.turn(41);
  REQUIRE(last.up.size() == 1);
  CHECK(last.up[0] == std::pair(site_role::bridge, 1u));
  CHECK(desk.turn(1000).up.empty());
}

TEST_CASE("live faults: lines are cut and slowed while a fault lasts") {
  auto p = two_overlays();
  for (auto& path : p.paths) path.rate = 1e6;
  add_fault(p, fault_kind::slow_path, 0, 10, 30);
  p.faults.back().other = 1;
  p.faults.back().factor = 0.25;
  add_fault(p, fault_kind::domain_cut, 1, 20, 25);
  fault_desk desk(p);
  const line_plan there{0, 1, {}}, back{1, 0, {}}, inside{1, 1, {}};
  desk.turn(10);
  CHECK(desk.factor(there) == 0.25);
  CHECK(desk.factor(back) == 0.25);
  CHECK(desk.factor(inside) == 1);
  desk.turn(20);
  CHECK(desk.factor(there) == 0);
  CHECK(desk.factor(inside) == 1);
  desk.turn(26);
  CHECK(desk.factor(there) == 0.25);
  desk.turn(31);
  CHECK(desk.factor(there) == 1);
}

TEST_CASE("live nodes: configurations name each other, their trackers and the plan's policy") {
  auto p = two_overlays();
  p.bridge.policy.min_sources = 3;
  const auto lab = lay_out(p, solution::bridge);
  REQUIRE(lab);
  const auto& a = *lab->find(site_role::bridge, 0);
  const auto& b = *lab->find(site_role::bridge, 1);
  const auto first = node_file(p, *lab, a, "/k"), second = node_file(p, *lab, b, "/k");
  CHECK(has_line(first, "domain = \"bridge-ed2k\""));
  CHECK(has_line(first, "address = \"" + door_of(b) + "\""));
  // One of them dials.
  CHECK(second.find("address = ") == std::string::npos);
  CHECK(has_line(first, "min_sources = 3"));
  CHECK(has_line(first, "trackers = [\"" + tracker_of(p, *lab, 0) + "\"]"));
  CHECK(has_line(second, "servers = [\"" + tracker_of(p, *lab, 1) + "\"]"));
  CHECK(std::string(mode_of(a.role)) == "bridge");
  const auto cluster = lay_out(p, solution::soa);
  REQUIRE(cluster);
  const auto access = node_file(p, *cluster, *cluster->find(site_role::access, 1), "/k");
  CHECK(has_line(access,
                 "join = [\"service@" + door_of(*cluster->find(site_role::service, 0)) + "\"]"));
  CHECK(has_line(access, "copies = 2"));
  CHECK(std::string(mode_of(site_role::storage)) == "soa");
}

TEST_CASE("live nodes: lines that somebody had to write") {
  CHECK(lines_of("# no\n\n[a]\n  b = 1\n\t# no\n") == 2);
}

TEST_CASE("live nodes: what they take is what the simulator says") {
  auto p = two_overlays();
  for (const auto how : {solution::bridge, solution::soa}) {
    const auto lab = lay_out(p, how);
    REQUIRE(lab);
    std::uint32_t lines = 0, nodes = 0;
    for (const auto& s : lab->sites) {
      if (s.role == site_role::peer || s.role == site_role::tracker) continue;
      ++nodes;
      CAPTURE(s.name, node_file(p, *lab, s, "keys"));
      lines += lines_of(node_file(p, *lab, s, "keys"));
    }
    CHECK(lines == configuration_lines(p, how));
    const auto taken = deployed(p, how, lines);
    CHECK(taken.processes == nodes);
    CHECK(taken.configuration_lines == lines);
    CHECK(taken.touched.size() == 1 + p.overlays.size());
  }
  CHECK(deployed(p, solution::isolated, 0) == deployment{});
}
