#include "actors/services/access_service.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/gate.hpp"
#include "actors/runtime/log.hpp"
#include "actors/services/catalogue_desk.hpp"
#include "actors/services/counted_source.hpp"
#include "schema/access.glue.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm::services {

namespace {

using namespace std::chrono_literals;

constexpr auto ask_timeout = 20s;

caf::error denied() {
  return runtime::make_caf_error(errc::denied, "this party has no right to that");
}

class access_session final : public runtime::loop_actor<msg::access_service_actor> {
public:
  /// What tells this session from the party's others.
  struct identity {
    msg::party who;
    slice token;
    std::uint64_t number = 0;
  };

  access_session(caf::actor_config& config, runtime::loop& home, library_actor shelf,
                 post_desk_actor post, delivery_desk_actor deliveries, identity own)
      : loop_actor(config, home), shelf_(std::move(shelf)), post_(std::move(post)),
        deliveries_(std::move(deliveries)), who_(std::move(own.who)), token_(std::move(own.token)),
        number_(own.number) {}

  const char* name() const override { return "access-session"; }
  void on_exit() override {
    shelf_ = nullptr;
    post_ = nullptr;
    deliveries_ = nullptr;
  }
  behavior_type make_behavior() override {
    return {
        [this](const msg::access_service_describe&) {
          return msg::access_service_describe_result{who_};
        },
        [this](const msg::access_service_lookup& x) { return lookup(x.name); },
        [this](msg::access_service_search& x) { return search(x); },
        [this](const msg::access_service_newest& x) { return newest(x.limit); },
        [this](const msg::access_service_open& x) { return open(x.content_id); },
        [this](msg::access_service_listen& x) { return listen(std::move(x.bridge)); },
        [this](msg::access_service_send& x) { return pass_on(x.to, std::move(x.message)); },
        [this](const msg::access_service_accounts& x) { return accounts(x.tenant); },
    };
  }

private:
  bool in_its_overlays(const msg::name& n) const {
    return who_.overlays.empty() || n.overlay == stored_overlay ||
           std::find(who_.overlays.begin(), who_.overlays.end(), n.overlay) != who_.overlays.end();
  }

  /// Whether the party may have the content of these publications, and which of them shows it.
  const msg::publication* shown(const std::vector<msg::publication>& all) const {
    const auto found =
        std::find_if(all.begin(), all.end(), [this](const auto& p) { return may_have(who_, p); });
    return found == all.end() ? nullptr : &*found;
  }

  caf::result<msg::access_service_lookup_result> lookup(const msg::name& name) {
    if (!who_.take || !in_its_overlays(name)) return denied();
    auto promise = make_response_promise<msg::access_service_lookup_result>();
    auto unknown = [promise]() mutable {
      promise.deliver(runtime::make_caf_error(errc::not_found, "no such content"));
    };
    request(shelf_, ask_timeout, bridge::names_of{name})
        .then(
            [this, promise, unknown](bridge::names_group& g) mutable {
              const auto stored =
                  std::find_if(g.records.begin(), g.records.end(),
                               [](const auto& r) { return r.name.overlay == stored_overlay; });
              if (stored == g.records.end()) return unknown();
              std::erase_if(g.records, [this](const auto& r) { return !in_its_overlays(r.name); });
              request(shelf_, ask_timeout, open_stored{stored->name.key})
                  .then(
                      [this, promise, unknown,
                       records = std::move(g.records)](const opened_stored& o) mutable {
                        if (shown(o.publications) == nullptr) return unknown();
                        promise.deliver(msg::access_service_lookup_result{std::move(records)});
                      },
                      [unknown](const caf::error&) mutable { unknown(); });
            },
            [promise](const caf::error& e) mutable { promise.deliver(e); });
    return promise;
  }

