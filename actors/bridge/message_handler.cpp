#include "actors/bridge/message_handler.hpp"

#include "actors/bridge/gateway.hpp"
#include "actors/bridge/gather.hpp"
#include "actors/bridge/limits.hpp"
#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/wall_clock.hpp"

#include <algorithm>

namespace interswarm::bridge {

namespace {

using namespace std::chrono_literals;

constexpr auto handler_tick_interval = 1s;
/// An entry may be written down this long after the time it bears.
constexpr std::int64_t settle_overlap_ms = 10'000;
/// Ticks between two looks at what a standing overlay should be offered, and between two
/// comparisons of the ledgers.
constexpr std::uint64_t stand_every = 10;
constexpr auto handler_face_timeout = 15s;
constexpr auto names_timeout = 5s;
constexpr std::uint32_t max_followed = 10'000;
/// Another party used the gateway within this time: it is kept.
constexpr std::uint64_t in_use_ms = 30'000;

} // namespace

message_handler::message_handler(caf::actor_config& cfg, runtime::loop& home, context ctx)
    : loop_actor(cfg, home), ctx_(std::move(ctx)), desk_(ctx_.rules), random_(ctx_.random_seed) {}

message_handler::~message_handler() noexcept = default;

message_handler::behavior_type message_handler::make_behavior() {
  watch_faces();
  follow_names();
  delayed_send(this, handler_tick_interval, handler_tick{});
  return {
      [this](msg::bridge_handle& r) { return handle(r.message); },
      [this](const msg::demand_listener_demand& r) { demanded(r.status); },
      [this](const find_offers& r) {
        auto promise = make_response_promise<offers_found>();
        quest q;
        q.sought = r.sought.name;
        if (r.own_swarm) q.told = {r.sought};
        q.own_swarm = r.own_swarm;
        q.who = {ctx_.domain, r.sought.name.overlay};
        find(std::move(q), [promise](result<offers_found> x) mutable {
          if (x) {
            promise.deliver(std::move(*x));
          } else {
            promise.deliver(runtime::make_caf_error(x.error().code, x.error().text));
          }
        });
        return promise;
      },
      [this](const open_source& r) { return open(r); },
      [this](status_wanted) {
        auto promise = make_response_promise<status_report>();
        request(ctx_.status, names_timeout, status_wanted{})
            .then([this, promise](
                      status_report& r) mutable { promise.deliver(report(std::move(r.domains))); },
                  [this, promise](const caf::error&) mutable { promise.deliver(report({})); });
        return promise;
      },
      [this](const equation_refuted& r) { refute(r); },
      [this](const gateway_used& r) { desk_.used(table_key(r.sought), clock().now()); },
      [this](const delivery_report& r) { send(ctx_.status, r); },
      [this](const neighbour_joined& r) { joined(r); },
      [this](const neighbour_left& r) {
        const auto found = neighbours_.find(r.domain);
        if (found == neighbours_.end() || found->second != r.bridge) return;
        runtime::log().info("{} left", r.domain);
        neighbours_.erase(found);
        send(ctx_.status, r);
      },
      [this](const names_changed& r) {
        follow_names();
        if (r.publish) publish(r.records);
        for (const auto& record : r.records) {
          desk_.changed(table_key(record.name), clock().now());
          const auto* f = face_of(record.name.overlay);
          if (f != nullptr && f->standing) stand_for(record);
        }
      },
      [this](const name_withdrawn& r) { close(table_key(r.name)); },
      [this](handler_tick) { tick(); },
  };
}

void message_handler::on_exit() {
  for (auto& [key, gateway] : open_)
    caf::anon_send_exit(gateway.source, caf::exit_reason::user_shutdown);
  open_.clear();
  neighbours_.clear();
  watches_.clear();
  fetching_.clear();
  ctx_ = {};
}

void message_handler::watch_faces() {
  const auto me = caf::actor_cast<msg::demand_listener_actor>(this);
  for (const auto& f : ctx_.faces) {
    request(f.tracker, handler_face_timeout, msg::tracker_watch{me})
        .then([this](msg::tracker_watch_result& r) { watches_.push_back(std::move(r.watching)); },
              [overlay = f.overlay](const caf::error& why) {
                runtime::log().error("{}: its demand cannot be watched: {}", overlay,
                                     to_string(runtime::to_error(why)));
              });
  }
}

void message_handler::demanded(const msg::swarm_status& status) {
  const auto key = table_key(status.name);
  if (desk_.demand(key, status.sources, clock().now()) == demand_action::resolve)
    resolve(status.name);
}

void message_handler::resolve(const msg::name& name) {
  quest q;
  q.sought = name;
  q.who = {ctx_.domain, name.overlay};
  find(std::move(q), [this, key = table_key(name), name](result<offers_found> x) {
    if (!x) {
      refuse(key, name, to_string(x.error()));
    } else if (x->offers.empty()) {
      refuse(key, name, "no other overlay has a source");
    } else {
      serve(key, std::move(*x));
    }
  });
}

void message_handler::refuse(const std::string& key, const msg::name& name,
                             const std::string& why) {
  runtime::log().debug("{} is sought but not bridged: {}", describe(name), why);
  desk_.refused(key, clock().now());
}

void message_handler::serve(const std::string& key, offers_found offers) {
  const auto sought =
      std::find_if(offers.names.begin(), offers.names.end(),
                   [&](const msg::name_record& r) { return table_key(r.name) == key; });
  const auto* into = sought == offers.names.end() ? nullptr : face_of(sought->name.overlay);
  if (into == nullptr) {
    desk_.refused(key, clock().now());
    return;
  }
  auto record = *sought;
  // Names that a neighbour told stand in the table from now on: the next demand needs no question.
  request(ctx_.names, names_timeout, names_link{offers.names})
      .then([](const names_group&) {}, [](const caf::error&) {});
  gateway::context ctx{ctx_.domain, ctx_.rules, caf::actor_cast<handler_actor>(this), ctx_.names,
                       false};
  // A standing overlay is offered everything: there the demand is not a client's.
  if (!into->standing) ctx.warm_up_bytes = ctx_.rules.warm_up_bytes;
  auto source = caf::actor_cast<msg::source_actor>(
      runtime::spawn_on<gateway>(next_loop(), std::move(ctx), record, std::move(offers.offers)));
  request(into->peer, handler_face_timeout, msg::peer_serve{record, source, into->tracker})
      .then([this, key, record, source](
                msg::peer_serve_result& r) { served(key, record, source, std::move(r.serving)); },
            [this, key, record, source](const caf::error& why) {
              caf::anon_send_exit(source, caf::exit_reason::user_shutdown);
              refuse(key, record.name, to_string(runtime::to_error(why)));
            });
}

void message_handler::served(const std::string& key, const msg::name_record& record,
                             msg::source_actor source, msg::serving_actor serving) {
  desk_.resolved(key, clock().now());
  open_gateway entry;
  entry.record = record;
  entry.source = std::move(source);
  entry.serving = std::move(serving);
  open_.insert_or_assign(key, std::move(entry));
  runtime::log().info("serving {} to {}", describe(record), record.name.overlay);
  const auto* into = face_of(record.name.overlay);
  request(into->tracker, handler_face_timeout, msg::tracker_announce{record, 0})
      .then(
          [this, key](msg::tracker_announce_result& r) {
            if (const auto found = open_.find(key); found != open_.end())
              found->second.lease = std::move(r.lease);
          },
          [this, key, record](const caf::error& why) {
            const auto reason = to_string(runtime::to_error(why));
            runtime::log().warn("{}: its tracker refused us: {}", describe(record), reason);
            if (const auto found = open_.find(key); found != open_.end())
              found->second.note = reason;
          });
}

void message_handler::close(const std::string& key) {
  const auto found = open_.find(key);
  if (found == open_.end()) return;
  runtime::log().info("no longer serving {}", describe(found->second.record));
  count_last(found->second);
  caf::anon_send_exit(found->second.source, caf::exit_reason::user_shutdown);
  open_.erase(found);
  desk_.closed(key);
}

void message_handler::refute(const equation_refuted& r) {
  runtime::log().warn("{} and {} are not the same content: the link is refuted", describe(r.sought),
                      describe(r.giver));
  request(ctx_.names, names_timeout, names_refute{r.sought, r.giver})
      .then([] {}, [](const caf::error&) {});
  const auto key = table_key(r.sought);
  close(key);
  desk_.refused(key, clock().now());
}

void message_handler::tick() {
  delayed_send(this, handler_tick_interval, handler_tick{});
  const auto now = clock().now();
  for (const auto& key : desk_.retry(now)) resolve(name_of_key(key));
  for (auto& [key, gateway] : open_) look_at(key);
  for (const auto& key : desk_.stale(now)) {
    const auto found = open_.find(key);
    const auto* into = found == open_.end() ? nullptr : face_of(found->second.record.name.overlay);
    if (into == nullptr || !into->standing) {
      close(key);
      continue;
    }
    quest q;
    q.sought = found->second.record.name;
    q.who = {ctx_.domain, q.sought.overlay};
    find(std::move(q), [this, key](result<offers_found> x) {
      if (x && !x->offers.empty()) {
        desk_.used(key, clock().now());
      } else {
        close(key);
      }
    });
  }
  if (++ticks_ % stand_every == 0) {
    stand();
    const auto time = runtime::unix_ms();
    if (settled_ms_ != 0) settle(settled_ms_ - settle_overlap_ms);
    settled_ms_ = time;
  }
  for (auto at = fetching_.begin(); at != fetching_.end();) {
    if (now - at->second.used_at > ctx_.rules.keep_fetched) at->second.kept = msg::source_actor{};
    const bool alive = bool(caf::actor_cast<caf::strong_actor_ptr>(at->second.source));
    at = alive ? std::next(at) : fetching_.erase(at);
  }
}

void message_handler::look_at(const std::string& key) {
  const auto serving = open_[key].serving;
  request(serving, names_timeout, msg::serving_status{})
      .then(
          [this, key, serving](const msg::serving_status_result& r) {
            const auto found = open_.find(key);
            if (found == open_.end() || found->second.serving != serving) return;
            note_delivered(found->second, r.status);
            found->second.state = r.status;
            if (r.status.clients > 0 && r.status.idle_ms < in_use_ms)
              desk_.used(key, clock().now());
          },
          // The serving ended by itself (its peer restarted): make room for the next demand.
          [this, key, serving](const caf::error&) {
            const auto found = open_.find(key);
            if (found != open_.end() && found->second.serving == serving) close(key);
          });
}

void message_handler::stand() {
  if (std::none_of(ctx_.faces.begin(), ctx_.faces.end(), [](const face& f) { return f.standing; }))
    return;
  request(ctx_.names, names_timeout, names_all{max_followed})
      .then(
          [this](const names_group& g) {
            for (const auto& r : g.records) {
              const auto* f = face_of(r.name.overlay);
              if (f != nullptr && f->standing) stand_for(r);
            }
          },
          [](const caf::error&) {});
}

void message_handler::stand_for(const msg::name_record& record) {
  if (record.permission == msg::permission::forbidden || record.evidence == msg::evidence::refuted)
    return;
  msg::swarm_status wanted;
  wanted.name = record.name;
  wanted.known = true;
  demanded(wanted);
}

void message_handler::follow_names() {
  request(ctx_.names, names_timeout, names_all{max_followed})
      .then(
          [this](const names_group& g) {
            for (const auto& f : ctx_.faces) {
              msg::tracker_follow followed;
              for (const auto& r : g.records) {
                const bool may = r.permission != msg::permission::forbidden &&
                                 r.evidence != msg::evidence::refuted;
                if (may && r.name.overlay == f.overlay) followed.names.push_back(r.name);
              }
              request(f.tracker, handler_face_timeout, std::move(followed))
                  .then([] {}, [](const caf::error&) {});
            }
          },
          [](const caf::error& why) {
            runtime::log().error("the name table does not answer: {}",
                                 to_string(runtime::to_error(why)));
          });
}

caf::typed_response_promise<opened_source> message_handler::open(const open_source& r) {
  auto promise = make_response_promise<opened_source>();
  quest q;
  q.sought = r.record.name;
  q.told = {r.record};
  q.own_swarm = r.own_swarm;
  q.who = {ctx_.domain, r.record.name.overlay};
  find(std::move(q), [this, promise, record = r.record,
                      own = r.own_swarm](result<offers_found> x) mutable {
    if (!x) {
      promise.deliver(runtime::make_caf_error(x.error().code, x.error().text));
      return;
    }
    // Without an offer the gateway waits for one, unless there is nobody who could make one.
    if (x->offers.empty() && face_of(record.name.overlay) == nullptr && neighbours_.empty()) {
      promise.deliver(runtime::make_caf_error(
          errc::unavailable, describe(record) + ": this node has no overlay and no neighbour to "
                                                "fetch it from; configure one"));
      return;
    }
    if (const auto* known = find_record(x->names, record.name)) record = *known;
    gateway::context ctx{ctx_.domain, ctx_.rules, caf::actor_cast<handler_actor>(this), ctx_.names,
                         own};
    promise.deliver(opened_source{caf::actor_cast<msg::source_actor>(
        runtime::spawn_on<gateway>(next_loop(), std::move(ctx), record, std::move(x->offers)))});
  });
  return promise;
}

} // namespace interswarm::bridge
