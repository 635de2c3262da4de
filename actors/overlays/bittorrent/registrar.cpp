#include "actors/overlays/bittorrent/registrar.hpp"

#include "actors/overlays/bittorrent/registrar_routes.hpp"
#include "actors/overlays/bittorrent/registrar_waiting.hpp"
#include "actors/overlays/bittorrent/tracker_names.hpp"
#include "actors/overlays/bittorrent/udp_front.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/on_loop.hpp"
#include "actors/runtime/reason.hpp"
#include "actors/runtime/registration.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <list>
#include <map>

namespace interswarm::bittorrent {

namespace {

using namespace std::chrono_literals;

constexpr auto tick = 100 * kj::MILLISECONDS;
constexpr auto listener_patience = 10s;

class registrar final : public runtime::loop_actor<msg::tracker_actor> {
public:
  registrar(caf::actor_config& config, runtime::loop& home, registrar_options options,
            tracker_url url, own_peer_options own)
      : loop_actor(config, home), options_(std::move(options)), url_(std::move(url)),
        own_(std::move(own)), hub_(std::make_shared<hub>()) {
    hub_->owner = this;
  }
  ~registrar() override { hub_->owner = nullptr; }

  const char* name() const override { return "bittorrent-registrar"; }

  void on_exit() override {
    hub_->owner = nullptr;
    chores_.reset();
    listeners_.clear();
    if (routes_ && home().here()) say_farewell(home(), kj::mv(*routes_));
    routes_.reset();
    const auto ended = runtime::make_caf_error(errc::cancelled, "the registrar ended");
    for (auto& w : announces_) w.promise.deliver(ended);
    for (auto& w : finds_) w.promise.deliver(ended);
    for (auto& w : scrapes_) w.promise.deliver(ended);
    announces_.clear();
    finds_.clear();
    scrapes_.clear();
  }

  behavior_type make_behavior() override {
    chores_ = runtime::on_loop<kj::Promise<void>>(
        home(), chores().eagerlyEvaluate([this](kj::Exception&& e) {
          runtime::log().error("tracker {}: the registrar stopped: {}", url_.authority(),
                               e.getDescription().cStr());
        }));
    return {
        [this](const msg::tracker_announce& x) { return announce(x); },
        [this](const msg::tracker_find& x) { return find(x); },
        [this](const msg::tracker_scrape& x) { return scrape(x); },
        [this](const msg::tracker_watch& x) { return watch(x); },
        [this](const msg::tracker_follow& x) -> caf::result<void> {
          names_.replace(x.names);
          for_routes([&](route& r) { r.desk.follow(names_.swarms(), tracker_now_ms()); });
          return caf::unit;
        },
    };
  }

private:
  struct hub {
    registrar* owner = nullptr;
  };
  struct holder {
    std::uint32_t count = 0;
    std::uint64_t left = 0;
  };

  template <class F>
  void for_routes(F f) {
    if (!routes_) return;
    for (auto& r : *routes_) f(*r);
  }
  std::size_t route_count() const { return routes_ ? routes_->size() : 0; }

  // The loop's side.

  kj::Promise<void> chores() {
    auto ready = route_count() > 0 ? kj::Promise<void>(kj::READY_NOW) : find_way();
    return ready
        .then([this] {
          pump();
          return home().timer().afterDelay(tick);
        })
        .then([this] { return chores(); });
  }

  kj::Promise<void> find_way() {
    if (tracker_now_ms() < look_up_at_ms_) return kj::READY_NOW;
    return open_routes(home(), options_, url_, own_, at_owner([](registrar& r) { r.heard(); }))
        .then(
            [this](routes made) {
              if (made.empty())
                return no_way("this node's peer listens on no address of its family");
              routes_ = runtime::on_loop<routes>(home(), std::move(made));
              for_routes([&](route& r) {
                r.desk.follow(names_.swarms(), tracker_now_ms());
                for (const auto& [hash, h] : holders_) {
                  for (std::uint32_t i = 0; i < h.count; ++i)
                    r.desk.enter(hash, h.left, tracker_now_ms());
                }
                for (const auto& w : finds_) r.desk.seek(w.hash, w.want, tracker_now_ms());
              });
              for (auto& w : announces_) w.open = route_count();
              for (auto& w : finds_) w.open = route_count();
            },
            [this](kj::Exception&& e) {
              no_way("its address cannot be found: " + runtime::reason_of(e));
            });
  }

  void no_way(const std::string& why) {
    if (look_up_at_ms_ == 0)
      runtime::log().warn("tracker {} cannot be reached: {}", url_.authority(), why);
    look_up_at_ms_ = tracker_now_ms() + options_.lookup_pause_ms;
    for (auto& w : announces_) w.settle(error{errc::unavailable, why});
    for (auto& w : finds_) w.settle(error{errc::unavailable, why});
    deliver();
  }