  caf::result<msg::access_service_search_result> search(msg::access_service_search& x) {
    if (!who_.take) return denied();
    auto promise = make_response_promise<msg::access_service_search_result>();
    request(shelf_, ask_timeout, msg::catalogue_search{x.query, x.before, x.limit})
        .then(
            [this, promise](msg::catalogue_search_result& r) mutable {
              std::erase_if(r.publications, [this](const auto& p) { return !may_have(who_, p); });
              promise.deliver(msg::access_service_search_result{std::move(r.publications)});
            },
            [promise](const caf::error& e) mutable { promise.deliver(e); });
    return promise;
  }

  caf::result<msg::access_service_newest_result> newest(std::uint32_t limit) {
    if (!who_.take) return denied();
    auto promise = make_response_promise<msg::access_service_newest_result>();
    request(shelf_, ask_timeout, bridge::names_all{max_newest})
        .then(
            [this, promise, limit](bridge::names_group& g) mutable {
              std::erase_if(g.records, [this](const auto& r) { return !in_its_overlays(r.name); });
              if (g.records.size() > limit) g.records.resize(limit);
              promise.deliver(msg::access_service_newest_result{std::move(g.records)});
            },
            [promise](const caf::error& e) mutable { promise.deliver(e); });
    return promise;
  }

  caf::result<msg::access_service_open_result> open(const slice& content_id) {
    if (!who_.take) return denied();
    auto promise = make_response_promise<msg::access_service_open_result>();
    request(shelf_, ask_timeout, open_stored{content_id})
        .then(
            [this, promise](const opened_stored& o) mutable {
              const auto* p = shown(o.publications);
              if (p == nullptr) {
                promise.deliver(runtime::make_caf_error(errc::not_found, "no such content"));
                return;
              }
              promise.deliver(msg::access_service_open_result{counted(o, *p), *p});
            },
            [promise](const caf::error& e) mutable { promise.deliver(e); });
    return promise;
  }

  msg::source_actor counted(const opened_stored& o, const msg::publication& p) const {
    if (!deliveries_) return o.source;
    return spawn_counted_source(
        home(), o.source, deliveries_,
        {"rpc", {std::string(stored_overlay), p.content_id}, p.tenant, who_.name, 0});
  }

  caf::result<msg::access_service_listen_result> listen(msg::bridge_actor bridge) {
    if (!who_.message) return denied();
    if (!bridge) return runtime::make_caf_error(errc::malformed, "a bridge is wanted");
    return delegate(post_, party_listens{who_.name, number_, std::move(bridge)});
  }

  caf::result<msg::access_service_send_result> pass_on(const std::string& to,
                                                       msg::message message) {
    if (!who_.message) return denied();
    // Ledgers are between neighbours.
    if (message.which == msg::message::which_t::settle) return denied();
    return delegate(post_, party_sends{who_.name, token_, to, std::move(message)});
  }

  caf::result<msg::access_service_accounts_result> accounts(const std::string& tenant) {
    if (tenant.empty())
      return accounts_from<msg::catalogue_party_accounts_result>(
          msg::catalogue_party_accounts{who_.name});
    if (tenant != who_.account)
      return runtime::make_caf_error(errc::denied, "this party may not see the account of " +
                                                       printable(tenant) +
                                                       "; who adds parties can allow it");
    return accounts_from<msg::catalogue_accounts_result>(msg::catalogue_accounts{tenant});
  }

  template <class Result, class Question>
  caf::result<msg::access_service_accounts_result> accounts_from(Question question) {
    auto promise = make_response_promise<msg::access_service_accounts_result>();
    request(shelf_, ask_timeout, std::move(question))
        .then(
            [promise](Result& r) mutable {
              promise.deliver(msg::access_service_accounts_result{std::move(r.accounts)});
            },
            [promise](const caf::error& e) mutable { promise.deliver(e); });
    return promise;
  }

  library_actor shelf_;
  post_desk_actor post_;
  delivery_desk_actor deliveries_;
  msg::party who_;
  slice token_;
  std::uint64_t number_;
};

class access_desk final : public runtime::loop_actor<access_desk_actor> {
public:
  access_desk(caf::actor_config& config, runtime::loop& home, library_actor shelf,
              post_desk_actor post, delivery_desk_actor deliveries)
      : loop_actor(config, home), shelf_(std::move(shelf)), post_(std::move(post)),
        deliveries_(std::move(deliveries)) {}

