#include "actors/services/post_desk.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/registration.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "actors/services/message_allowance.hpp"
#include "schema/base/encoding.hpp"

namespace interswarm::services {

namespace {

using namespace std::chrono_literals;

/// For the party that a message is for.
constexpr auto message_timeout = 10s;
/// For another access node to say who listens there: one that hangs holds nobody up for longer.
constexpr auto where_timeout = 2s;
/// For the catalogue to say whether a sender still is a party.
constexpr auto check_timeout = 3s;
constexpr auto deliver_timeout = check_timeout + message_timeout + 2s;

class post_desk final : public runtime::loop_actor<post_desk_actor> {
public:
  post_desk(caf::actor_config& config, runtime::loop& home, library_actor shelf)
      : loop_actor(config, home), shelf_(std::move(shelf)) {}

  const char* name() const override { return "post-desk"; }
  void on_exit() override {
    listeners_.clear();
    others_.clear();
    shelf_ = nullptr;
  }
  behavior_type make_behavior() override;

private:
  struct listener {
    std::uint64_t number = 0;
    std::uint64_t session = 0;
    /// Unix milliseconds.
    std::int64_t since = 0;
    msg::bridge_actor bridge;
    /// Why it is dismissed; empty while it is not.
    std::shared_ptr<std::string> dismissed;
  };
  /// A message of a party of ours, until its sender has the answer.
  struct sending {
    party_sends what;
    caf::typed_response_promise<msg::access_service_send_result> promise;
    /// Access nodes that have not said yet whether the receiver listens there.
    std::size_t asked = 0;
    std::size_t silent = 0;
    bool found = false;
  };
  using sending_ptr = std::shared_ptr<sending>;

  // Who listens.
  caf::result<msg::access_service_listen_result> listen(party_listens& x);
  void dismiss(const std::string& party, const char* why);
  void moved(const msg::party_post_moved& x);
  void cut(std::uint64_t session);
  // What parties of ours send.
  caf::result<msg::access_service_send_result> send_message(party_sends& x);
  void ask_others(const sending_ptr& s);
  void answered(const sending_ptr& s);
  void hand_on(const sending_ptr& s, const msg::party_post_actor& post);
  void finish(const sending_ptr& s, result<msg::reply> outcome);
  error nobody(const sending& s) const;
  // What others' parties send to ours.
  caf::result<msg::party_post_deliver_result> take(msg::party_post_deliver& x);
  void hand_over(const msg::party_post_deliver& x,
                 caf::typed_response_promise<msg::party_post_deliver_result> promise);

