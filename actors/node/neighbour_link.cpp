#include "actors/node/neighbour_link.hpp"

#include "actors/node/bridge_gate.hpp"
#include "actors/node/entrance.hpp"
#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "schema/base/encoding.hpp"

namespace interswarm {

namespace {

using namespace std::chrono_literals;

constexpr auto hello_timeout = 10s;

} // namespace

neighbour_link::neighbour_link(caf::actor_config& cfg, runtime::loop& home, std::string own_domain,
                               std::string neighbour, bridge::handler_actor handler)
    : loop_actor(cfg, home), own_domain_(std::move(own_domain)), neighbour_(std::move(neighbour)),
      handler_(std::move(handler)) {}

neighbour_link::~neighbour_link() noexcept = default;

neighbour_link::behavior_type neighbour_link::make_behavior() {
  return {
      [this](const node_up& r) { say_hello(r.node); },
      [this](const node_down& r) {
        leave();
        session_ = nullptr;
        complain(r.why);
      },
  };
}

void neighbour_link::on_exit() {
  leave();
  session_ = nullptr;
  handler_ = nullptr;
}

void neighbour_link::complain(const std::string& why) {
  // Each try of a neighbour that stays away fails alike: one line is enough.
  if (why == last_complaint_) return;
  last_complaint_ = why;
  runtime::log().warn("neighbour {}: {}; it is tried again", neighbour_, printable(why));
}

void neighbour_link::say_hello(const msg::node_actor& node) {
  request(node, hello_timeout, msg::node_hello{own_domain_, protocol_version})
      .then(
          [this](const msg::node_hello_result& r) {
            if (r.domain != neighbour_) {
              complain("it calls itself \"" + printable(r.domain) +
                       "\"; correct its name in the configuration");
              return;
            }
            join(r.session);
          },
          [this](const caf::error& why) { complain(to_string(runtime::to_error(why))); });
}

void neighbour_link::join(const msg::session_actor& session) {
  session_ = session;
  msg::bridge_actor mine = runtime::spawn_on<bridge_gate>(home(), handler_, neighbour_);
  request(session, hello_timeout, msg::session_bridge{std::move(mine)})
      .then(
          [this](const msg::session_bridge_result& r) {
            leave();
            joined_ = r.bridge;
            last_complaint_.clear();
            if (handler_) send(handler_, bridge::neighbour_joined{neighbour_, r.bridge});
          },
          [this](const caf::error& why) { complain(to_string(runtime::to_error(why))); });
}

void neighbour_link::leave() {
  if (joined_ && handler_) caf::anon_send(handler_, bridge::neighbour_left{neighbour_, joined_});
  joined_ = nullptr;
}

} // namespace interswarm