  const char* name() const override { return "access-desk"; }
  void on_exit() override {
    sessions_.clear();
    shelf_ = nullptr;
    post_ = nullptr;
    deliveries_ = nullptr;
  }
  behavior_type make_behavior() override {
    send(shelf_, watch_parties{caf::actor_cast<caf::weak_actor_ptr>(this)});
    return {
        [this](const login& x) { return let_in(x.token); },
        [this](parties_changed) {
          for (const auto& [number, s] : sessions_) look_again(number);
        },
    };
  }

private:
  struct session {
    std::string party;
    slice token;
    runtime::gate gate;
  };

  caf::result<logged_in> let_in(const std::string& token) {
    const auto now = std::chrono::steady_clock::now();
    if (now - second_ >= 1s) {
      second_ = now;
      wrong_ = 0;
    }
    // A source outlasts the session that it was obtained by.
    std::erase_if(sessions_, [](const auto& s) { return !s.second.gate.in_use(); });
    if (wrong_ >= wrong_logins_per_second || sessions_.size() >= max_sessions)
      return runtime::make_caf_error(errc::overloaded, "too many logins; try again later");
    auto promise = make_response_promise<logged_in>();
    const auto hash = token_hash(token);
    request(shelf_, ask_timeout, msg::catalogue_party{hash})
        .then(
            [this, promise, hash](const msg::catalogue_party_result& r) mutable {
              promise.deliver(logged_in{admit(r.party, hash)});
            },
            [this, promise](const caf::error& e) mutable {
              const auto why = runtime::to_error(e);
              const bool wrong = why.code == errc::not_found || why.code == errc::denied;
              if (wrong) ++wrong_;
              promise.deliver(wrong ? runtime::make_caf_error(errc::denied,
                                                              "no party may log in with this token")
                                    : e);
            });
    return promise;
  }

  msg::access_service_actor admit(const msg::party& who, const slice& token) {
    const auto number = ++count_;
    const msg::access_service_actor inside = runtime::spawn_on<access_session>(
        home(), shelf_, post_, deliveries_, access_session::identity{who, token, number});
    runtime::gate g(home());
    auto shown = g.pass(inside);
    sessions_.emplace(number, session{who.name, token, std::move(g)});
    runtime::log().info("party {} logged in", printable(who.name));
    return shown;
  }

  void look_again(std::uint64_t number) {
    request(shelf_, ask_timeout, msg::catalogue_party{sessions_.at(number).token})
        .then([](const msg::catalogue_party_result&) {},
              [this, number](const caf::error& e) {
                const auto code = runtime::to_error(e).code;
                const auto found = sessions_.find(number);
                // An unreachable catalogue says nothing about anybody.
                if (found == sessions_.end() || (code != errc::denied && code != errc::not_found))
                  return;
                runtime::log().info("party {} is cut off", printable(found->second.party));
                send(post_, party_cut{number});
                found->second.gate.close({errc::denied, "this party's access was revoked"});
                sessions_.erase(found);
              });
  }

  library_actor shelf_;
  post_desk_actor post_;
  delivery_desk_actor deliveries_;
  std::map<std::uint64_t, session> sessions_;
  std::uint64_t count_ = 0;
  std::chrono::steady_clock::time_point second_{};
  std::uint32_t wrong_ = 0;
};

} // namespace

bool may_have(const msg::party& p, const msg::publication& publication) {
  return publication.open ||
         std::find(p.tenants.begin(), p.tenants.end(), publication.tenant) != p.tenants.end();
}

access_desk_actor spawn_access_desk(runtime::loop& home, library_actor shelf, post_desk_actor post,
                                    delivery_desk_actor deliveries) {
  return runtime::spawn_on<access_desk>(home, std::move(shelf), std::move(post),
                                        std::move(deliveries));
}

} // namespace interswarm::services