  library_actor shelf_;
  std::map<std::string, listener> listeners_;
  std::uint64_t count_ = 0;
  std::map<std::string, msg::party_post_actor> others_;
  message_allowance allowance_;
  std::size_t from_others_ = 0;
};

post_desk::behavior_type post_desk::make_behavior() {
  return {
      [this](const msg::party_post_where& x) {
        return msg::party_post_where_result{listeners_.contains(x.party)};
      },
      [this](msg::party_post_deliver& x) { return take(x); },
      [this](const msg::party_post_moved& x) { moved(x); },
      [this](post_up& x) { others_.insert_or_assign(x.key, std::move(x.post)); },
      [this](const post_down& x) { others_.erase(x.key); },
      [this](party_listens& x) { return listen(x); },
      [this](party_sends& x) { return send_message(x); },
      [this](const party_cut& x) { cut(x.session); },
      [this](const listening_ended& x) {
        const auto found = listeners_.find(x.party);
        if (found != listeners_.end() && found->second.number == x.number) listeners_.erase(found);
      },
  };
}

caf::result<msg::access_service_listen_result> post_desk::listen(party_listens& x) {
  dismiss(x.party, "another session listens now");
  listener l{++count_, x.session, runtime::unix_ms(), std::move(x.bridge),
             std::make_shared<std::string>()};
  for (const auto& [key, post] : others_)
    caf::anon_send(post, msg::party_post_moved{x.party, l.since});
  // The registration may end on another thread.
  auto end = [self = caf::actor_cast<caf::weak_actor_ptr>(this), number = l.number,
              party = x.party] {
    if (auto desk = caf::actor_cast<caf::strong_actor_ptr>(self))
      caf::anon_send(caf::actor_cast<post_desk_actor>(desk), listening_ended{party, number});
  };
  auto check = [why = l.dismissed] { return msg::registration_check_result{why->empty(), *why}; };
  listeners_.emplace(x.party, std::move(l));
  return msg::access_service_listen_result{
      runtime::spawn_on<runtime::registration>(home(), std::move(check), std::move(end))};
}

void post_desk::dismiss(const std::string& party, const char* why) {
  const auto found = listeners_.find(party);
  if (found == listeners_.end()) return;
  *found->second.dismissed = why;
  listeners_.erase(found);
}

void post_desk::moved(const msg::party_post_moved& x) {
  const auto found = listeners_.find(x.party);
  if (found != listeners_.end() && found->second.since < x.since)
    dismiss(x.party, "it listens at another access node now");
}

void post_desk::cut(std::uint64_t session) {
  for (const auto& [party, l] : listeners_)
    if (l.session == session) return dismiss(std::string(party), "its party was revoked");
}

caf::result<msg::access_service_send_result> post_desk::send_message(party_sends& x) {
  const auto ok = allowance_.begin(x.party, size_of(x.message), std::chrono::steady_clock::now());
  if (!ok) return runtime::make_caf_error(ok.error());
  x.message.domain = x.party;
  auto s = std::make_shared<sending>();
  s->what = std::move(x);
  s->promise = make_response_promise<msg::access_service_send_result>();
  const auto here = listeners_.find(s->what.to);
  if (here == listeners_.end()) {
    ask_others(s);
    return s->promise;
  }
  request(here->second.bridge, message_timeout, msg::bridge_handle{std::move(s->what.message)})
      .then([this, s](msg::bridge_handle_result& r) { finish(s, std::move(r.reply)); },
            [this, s](const caf::error& e) { finish(s, tl::unexpected(runtime::to_error(e))); });
  return s->promise;
}

/// All at once; the first at which the receiver listens gets the message, and no other.
void post_desk::ask_others(const sending_ptr& s) {
  s->asked = others_.size();
  if (others_.empty()) return finish(s, tl::unexpected(nobody(*s)));
  for (const auto& [key, post] : others_) {
    request(post, where_timeout, msg::party_post_where{s->what.to})
        .then(
            [this, s, at = post](const msg::party_post_where_result& r) {
              if (r.listens && !std::exchange(s->found, true)) hand_on(s, at);
              answered(s);
            },
            [this, s](const caf::error&) {
              ++s->silent;
              answered(s);
            });
  }
}

void post_desk::answered(const sending_ptr& s) {
  if (--s->asked == 0 && !s->found) finish(s, tl::unexpected(nobody(*s)));
}

/// Once: after a failure nobody knows whether it arrived.
void post_desk::hand_on(const sending_ptr& s, const msg::party_post_actor& post) {
  request(post, deliver_timeout,
          msg::party_post_deliver{s->what.party, s->what.token_hash, s->what.to,
                                  std::move(s->what.message)})
      .then([this, s](msg::party_post_deliver_result& r) { finish(s, std::move(r.reply)); },
            [this, s](const caf::error& e) {
              auto why = runtime::to_error(e);
              // It has just left.
              if (why.code == errc::not_found) why = nobody(*s);
              finish(s, tl::unexpected(std::move(why)));
            });
}

void post_desk::finish(const sending_ptr& s, result<msg::reply> outcome) {
  allowance_.end(s->what.party);
  if (outcome) {
    s->promise.deliver(msg::access_service_send_result{std::move(*outcome)});
  } else {
    s->promise.deliver(runtime::make_caf_error(outcome.error()));
  }
}

error post_desk::nobody(const sending& s) const {
  auto text = printable(s.what.to) + " listens at no access node";
  if (s.silent > 0)
    text +=
        " that answers (" + std::to_string(s.silent) + (s.silent == 1 ? " does not)" : " do not)");
  return {errc::unavailable, std::move(text)};
}

/// The sender may have been revoked without its own access node's having heard of it.
caf::result<msg::party_post_deliver_result> post_desk::take(msg::party_post_deliver& x) {
  if (!listeners_.contains(x.to))
    return runtime::make_caf_error(errc::not_found, "this party does not listen here");
  if (size_of(x.message) > max_message_bytes)
    return runtime::make_caf_error(errc::too_large, "this message is too large");
  if (from_others_ >= max_messages_from_others)
    return runtime::make_caf_error(errc::overloaded, "too many messages are in work");
  ++from_others_;
  auto promise = make_response_promise<msg::party_post_deliver_result>();
  const auto what = std::make_shared<msg::party_post_deliver>(std::move(x));
  auto refuse = [this, promise]() mutable {
    --from_others_;
    promise.deliver(runtime::make_caf_error(errc::denied, "the sender's access was revoked"));
  };
  request(shelf_, check_timeout, msg::catalogue_party{what->token_hash})
      .then(
          [this, what, promise, refuse](const msg::catalogue_party_result& r) mutable {
            if (!r.party.message) return refuse();
            what->message.domain = r.party.name;
            hand_over(*what, promise);
          },
          [this, what, promise, refuse](const caf::error& e) mutable {
            const auto code = runtime::to_error(e).code;
            if (code == errc::denied || code == errc::not_found) return refuse();
            // An unreachable catalogue says nothing about anybody.
            what->message.domain = what->from_party;
            hand_over(*what, promise);
          });
  return promise;
}

void post_desk::hand_over(const msg::party_post_deliver& x,
                          caf::typed_response_promise<msg::party_post_deliver_result> promise) {
  const auto found = listeners_.find(x.to);
  if (found == listeners_.end()) {
    --from_others_;
    promise.deliver(runtime::make_caf_error(errc::not_found, "this party has just left"));
    return;
  }
  request(found->second.bridge, message_timeout, msg::bridge_handle{x.message})
      .then(
          [this, promise](msg::bridge_handle_result& r) mutable {
            --from_others_;
            promise.deliver(msg::party_post_deliver_result{std::move(r.reply)});
          },
          [this, promise](const caf::error& e) mutable {
            --from_others_;
            promise.deliver(e);
          });
}

} // namespace

post_desk_actor spawn_post_desk(runtime::loop& home, library_actor shelf) {
  return runtime::spawn_on<post_desk>(home, std::move(shelf));
}

} // namespace interswarm::services
