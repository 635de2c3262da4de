#pragma once

#include "actors/services/access_service.hpp"
#include "tests/actor/services/publish_fixture.hpp"

/// What the tests of the access service share.
namespace interswarm::services::testing {

/// Answers messages with who sent them; keeps quiet when it is asked for names, until it ends.
class test_bridge final : public loop_actor<msg::bridge_actor> {
public:
  using loop_actor::loop_actor;
  void on_exit() override {
    for (auto& p : held_) p.deliver(runtime::make_caf_error(errc::unavailable, "it has ended"));
    held_.clear();
  }
  behavior_type make_behavior() override {
    return {[this](const msg::bridge_handle& x) -> caf::result<msg::bridge_handle_result> {
      if (x.message.which == msg::message::which_t::names) {
        held_.push_back(make_response_promise<msg::bridge_handle_result>());
        return held_.back();
      }
      msg::bridge_handle_result out;
      out.reply.which = msg::reply::which_t::status;
      out.reply.status.domain = "heard from " + x.message.domain;
      return out;
    }};
  }

private:
  std::vector<caf::typed_response_promise<msg::bridge_handle_result>> held_;
};

/// Never says anything, as a node that hangs.
class silent_post final : public loop_actor<msg::party_post_actor> {
public:
  using loop_actor::loop_actor;
  behavior_type make_behavior() override {
    return {
        [this](const msg::party_post_where&) {
          return make_response_promise<msg::party_post_where_result>();
        },
        [this](const msg::party_post_deliver&) {
          return make_response_promise<msg::party_post_deliver_result>();
        },
        [](const msg::party_post_moved&) {},
    };
  }
};

inline msg::message status_question() {
  msg::message out;
  out.which = msg::message::which_t::status;
  return out;
}

/// An access node: a library over the press's catalogue, and the desks of its parties.
struct access_node {
  access_node(press& p, const std::string& name) : at(p), home(p.w.new_loop(name)) {
    books = bridge::spawn_name_transfer(p.w.new_loop(name + "-books"), p.folder.file(name)).value();
    library_context ctx;
    ctx.books = books;
    ctx.network = p.network;
    shelf = spawn_on<library>(home, std::move(ctx));
    post = spawn_post_desk(home, shelf);
    desk = spawn_access_desk(home, shelf, post);
    caf::anon_send(shelf, catalogue_up{"own", msg::catalogue_actor(p.desk)});
    // Until the library watches the catalogue.
    REQUIRE(eventually([&] {
      return ask<msg::catalogue_parties_result>(p.w.system, shelf, msg::catalogue_parties{})
          .has_value();
    }));
  }
  ~access_node() {
    caf::anon_send_exit(desk, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(post, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(shelf, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(books, caf::exit_reason::user_shutdown);
  }
  access_node(const access_node&) = delete;
  access_node& operator=(const access_node&) = delete;

  std::string add(msg::party p) {
    return ask<msg::catalogue_add_party_result>(at.w.system, shelf, msg::catalogue_add_party{p})
        .value()
        .token;
  }
  void revoke(const std::string& name) {
    REQUIRE(runtime::tell(at.w.system, shelf, msg::catalogue_revoke_party{name}));
  }
  result<msg::access_service_actor> log_in(const std::string& token) {
    auto r = ask<logged_in>(at.w.system, desk, login{token});
    if (!r) return tl::unexpected(r.error());
    return r->access;
  }
  /// Tells this node that it can reach the other one.
  void knows(const std::string& key, const msg::party_post_actor& other) {
    caf::anon_send(post, post_up{key, other});
  }

  press& at;
  loop& home;
  bridge::name_transfer_actor books;
  library_actor shelf;
  post_desk_actor post;
  access_desk_actor desk;
};

struct front_desk : press {
  access_node own{*this, "own"};
  library_actor& shelf = own.shelf;
  std::string add(msg::party p) { return own.add(std::move(p)); }
  result<msg::access_service_actor> log_in(const std::string& token) { return own.log_in(token); }
  errc opening(const msg::access_service_actor& a, const slice& id) {
    auto r = ask<msg::access_service_open_result>(w.system, a, msg::access_service_open{id});
    return r ? errc{} : r.error().code;
  }
  result<msg::registration_actor> listen(const msg::access_service_actor& who) {
    const msg::bridge_actor ear = spawn_on<test_bridge>(home);
    auto r = ask<msg::access_service_listen_result>(w.system, who, msg::access_service_listen{ear});
    if (!r) return tl::unexpected(r.error());
    return r->listening;
  }
  result<msg::reply> send(const msg::access_service_actor& from, const std::string& to,
                          msg::message m = status_question()) {
    m.domain = "somebody else";
    auto r =
        ask<msg::access_service_send_result>(w.system, from, msg::access_service_send{to, m}, 30s);
    if (!r) return tl::unexpected(r.error());
    return r->reply;
  }
  errc sending(const msg::access_service_actor& from, const std::string& to) {
    auto r = send(from, to);
    return r ? errc{} : r.error().code;
  }
};

inline msg::party made(const std::string& name) {
  msg::party p;
  p.name = name;
  p.take = true;
  return p;
}

inline msg::party talker(const std::string& name) {
  auto p = made(name);
  p.message = true;
  return p;
}

} // namespace interswarm::services::testing
