#include "modes/node_client.hpp"
#include "schema/base/hash.hpp"
#include "tests/catch.hpp"
#include "tests/integration/parties/node_process.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <functional>
#include <thread>

using namespace interswarm;
using namespace std::chrono_literals;

namespace {

/// Whether it becomes true within a time that a slow machine needs, too.
bool eventually(const std::function<bool()>& condition) {
  for (const auto end = std::chrono::steady_clock::now() + 30s;
       std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(50ms))
    if (condition()) return true;
  return condition();
}

/// Bytes that one party has, and gives through both access nodes.
const bytes& content() {
  static const bytes all = [] {
    bytes out;
    for (std::uint32_t i = 0; out.size() < 300'000; ++i) {
      const auto block = sha256(as_bytes(std::to_string(i)));
      out.insert(out.end(), block.begin(), block.end());
    }
    return out;
  }();
  return all;
}

msg::source_actor spawn_source(caf::actor_system& system) {
  return system.spawn([]() -> msg::source_actor::behavior_type {
    return {
        [](const msg::source_info&) {
          msg::source_info_result out;
          out.info.size = content().size();
          return out;
        },
        [](const msg::source_have&) {
          msg::source_have_result out;
          out.ranges = {{0, content().size()}};
          return out;
        },
        [](const msg::source_read& x) -> caf::result<msg::source_read_result> {
          if (x.range.begin > x.range.end || x.range.end > content().size())
            return runtime::make_caf_error(errc::malformed, "no such range");
          const auto part =
              byte_view(content()).subspan(x.range.begin, x.range.end - x.range.begin);
          return msg::source_read_result{slice::copy_of(part)};
        },
        [](const msg::source_judge&) {},
        [](const msg::source_genuine& x) {
          return msg::source_genuine_result{x.range, msg::verdict::good};
        },
    };
  });
}

/// Says who asked, and offers its source to who seeks.
msg::bridge_actor spawn_bridge(caf::actor_system& system) {
  return system.spawn([source = spawn_source(system)]() -> msg::bridge_actor::behavior_type {
    return {[source](const msg::bridge_handle& x) {
      msg::bridge_handle_result out;
      if (x.message.which == msg::message::which_t::find) {
        out.reply.which = msg::reply::which_t::offers;
        out.reply.offers.resize(1);
        out.reply.offers[0].domain = x.message.domain;
        out.reply.offers[0].source = source;
      } else {
        out.reply.which = msg::reply::which_t::status;
        out.reply.status.domain = "heard " + x.message.domain;
      }
      return out;
    }};
  });
}

/// A party with a connection of its own to one access node.
struct guest {
  guest(const node_process& at, const std::string& keys, const std::string& token)
      : node(node_client::connect_as_guest({at.address(), keys, "tracker", at.name()}).value()),
        access(node->ask<msg::session_login_result>(node->session(), msg::session_login{token})
                   .value()
                   .access) {}

  msg::registration_actor listen() {
    return node
        ->ask<msg::access_service_listen_result>(
            access, msg::access_service_listen{spawn_bridge(node->self()->system())})
        .value()
        .listening;
  }
  result<msg::reply> send(const std::string& to,
                          msg::message::which_t what = msg::message::which_t::status) {
    msg::message m;
    m.which = what;
    m.domain = "somebody else";
    auto r = node->ask<msg::access_service_send_result>(access, msg::access_service_send{to, m});
    if (!r) return tl::unexpected(r.error());
    return r->reply;
  }
  /// What the other one heard, or the error's name.
  std::string heard_by(const std::string& to) {
    const auto r = send(to);
    return r ? r->status.domain : std::string(to_string(r.error().code));
  }

  std::unique_ptr<node_client> node;
  msg::access_service_actor access;
};

/// A service node and two access nodes, all of them processes.
struct cluster {
  cluster() {
    make_keys(keys, {"service", "left", "right", "operator", "tracker"});
    const std::vector<std::string> members{"service", "left", "right"};
    service = std::make_unique<node_process>("service", "service",
                                             node_process::membership{keys, members, {}});
    const node_process::membership joined{keys, members, {service->seed()}};
    left = std::make_unique<node_process>("left", "access", joined);
    right = std::make_unique<node_process>("right", "access", joined);
    boss = node_client::connect({left->address(), keys, "operator", "left"}).value();
  }
  std::string add(const std::string& name) {
    msg::party p;
    p.name = name;
    p.message = true;
    std::string token;
    // The node may not have found its service node yet.
    REQUIRE(eventually([&] {
      auto r = boss->ask<msg::control_add_party_result>(boss->control(), msg::control_add_party{p});
      if (r) token = r->token;
      return r.has_value();
    }));
    return token;
  }
  /// Logs in where the catalogue was found, which may take a moment.
  guest log_in(const node_process& at, const std::string& token) {
    const auto known = [&] {
      auto node = node_client::connect_as_guest({at.address(), keys, "tracker", at.name()});
      return node &&
             (*node)->ask<msg::session_login_result>((*node)->session(), msg::session_login{token});
    };
    REQUIRE(eventually(known));
    return {at, keys, token};
  }

