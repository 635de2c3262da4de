#include "actors/overlays/ppsp/tracker_contacts.hpp"
#include "actors/overlays/ppsp/tracker_limits.hpp"
#include "actors/overlays/ppsp/tracker_states.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ppsp;

namespace {

peer_address claim(const char* at, std::uint32_t priority = 1,
                   address_kind kind = address_kind::host) {
  return {*endpoint::parse(at), priority, kind};
}

std::vector<std::string> written(const std::vector<peer_contact>& contacts) {
  std::vector<std::string> out;
  for (const auto& c : contacts) out.push_back((c.near ? "near " : "") + c.at.to_string());
  return out;
}

ip_address ip(const char* text) { return *ip_address::parse(text); }

const peer_contact* none = nullptr;

} // namespace

// Every state with every mix of up to two of each kind of action: RFC 7846 Table 6 and what it
// leaves open.
TEST_CASE("ppsp tracker states: which CONNECT is allowed when") {
  const swarm_action kinds[] = {
      {"", true, true}, {"", true, false}, {"", false, true}, {"", false, false}};
  std::size_t allowed = 0;
  for (const auto state : {tracker_state::start, tracker_state::registered, tracker_state::tracking,
                           tracker_state::terminated}) {
    const bool fresh = state == tracker_state::start || state == tracker_state::terminated;
    CHECK(may_ask(state) == !fresh);
    for (int mix = 1; mix < 81; ++mix) {
      std::vector<swarm_action> actions;
      int counts[4] = {mix % 3, mix / 3 % 3, mix / 9 % 3, mix / 27};
      for (int kind = 0; kind < 4; ++kind) {
        for (int i = 0; i < counts[kind]; ++i) {
          actions.push_back(kinds[kind]);
          actions.back().swarm_id = "0" + std::to_string(actions.size());
        }
      }
      const auto [seeds, leeches] = std::pair(counts[0], counts[1]);
      const bool leaves = counts[2] + counts[3] > 0;
      bool expected = false;
      if (fresh)
        expected = !leaves && ((seeds > 0 && leeches == 0) || (seeds == 0 && leeches == 1));
      else if (seeds > 0)
        expected = leaves && leeches <= 1;
      else
        expected = leeches <= 1;
      INFO("state " << static_cast<int>(state) << " mix " << mix);
      CHECK((check_connect(state, actions) == tracker_error::none) == expected);
      allowed += expected;
    }
  }
  // Of each fresh state: one leech, one or two seeders.
  CHECK(allowed > 6);
}

TEST_CASE("ppsp tracker states: no swarm twice in one request, but left and joined in it") {
  const auto tracking = tracker_state::tracking;
  CHECK(check_connect(tracker_state::start,
                      std::vector<swarm_action>{{"aa", true, true}, {"AA", true, true}}) ==
        tracker_error::forbidden_action);
  CHECK(check_connect(tracking,
                      std::vector<swarm_action>{{"aa", false, false}, {"aa", false, true}}) ==
        tracker_error::forbidden_action);
  CHECK(check_connect(tracking,
                      std::vector<swarm_action>{{"aa", false, false}, {"aa", true, true}}) ==
        tracker_error::none);
}

