#include "actors/storage/repair_plan.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::storage;

namespace {

using set = std::set<std::size_t>;

chunk_name chunk(std::uint32_t i) {
  return sha256(byte_view(reinterpret_cast<const byte*>(&i), sizeof i));
}

/// Five nodes, each in a domain of its own, two copies.
std::vector<repair_member> five() {
  std::vector<repair_member> out;
  for (const auto* id : {"a", "b", "c", "d", "e"}) out.push_back({{id, id, 1}, true});
  return out;
}

struct stage {
  explicit stage(std::vector<repair_member> members = five())
      : plan(members, 2), order([&] {
          std::vector<placement_node> nodes;
          for (const auto& m : members) nodes.push_back(m.node);
          return placement(nodes).place(chunk(1), nodes.size());
        }()) {}
  repair_plan plan;
  /// Members in the chunk's order of preference.
  std::vector<std::size_t> order;
};

} // namespace

TEST_CASE("repair plan: all is well") {
  const stage s;
  const auto o = s.plan.of(chunk(1), {s.order[0], s.order[1]}, {});
  CHECK(o.put.empty());
  CHECK(o.remove.empty());
  CHECK_FALSE(o.lost);
  CHECK(s.plan.at_home({chunk(1)}, s.order[0]) == std::vector{chunk(1)});
  CHECK(s.plan.at_home({chunk(1)}, s.order[2]).empty());
}

TEST_CASE("repair plan: a copy that is missing is put, the extra one goes only afterwards") {
  const stage s;
  auto o = s.plan.of(chunk(1), {s.order[0], s.order[4]}, {});
  CHECK(o.put == std::vector{s.order[1]});
  CHECK(o.spare == std::vector{s.order[2], s.order[3]});
  CHECK(o.remove.empty());
  o = s.plan.of(chunk(1), {s.order[0], s.order[1], s.order[4]}, {});
  CHECK(o.put.empty());
  CHECK(o.remove == std::vector{s.order[4]});
}

TEST_CASE("repair plan: with no good copy nothing can be put") {
  const stage s;
  const auto o = s.plan.of(chunk(1), {}, {});
  CHECK(o.lost);
  CHECK(o.put.empty());
  CHECK(o.remove.empty());
}

TEST_CASE("repair plan: a full home's copy lives elsewhere and is left there") {
  const stage s;
  auto o = s.plan.of(chunk(1), {s.order[0]}, {s.order[1]});
  CHECK(o.put == std::vector{s.order[2]});
  o = s.plan.of(chunk(1), {s.order[0], s.order[2]}, {s.order[1]});
  CHECK(o.put.empty());
  CHECK(o.remove.empty());
  // It has room again: the copy moves home.
  o = s.plan.of(chunk(1), {s.order[0], s.order[2]}, {});
  CHECK(o.put == std::vector{s.order[1]});
  CHECK(o.remove.empty());
}

TEST_CASE("repair plan: who is away keeps its copies and nothing is removed meanwhile") {
  const stage first;
  auto members = five();
  members[first.order[1]].here = false;
  const stage s(members);
  auto o = s.plan.of(chunk(1), {s.order[0], s.order[3]}, {});
  CHECK(o.put.empty());
  CHECK(o.remove.empty());
  o = s.plan.of(chunk(1), {s.order[3]}, {});
  CHECK(o.put == std::vector{s.order[0]});
}

TEST_CASE("repair plan: fewer nodes than copies have one each") {
  auto members = five();
  members.resize(1);
  const repair_plan plan(members, 2);
  CHECK(plan.of(chunk(1), {0}, {}).put.empty());
  CHECK_FALSE(plan.of(chunk(1), {0}, {}).lost);
  CHECK(repair_plan({}, 2).of(chunk(1), {}, {}).lost);
}
