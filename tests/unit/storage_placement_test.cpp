#include "actors/storage/placement.hpp"
#include "tests/catch.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace interswarm;
using interswarm::storage::placement;
using interswarm::storage::placement_node;

namespace {

constexpr std::uint32_t chunks = 20'000;

chunk_name chunk(std::uint32_t i) {
  return sha256(byte_view(reinterpret_cast<const byte*>(&i), sizeof i));
}

std::vector<placement_node> six() {
  return {{"a", "rack1", 1}, {"b", "rack1", 2}, {"c", "rack2", 3},
          {"d", "rack3", 1}, {"e", "rack3", 1}, {"f", "rack4", 2}};
}

std::vector<std::string> names(const placement& p, const std::vector<std::size_t>& at) {
  std::vector<std::string> out;
  for (const auto i : at) out.push_back(p.nodes()[i].id);
  return out;
}

std::set<std::string> homes(const placement& p, std::uint32_t i, std::size_t copies) {
  const auto all = names(p, p.place(chunk(i), copies));
  return {all.begin(), all.end()};
}

/// Copies that are on other nodes in `after`, and those that could not stay.
std::pair<std::size_t, std::size_t> moved(const placement& before, const placement& after,
                                          const std::string& changed, std::size_t copies) {
  std::size_t all = 0;
  std::size_t needed = 0;
  for (std::uint32_t i = 0; i < chunks; ++i) {
    const auto old = homes(before, i, copies);
    const auto now = homes(after, i, copies);
    for (const auto& n : now) all += old.count(n) == 0;
    needed += old.count(changed) + now.count(changed);
  }
  return {all, needed};
}

} // namespace

TEST_CASE("placement: a node gets its weight's share of single copies") {
  const placement p(six());
  std::map<std::string, double> got;
  for (std::uint32_t i = 0; i < chunks; ++i) ++got[*homes(p, i, 1).begin()];
  for (const auto& n : p.nodes()) {
    INFO(n.id);
    CHECK(got[n.id] / chunks == Approx(n.weight / 10).margin(0.015));
  }
}

TEST_CASE("placement: copies are in different domains while there are any") {
  const placement p(six());
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const auto four = p.place(chunk(i), 4);
    std::set<std::string> domains;
    for (const auto n : four) domains.insert(p.nodes()[n].domain);
    CHECK(domains.size() == 4);
    CHECK(homes(p, i, 6).size() == 6);
    CHECK(homes(p, i, 9).size() == 6);
    // Fewer copies are the first of more.
    const auto two = p.place(chunk(i), 2);
    CHECK(std::equal(two.begin(), two.end(), four.begin()));
  }
}

TEST_CASE("placement: the order of the list does not count, nor do nodes without weight") {
  auto nodes = six();
  const placement p(nodes);
  std::reverse(nodes.begin(), nodes.end());
  nodes.push_back({"away", "rack9", 0});
  const placement q(nodes);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    CHECK(names(p, p.place(chunk(i), 3)) == names(q, q.place(chunk(i), 3)));
    CHECK(names(p, p.order(chunk(i))) == names(q, q.order(chunk(i))));
  }
  CHECK(placement({}).place(chunk(1), 3).empty());
}

TEST_CASE("placement: a node that comes or goes moves only its own chunks") {
  const auto copies = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{3});
  const placement all(six());
  for (std::size_t gone = 0; gone < 6; ++gone) {
    auto fewer = six();
    const auto name = fewer[gone].id;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(gone));
    const placement rest(fewer);
    INFO(name);
    const auto [away, lost] = moved(all, rest, name, copies);
    CHECK(away == lost);
    const auto [back, gained] = moved(rest, all, name, copies);
    CHECK(back == gained);
  }
}

TEST_CASE("placement: a heavier node takes from the others and moves nothing between them") {
  auto nodes = six();
  const placement before(nodes);
  nodes[2].weight = 6;
  const placement after(nodes);
  std::size_t taken = 0;
  for (std::uint32_t i = 0; i < chunks; ++i) {
    const auto was = *homes(before, i, 1).begin();
    const auto is = *homes(after, i, 1).begin();
    if (was == is) continue;
    CHECK(is == "c");
    ++taken;
  }
  CHECK(static_cast<double>(taken) / chunks == Approx(6.0 / 13 - 3.0 / 10).margin(0.015));
}