TEST_CASE("ppsp tracker contacts: nobody is pointed at a third party") {
  using list = std::vector<std::string>;
  const auto seen = ip("198.51.100.1");
  CHECK(written(believed_contacts({claim("198.51.100.1:7001")}, seen, false)) ==
        list{"198.51.100.1:7001"});
  // Somebody else's address: only the port is taken.
  CHECK(written(believed_contacts({claim("203.0.113.9:53")}, seen, false)) ==
        list{"198.51.100.1:53"});
  CHECK(written(believed_contacts({claim("203.0.113.9:7001", 1, address_kind::proxy)}, seen,
                                  true)) == list{"203.0.113.9:7001"});
  // Behind a NAT: the private one for neighbours, the public one for the others.
  const auto nat = believed_contacts({claim("192.168.1.5:7001", 2)}, seen, false);
  CHECK(written(nat) == list{"198.51.100.1:7001", "near 192.168.1.5:7001"});
  CHECK(nat[0].kind == address_kind::reflexive);
  CHECK(written(believed_contacts({claim("10.0.0.1:7001", 2), claim("198.51.100.1:9000", 1)}, seen,
                                  false)) == list{"198.51.100.1:9000", "near 10.0.0.1:7001"});
  // The higher priority comes first.
  CHECK(written(believed_contacts({claim("198.51.100.1:1", 1), claim("198.51.100.1:2", 9)}, seen,
                                  false)) == list{"198.51.100.1:2", "198.51.100.1:1"});
  for (const auto* never : {"127.0.0.1:7001", "0.0.0.0:7001", "224.0.0.1:7001", "[ff02::1]:7001",
                            "[::1]:7001", "[::]:7001", "255.255.255.255:7001"})
    CHECK(written(believed_contacts({claim(never)}, seen, true)) == list{"198.51.100.1:7001"});
  CHECK(believed_contacts({claim("198.51.100.1:0")}, seen, false).empty());
  CHECK(believed_contacts({}, seen, false).empty());
  CHECK(written(believed_contacts({claim("127.0.0.1:5")}, ip("127.0.0.1"), false)) ==
        list{"127.0.0.1:5"});
  std::vector<peer_address> many;
  for (int i = 0; i < 8; ++i) many.push_back(claim("198.51.100.1:7001", 100));
  many.push_back(claim("192.168.1.5:7001"));
  const auto kept = believed_contacts(many, seen, false);
  CHECK(kept.size() == tracker_limits::contacts);
  CHECK(kept.back().near);
}

TEST_CASE("ppsp tracker contacts: who is told which address") {
  const auto nat = ip("198.51.100.1");
  const auto contacts = believed_contacts({claim("192.168.1.5:7001")}, nat, false);
  CHECK(contact_for(contacts, nat, reach_of({}, nat))->near);
  const auto* far = contact_for(contacts, nat, reach_of({}, ip("203.0.113.9")));
  REQUIRE(far);
  CHECK(far->at.to_string() == "198.51.100.1:7001");
  // The other family only for who has it.
  CHECK(contact_for(contacts, nat, reach_of({}, ip("2001:db8::1"))) == none);
  CHECK(contact_for(contacts, nat, reach_of({claim("10.0.0.2:1")}, ip("2001:db8::1"))) == far);
  // A peer of the tracker's own network is nothing to the Internet, one on its machine to no other.
  const auto inside = believed_contacts({claim("10.0.0.7:7001")}, ip("10.0.0.7"), false);
  CHECK(contact_for(inside, ip("10.0.0.7"), reach_of({}, ip("203.0.113.9"))) == none);
  CHECK(contact_for(inside, ip("10.0.0.7"), reach_of({}, ip("10.0.0.8"))) != none);
  const auto here = believed_contacts({claim("127.0.0.1:7001")}, ip("127.0.0.1"), false);
  CHECK(contact_for(here, ip("127.0.0.1"), reach_of({}, ip("10.0.0.8"))) == none);
  CHECK(contact_for(here, ip("127.0.0.1"), reach_of({}, ip("127.0.0.1"))) != none);
}

TEST_CASE("ppsp tracker contacts: who reaches whom without a relay") {
  const auto all = {nat_ability::unknown, nat_ability::no_nat, nat_ability::stun,
                    nat_ability::turn};
  for (const auto a : all) {
    for (const auto b : all) {
      const bool relayed = (a == nat_ability::turn && b != nat_ability::no_nat) ||
                           (b == nat_ability::turn && a != nat_ability::no_nat);
      CHECK(connects_directly(a, b) == !relayed);
    }
  }
}