  /// The tracker's word is handed on at once to whoever waits for it.
  void heard() {
    if (!announces_.empty() || !finds_.empty() || !scrapes_.empty()) pump();
  }

  /// Sends what is due and hands on what came in.
  void pump() {
    for_routes([&](route& r) {
      const auto news = r.work(tracker_now_ms());
      if (!news.status_line.empty())
        runtime::log().warn("tracker {} {}", url_.authority(), news.status_line);
      for (const auto& o : news.outcomes) {
        for (auto& w : announces_) {
          if (w.hash == o.name) w.settle(o.failure);
        }
        for (auto& w : finds_) {
          if (w.hash == o.name) w.settle(o.failure);
        }
      }
      for (const auto& hash : news.looked) {
        for (auto& w : scrapes_) {
          if (const auto o = w.open.find(hash); o != w.open.end() && o->second > 0) --o->second;
        }
      }
      for (const auto& d : news.demands) tell_demand(d);
    });
    deliver();
    deliver_scrapes();
  }

  void deliver() {
    std::erase_if(announces_, [&](waiting_announce& w) {
      if (!w.accepted && w.open > 0) return false;
      // A tracker out of reach is tried again while the lease is held; a refusal is an answer.
      if (!w.accepted && w.failure && w.failure->code != errc::unavailable) {
        w.promise.deliver(runtime::make_caf_error(*w.failure));
        release(w.hash);
      } else {
        w.promise.deliver(msg::tracker_announce_result{make_lease(w.hash)});
      }
      return true;
    });
    std::erase_if(finds_, [&](waiting_find& w) {
      auto out = result_of(w);
      if (w.open > 0 && out.peers.empty()) return false;
      if (w.accepted)
        w.promise.deliver(std::move(out));
      else
        w.promise.deliver(
            runtime::make_caf_error(w.failure.value_or(error{errc::unavailable, "no answer"})));
      return true;
    });
  }

  msg::tracker_find_result result_of(const waiting_find& w) {
    msg::tracker_find_result out;
    for_routes([&](route& r) {
      for (const auto& p : r.desk.peers_of(w.hash)) {
        if (w.accepted && out.peers.size() < w.want)
          out.peers.push_back(to_peer_address(p.address, p.id));
      }
    });
    out.status = to_status(w.name, status_over(ways(), w.hash));
    return out;
  }

  const routes& ways() const { return routes_ ? *routes_ : none_; }

  void tell_demand(const swarm_status& status) {
    for (const auto& named : names_.of(status)) {
      for (const auto& [id, handle] : listeners_) {
        request(handle, listener_patience, msg::demand_listener_demand{named})
            .then([] {},
                  [this, listener = id](const caf::error& e) {
                    const auto why = runtime::to_error(e).code;
                    if (why == errc::unavailable || why == errc::disconnected)
                      listeners_.erase(listener);
                  });
      }
    }
  }

  // What others ask.

  caf::result<msg::tracker_announce_result> announce(const msg::tracker_announce& x) {
    const auto key = read_name(x.record.name);
    if (!key) return runtime::make_caf_error(key.error());
    if (x.record.permission == msg::permission::forbidden)
      return runtime::make_caf_error(errc::denied, "this content may not be announced");
    if (announces_.size() >= tracker_limits::announced_names)
      return runtime::make_caf_error(errc::overloaded, "too many announces wait for the tracker");
    waiting_announce w;
    w.hash = key->wire_hash();
    w.open = std::max<std::size_t>(1, route_count());
    w.promise = make_response_promise<msg::tracker_announce_result>();
    auto& h = holders_[w.hash];
    ++h.count;
    h.left = x.left;
    auto promise = w.promise;
    announces_.push_back(std::move(w));
    for_routes([&](route& r) { r.desk.enter(announces_.back().hash, x.left, tracker_now_ms()); });
    if (route_count() == 0 && look_up_at_ms_ != 0)
      announces_.back().settle(error{errc::unavailable, "no address yet"});
    pump();
    return promise;
  }

  caf::result<msg::tracker_find_result> find(const msg::tracker_find& x) {
    const auto key = read_name(x.name);
    if (!key) return runtime::make_caf_error(key.error());
    if (finds_.size() >= tracker_limits::waiting_finds)
      return runtime::make_caf_error(errc::overloaded, "too many questions wait for the tracker");
    waiting_find w;
    w.hash = key->wire_hash();
    w.open = std::max<std::size_t>(1, route_count());
    w.name = x.name;
    w.want = std::min<std::uint32_t>(x.want, limits::response_peers);
    w.promise = make_response_promise<msg::tracker_find_result>();
    auto promise = w.promise;
    finds_.push_back(std::move(w));
    for_routes(
        [&](route& r) { r.desk.seek(finds_.back().hash, finds_.back().want, tracker_now_ms()); });
    if (route_count() == 0 && look_up_at_ms_ != 0)
      finds_.back().settle(error{errc::unavailable, "the tracker's address cannot be found"});
    pump();
    return promise;
  }

