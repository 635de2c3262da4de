#include "schema/base/encoding.hpp"
#include "schema/base/hash.hpp"
#include "tests/experiment_plans.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <set>

using namespace interswarm::compare;
using interswarm::bytes;

namespace {

void put(bytes& out, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}
void put(bytes& out, double value) { put(out, std::bit_cast<std::uint64_t>(value)); }

/// All that was drawn, to the bit.
bytes image_of(const plan& p) {
  bytes out;
  for (const auto& peer : p.peers) {
    put(out, std::uint64_t{peer.overlay} << 32 | peer.domain << 1 | (peer.behind_nat ? 1 : 0));
    put(out, peer.up);
    put(out, peer.down);
    for (const auto& i : peer.online) {
      put(out, i.begin);
      put(out, i.end);
    }
    for (const auto c : peer.holds) put(out, std::uint64_t{c});
  }
  for (const auto& c : p.contents) {
    put(out, c.size);
    put(out, std::uint64_t{c.origin} << 1 | (c.published ? 1 : 0));
  }
  for (const auto& r : p.requests) {
    put(out, r.at);
    put(out, std::uint64_t{r.peer} << 32 | r.content);
    put(out, r.playback);
  }
  return out;
}

} // namespace

TEST_CASE("compare experiment: the same seed gives the same plan, another one does not") {
  const auto first = image_of(plan_of(lively, 1));
  CHECK(first == image_of(plan_of(lively, 1)));
  CHECK(first != image_of(plan_of(lively, 2)));
  // On every machine, and as long as nobody changes what is drawn: a change here changes the
  // results of all experiments that were ever run.
  CHECK(interswarm::to_hex(interswarm::sha256(first)) ==
        "b1f16b97edf278552aee637202f9afcc31822f9e95f5ae343b8939d439e0c7cd");
}

TEST_CASE("compare experiment: plans keep their promises") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto p = plan_of(lively, seed);
    check_plan(p);
    CHECK(p.seed == seed);
    CHECK(p.requests.size() > 100);
    CHECK(p.bridge.nodes.size() == 2);
    CHECK(p.soa.access.size() == 2);
    CHECK(p.soa.origins.size() == 2);
    CHECK(p.soa.storage.size() == 3);
    CHECK(p.soa.storage[1].domain == 1);
    CHECK(p.soa.storage[2].domain == 0);
  }
}

TEST_CASE("compare experiment: shares are kept exactly") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto p = plan_of(R"(
[contents]
count = 97
overlap = 0.31
overlap_in = 3
seeders = 4
published = 0.5
origins = ["a", "b", "c"]
[peers]
count = 40
nat = 0.33
bandwidth = [{ weight = 3, up = "1 MB/s" }, { up = "2 MB/s" }]
places = [{ domain = "a", weight = 1 }, { domain = "c", weight = 3 }]
[domain.a]
[domain.b]
[domain.c]
[overlay.one]
kind = "ed2k"
[overlay.two]
kind = "ed2k"
contents = 3
clients = { amule = 3 }
[overlay.three]
kind = "ed2k"
[overlay.none]
kind = "bittorrent"
contents = 0
)",
                           seed);
    const auto holders = holders_of(p);
    int several = 0;
    std::map<overlay_id, int> alone;
    for (const auto& h : holders) {
      REQUIRE((h.size() == 1 || h.size() == 3));
      several += h.size() == 3 ? 1 : 0;
      if (h.size() == 1) ++alone[h.begin()->first];
      for (const auto& [o, peers] : h) {
        CHECK(peers == 4);
        CHECK(o != 0); // "none"
      }
    }
    CHECK(several == 30); // 0.31 of 97
    // three : one : two = 1 : 1 : 3 of all, so the latter is home to most.
    CHECK(alone[3] > alone[1]);
    CHECK(std::count_if(p.contents.begin(), p.contents.end(),
                        [](const auto& c) { return c.published; }) == 49);
    CHECK((p.contents[0].origin == 0 && p.contents[1].origin == 1 && p.contents[3].origin == 0));
    for (overlay_id o = 0; o < 4; ++o) {
      int nat = 0, fast = 0, in_a = 0, programs = 0;
      for (const auto& peer : p.peers) {
        if (peer.overlay != o) continue;
        nat += peer.behind_nat ? 1 : 0;
        fast += peer.up == 2e6 ? 1 : 0;
        in_a += peer.domain == 0 ? 1 : 0;
        programs += peer.client == "amule" ? 1 : 0;
      }
      CHECK(nat == 13);
      CHECK(fast == 10);
      CHECK(in_a == 10);
      CHECK(programs == (o == 3 ? 3 : 0));
    }
  }
}

TEST_CASE("compare experiment: contents of one's own come first, sizes in turn") {
  const auto p = plan_of(R"(
[contents]
count = 4
size = ["1 MB", "2 MB"]
overlap = 0
[[content]]
count = 2
size = "9 B"
held_by = ["ed2k", "bittorrent"]
seeders = 100
published = false
[[content]]
size = "8 B"
held_by = []
origin = "ed2k"
)");
  std::vector<std::uint64_t> sizes;
  for (const auto& c : p.contents) sizes.push_back(c.size);
  CHECK(sizes == std::vector<std::uint64_t>{9, 9, 8, 1'000'000, 2'000'000, 1'000'000, 2'000'000});
  const auto holders = holders_of(p);
  CHECK((holders[0] == std::map<overlay_id, int>{{0, 100}, {1, 100}}));
  CHECK(holders[2].empty());
  CHECK((!p.contents[1].published && p.contents[2].published && p.contents[2].origin == 1));
  check_plan(p);
}