  scratch_folder folder;
  std::string keys = folder.file("keys");
  std::unique_ptr<node_process> service, left, right;
  std::unique_ptr<node_client> boss;
};

} // namespace

TEST_CASE("parties: messages and a source cross two access nodes joined by mutual TLS") {
  cluster c;
  auto one = c.log_in(*c.left, c.add("one"));
  auto two = c.log_in(*c.right, c.add("two"));
  CHECK(one.heard_by("two") == to_string(errc::unavailable));
  const auto there = two.listen();
  CHECK(eventually([&] { return one.heard_by("two") == "heard one"; }));
  const auto here = one.listen();
  CHECK(eventually([&] { return two.heard_by("one") == "heard two"; }));
  CHECK(one.send("two", msg::message::which_t::settle).error().code == errc::denied);
  // A source of the one party's process is read by the other's.
  auto found = one.send("two", msg::message::which_t::find);
  REQUIRE(found);
  REQUIRE(found->offers.size() == 1);
  CHECK(found->offers[0].domain == "one");
  msg::source_read q;
  q.range = {100'000, 300'000};
  q.deadline_ms = 10'000;
  const auto got = one.node->ask<msg::source_read_result>(found->offers[0].source, q);
  REQUIRE(got);
  CHECK(equal(got->data, byte_view(content()).subspan(100'000, 200'000)));
  // Revocation at one node ends it at the other.
  REQUIRE(c.boss->ask_done(c.boss->control(), msg::control_revoke_party{"two"}));
  CHECK(eventually([&] { return one.heard_by("two") == to_string(errc::unavailable); }));
  CHECK(eventually([&] { return two.heard_by("one") == to_string(errc::denied); }));
  CHECK_FALSE(one.node->ask<msg::source_read_result>(found->offers[0].source, q));
}

TEST_CASE("parties: an access node that hangs or is killed is told of, and holds nobody up") {
  cluster c;
  auto one = c.log_in(*c.left, c.add("one"));
  auto two = c.log_in(*c.right, c.add("two"));
  const auto there = two.listen();
  REQUIRE(eventually([&] { return one.heard_by("two") == "heard one"; }));
  c.right->freeze();
  const auto begun = std::chrono::steady_clock::now();
  const auto nobody = one.send("two").error();
  CHECK(nobody.code == errc::unavailable);
  CHECK(nobody.text.find("1 does not") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - begun < 10s);
  c.right->thaw();
  CHECK(eventually([&] { return one.heard_by("two") == "heard one"; }));
  c.right->kill();
  CHECK(eventually([&] { return one.heard_by("two") == to_string(errc::unavailable); }));
  // The party comes back at the node that is left.
  auto again = c.log_in(*c.left, c.add("two"));
  const auto here = again.listen();
  CHECK(one.heard_by("two") == "heard one");
}

TEST_CASE("parties: who is no member has no part in the cluster, whatever its certificate") {
  cluster c;
  const auto stranger =
      node_client::connect_as_guest({c.left->address(), c.keys, "tracker", "left"}).value();
  CHECK(stranger->ask<msg::session_cluster_result>(stranger->session(), msg::session_cluster{})
            .error()
            .code == errc::denied);
  CHECK(stranger
            ->ask<msg::session_login_result>(stranger->session(),
                                             msg::session_login{std::string(64, '0')})
            .error()
            .code != errc{});
  CHECK_FALSE(node_client::connect_as_guest({c.left->address(), {}, {}, {}}));
  // One who signs certificates of the same names.
  const auto forged = c.folder.file("forged");
  make_keys(forged, {"right", "left"});
  CHECK_FALSE(node_client::connect_as_guest({c.left->address(), forged, "right", "left"}));
}