  caf::result<msg::tracker_scrape_result> scrape(const msg::tracker_scrape& x) {
    if (x.names.size() > limits::scrape_names)
      return runtime::make_caf_error(errc::too_large, "a scrape names at most 74 contents");
    if (scrapes_.size() >= tracker_limits::waiting_finds)
      return runtime::make_caf_error(errc::overloaded, "too many questions wait for the tracker");
    waiting_scrape w;
    w.names = x.names;
    for (const auto& one : x.names) {
      const auto key = read_name(one);
      if (!key) return runtime::make_caf_error(key.error());
      w.open[key->wire_hash()] = route_count();
    }
    std::vector<info_hash> swarms;
    for (const auto& [hash, count] : w.open) swarms.push_back(hash);
    for_routes([&](route& r) { r.desk.look(swarms, tracker_now_ms()); });
    w.promise = make_response_promise<msg::tracker_scrape_result>();
    auto promise = w.promise;
    scrapes_.push_back(std::move(w));
    pump();
    return promise;
  }

  void deliver_scrapes() {
    std::erase_if(scrapes_, [&](waiting_scrape& w) {
      if (std::any_of(w.open.begin(), w.open.end(), [](const auto& o) { return o.second > 0; }))
        return false;
      msg::tracker_scrape_result out;
      for (const auto& one : w.names)
        out.status.push_back(to_status(one, status_over(ways(), read_name(one)->wire_hash())));
      w.promise.deliver(std::move(out));
      return true;
    });
  }

  caf::result<msg::tracker_watch_result> watch(const msg::tracker_watch& x) {
    if (!x.listener) return runtime::make_caf_error(errc::malformed, "no listener");
    if (listeners_.size() >= tracker_limits::listeners)
      return runtime::make_caf_error(errc::overloaded, "too many listeners at this tracker");
    const auto id = next_listener_++;
    listeners_[id] = x.listener;
    auto watching = runtime::spawn_on<runtime::registration>(
        home(),
        [weak = std::weak_ptr(hub_), id] {
          const auto h = weak.lock();
          const bool in = h && h->owner && h->owner->listeners_.contains(id);
          return msg::registration_check_result{in, in ? "watching" : "the listener is gone"};
        },
        at_owner([id](registrar& r) { r.listeners_.erase(id); }));
    return msg::tracker_watch_result{watching};
  }

  msg::registration_actor make_lease(const info_hash& hash) {
    return runtime::spawn_on<runtime::registration>(
        home(),
        [weak = std::weak_ptr(hub_), hash] {
          const auto h = weak.lock();
          if (!h || !h->owner) return msg::registration_check_result{false, "the registrar ended"};
          return h->owner->standing_of(hash);
        },
        at_owner([hash](registrar& r) { r.release(hash); }));
  }

  msg::registration_check_result standing_of(const info_hash& hash) {
    return standing_over(ways(), hash, url_.authority());
  }

  void release(const info_hash& hash) {
    const auto h = holders_.find(hash);
    if (h == holders_.end()) return;
    if (--h->second.count == 0) holders_.erase(h);
    for_routes([&](route& r) { r.desk.withdraw(hash, tracker_now_ms()); });
  }

  /// Runs `work` on the loop while the actor is there; from any thread.
  template <class Work>
  std::function<void()> at_owner(Work work) {
    return [weak = std::weak_ptr(hub_), loop = home().weak_from_this(), work] {
      if (const auto at = loop.lock()) {
        at->post([weak, work] {
          if (const auto h = weak.lock(); h && h->owner) work(*h->owner);
        });
      }
    };
  }

  registrar_options options_;
  tracker_url url_;
  own_peer_options own_;
  std::shared_ptr<hub> hub_;
  name_book names_;
  std::map<info_hash, holder> holders_;
  std::list<waiting_announce> announces_;
  std::list<waiting_find> finds_;
  std::list<waiting_scrape> scrapes_;
  std::map<std::uint64_t, msg::demand_listener_actor> listeners_;
  std::uint64_t next_listener_ = 1;
  std::uint64_t look_up_at_ms_ = 0;
  runtime::on_loop<routes> routes_;
  const routes none_;
  runtime::on_loop<kj::Promise<void>> chores_;
};

} // namespace

result<msg::tracker_actor> spawn_registrar(runtime::loop& home, const registrar_options& options,
                                           const own_peer_options& own) {
  auto url = tracker_url::parse(options.url);
  if (!url) return tl::unexpected(url.error());
  if (std::none_of(own.listen.begin(), own.listen.end(),
                   [](const endpoint& e) { return e.port != 0; }))
    return fail(errc::configuration,
                "tracker " + url->authority() + ": this node's BitTorrent peer listens nowhere");
  return runtime::spawn_on<registrar>(home, options, std::move(*url), own);
}

} // namespace interswarm::bittorrent