TEST_CASE("compare experiment: peers come and go as if they had for long") {
  const auto p = plan_of(R"(
duration = "10h"
[peers]
count = 2000
[peers.online]
session = { distribution = "uniform", least = "10m", most = "50m" }
pause = { distribution = "exponential", mean = "60m" }
)",
                         6);
  check_plan(p);
  double sessions = 0, inner = 0, inner_sum = 0;
  const auto share_at = [&](moment at) {
    double out = 0;
    for (peer_id i = 0; i < p.peers.size(); ++i) out += online(p, i, at) ? 1 : 0;
    return out / static_cast<double>(p.peers.size());
  };
  for (const auto& peer : p.peers) {
    sessions += static_cast<double>(peer.online.size());
    for (const auto& i : peer.online) {
      if (i.begin == 0) continue; // it was on already
      inner_sum += i.end - i.begin;
      ++inner;
      REQUIRE((i.end - i.begin >= 599.99 && i.end - i.begin <= 3000.01));
    }
  }
  CHECK(inner_sum / inner == Approx(1800).epsilon(0.02));
  // 30 of each 90 minutes, at the beginning as in the middle.
  for (const double at : {0.0, 60.0, 900.0, 18'000.0, 35'999.0})
    CHECK(share_at(at) == Approx(1.0 / 3).margin(0.04));
  CHECK(sessions / static_cast<double>(p.peers.size()) ==
        Approx(600.0 / 90 + 1.0 / 3).epsilon(0.03));

  const auto stay =
      plan_of("[contents]\nseeders_stay = true\n[peers.online]\nsession = 60\npause = 600\n");
  for (const auto& peer : stay.peers) {
    if (!peer.holds.empty()) CHECK((peer.online.size() == 1 && peer.online[0].end == never));
  }
}

TEST_CASE("compare experiment: one setting changes nothing else that is drawn") {
  const auto base = plan_of(lively, 5);
  const auto with = [](const std::string& setting) {
    auto drawn = draw(experiment_of(lively, {setting}), 5);
    REQUIRE(drawn);
    return std::move(*drawn);
  };
  const auto same_times = [&](const plan& p) {
    for (peer_id i = 0; i < p.peers.size(); ++i) {
      const auto &now = p.peers[i].online, &then = base.peers[i].online;
      REQUIRE(std::equal(now.begin(), now.end(), then.begin(), then.end(),
                         [](auto& x, auto& y) { return x.begin == y.begin && x.end == y.end; }));
    }
  };
  // Network, policies and servers: all the same.
  for (const auto* setting :
       {"bridge.price_weight=5", "soa.storage_nodes=9", "network.between.loss=0.1", "patience=5",
        "contents.published=0", "peers.nat=0"}) {
    const auto p = with(setting);
    CHECK(p.requests.size() == base.requests.size());
    CHECK(p.requests.back().at == base.requests.back().at);
    same_times(p);
  }
  // More overlap: the same contents are in both, and others; hardly anybody asks for another one.
  const auto more = with("contents.overlap=0.5");
  const auto before = holders_of(base), after = holders_of(more);
  for (std::size_t c = 0; c < before.size(); ++c) {
    for (const auto& [o, n] : before[c]) CHECK(after[c].at(o) == n);
  }
  same_times(more);
  std::set<std::tuple<moment, peer_id, content_id>> old;
  for (const auto& r : base.requests) old.emplace(r.at, r.peer, r.content);
  double kept = 0;
  for (const auto& r : more.requests) kept += old.contains({r.at, r.peer, r.content}) ? 1 : 0;
  CHECK(kept / static_cast<double>(base.requests.size()) > 0.95);
  // Shorter pauses: the same sessions, one after the other.
  const auto shorter = with("peers.online.pause.mean=10m");
  const auto length = [](const interval& i) { return i.end - i.begin; };
  for (peer_id i = 0; i < 20; ++i) {
    // The first that began within the run.
    const auto began = [](const plan& p, peer_id peer) {
      std::vector<interval> out;
      for (const auto& t : p.peers[peer].online) {
        if (t.begin > 0) out.push_back(t);
      }
      return out;
    };
    const auto a = began(base, i), b = began(shorter, i);
    if (!a.empty() && !b.empty()) CHECK(length(a[0]) == Approx(length(b[0])).epsilon(1e-6));
  }
  // More peers of one overlay: those of the other one do the same.
  const auto larger = with("overlay.ed2k.peers.count=150");
  const auto of_first = [](const plan& p) {
    std::vector<std::pair<moment, peer_id>> out;
    for (const auto& r : p.requests) {
      if (r.peer < 100 && r.content != 0) out.emplace_back(r.at, r.peer);
    }
    return out;
  };
  CHECK(of_first(larger) == of_first(base));
}
