#include "actors/overlays/bittorrent/tracker.hpp"

#include "actors/overlays/bittorrent/http_responder.hpp"
#include "actors/overlays/bittorrent/tracker_names.hpp"
#include "actors/overlays/bittorrent/tracker_service.hpp"
#include "actors/runtime/demand_board.hpp"
#include "actors/runtime/http_front.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/on_loop.hpp"
#include "actors/runtime/registration.hpp"

#include <kj/async-io.h>
#include <random>

namespace interswarm::bittorrent {

namespace {

using namespace std::chrono_literals;

constexpr auto tracker_tick = 50 * kj::MILLISECONDS;
constexpr std::uint64_t reload_ms = 5000;
/// Table slots that one tick looks at.
constexpr std::size_t slots_per_tick = 4096;

runtime::http_answer answer_http(http_responder& responder, const runtime::http_question& asked,
                                 const tracker_stats::side& udp) {
  http_responder::question q;
  q.is_get = asked.method == kj::HttpMethod::GET;
  q.url = asked.url;
  q.from = asked.from.address;
  q.local = asked.local;
  q.forwarded_for = asked.forwarded_for;
  auto answer = responder.respond(q, tracker_now_ms(), udp);
  return {answer.status, answer.type, std::move(answer.body)};
}

/// Our own tracker as an actor. The UDP threads work beside it; HTTP and housekeeping are on its
/// loop.
class tracker final : public runtime::loop_actor<msg::tracker_actor> {
public:
  tracker(caf::actor_config& config, runtime::loop& home, std::shared_ptr<tracker_service> service)
      : loop_actor(config, home), service_(std::move(service)), hub_(std::make_shared<hub>()) {
    hub_->owner = this;
  }
  ~tracker() override { hub_->owner = nullptr; }

  const char* name() const override { return "bittorrent-tracker"; }
  void on_exit() override {
    hub_->owner = nullptr;
    listeners_->clear();
    chores_.reset();
    http_.reset();
    service_.reset();
  }

  behavior_type make_behavior() override {
    start();
    return {
        [this](const msg::tracker_announce& x) { return announce(x); },
        [this](const msg::tracker_find& x) { return find(x); },
        [this](const msg::tracker_scrape& x) { return scrape(x); },
        [this](const msg::tracker_watch& x) { return watch(x); },
        [this](const msg::tracker_follow& x) -> caf::result<void> {
          names_.replace(x.names);
          return caf::unit;
        },
    };
  }

private:
  /// What outlives the actor in others' hands. `owner` is read and written on the loop only.
  struct hub {
    tracker* owner = nullptr;
  };

  void start() {
    auto& io = home().io();
    if (service_->options().http) {
      runtime::http_front_options o;
      o.connections = std::min<std::uint32_t>(service_->options().http_connections,
                                              tracker_limits::http_connections);
      o.idle_s = tracker_limits::http_idle_s;
      const auto responder = std::make_shared<http_responder>(
          service_->store(), service_->options(), std::random_device{}());
      http_ = runtime::on_loop<kj::Own<runtime::http_front>>(
          home(), kj::heap<runtime::http_front>(
                      home().timer(), o, [service = service_, responder](const auto& q) {
                        return answer_http(*responder, q, service->udp_counters());
                      }));
      for (auto& socket : service_->take_http_sockets())
        (*http_)->serve(io.lowLevelProvider->wrapListenSocketFd(kj::mv(socket)));
    }
    service_->store().on_demand([weak = std::weak_ptr(hub_), loop = home().weak_from_this()] {
      if (const auto at = loop.lock()) {
        at->post([weak] {
          if (const auto h = weak.lock(); h && h->owner) h->owner->tell_demands();
        });
      }
    });
    chores_ =
        runtime::on_loop<kj::Promise<void>>(home(), chores().eagerlyEvaluate([](kj::Exception&& e) {
          runtime::log().error("bittorrent tracker: housekeeping ended: {}",
                               e.getDescription().cStr());
        }));
  }

  kj::Promise<void> chores() {
    return home().timer().afterDelay(tracker_tick).then([this] {
      const auto now_ms = tracker_now_ms();
      service_->store().sweep(now_ms, slots_per_tick);
      if (now_ms - refreshed_ms_ >
          std::uint64_t{service_->options().swarms.peer_lifetime_s} * 1000 / 3) {
        refreshed_ms_ = now_ms;
        service_->own().refresh(now_ms);
      }
      if (now_ms - reloaded_ms_ > reload_ms) {
        reloaded_ms_ = now_ms;
        if (const auto wrong = service_->reload_lists(); !wrong.empty())
          runtime::log().error("{}", wrong);
        if (const auto trouble = service_->take_trouble(); !trouble.empty())
          runtime::log().warn("{}", trouble);
      }
      if (service_->store().has_demands()) tell_demands();
      return chores();
    });
  }

  void tell_demands() {
    for (const auto& status : service_->store().take_demands(tracker_limits::demands_per_turn)) {
      for (auto& named : names_.of(status)) listeners_->tell(*this, named);
    }
  }

  caf::result<msg::tracker_announce_result> announce(const msg::tracker_announce& x) {
    const auto key = read_name(x.record.name);
    if (!key) return runtime::make_caf_error(key.error());
    if (x.record.permission == msg::permission::forbidden)
      return runtime::make_caf_error(errc::denied, "this content may not be announced");
    const auto hash = key->wire_hash();
    if (auto ok = service_->own().enter(hash, x.left, tracker_now_ms()); !ok)
      return runtime::make_caf_error(ok.error());
    auto lease = runtime::spawn_on<runtime::registration>(
        home(),
        [weak = std::weak_ptr(service_), hash] {
          const auto service = weak.lock();
          const bool in = service && service->own().is_in(hash);
          return msg::registration_check_result{in,
                                                in ? "entered at our own tracker" : "not entered"};
        },
        // Weak, so that whoever still holds a lease does not keep the tracker's threads.
        [weak = std::weak_ptr(service_), hash] {
          if (const auto service = weak.lock()) service->own().withdraw(hash, tracker_now_ms());
        });
    return msg::tracker_announce_result{lease};
  }

  caf::result<msg::tracker_find_result> find(const msg::tracker_find& x) {
    const auto key = read_name(x.name);
    if (!key) return runtime::make_caf_error(key.error());
    std::vector<endpoint> peers;
    const auto want = std::min<std::uint32_t>(x.want, service_->options().swarms.max_want);
    const auto status = service_->store().find(key->wire_hash(), want, random_(), peers);
    msg::tracker_find_result out;
    for (const auto& p : peers) out.peers.push_back(to_peer_address(p, {}));
    out.status = to_status(x.name, status);
    return out;
  }

  caf::result<msg::tracker_scrape_result> scrape(const msg::tracker_scrape& x) {
    if (x.names.size() > limits::scrape_names)
      return runtime::make_caf_error(errc::too_large, "a scrape names at most 74 contents");
    msg::tracker_scrape_result out;
    for (const auto& one : x.names) {
      const auto key = read_name(one);
      if (!key) return runtime::make_caf_error(key.error());
      out.status.push_back(to_status(one, service_->store().status(key->wire_hash())));
    }
    return out;
  }

  caf::result<msg::tracker_watch_result> watch(const msg::tracker_watch& x) {
    auto watching = listeners_->watch(home(), x.listener);
    if (!watching) return runtime::make_caf_error(watching.error());
    return *watching;
  }

  std::shared_ptr<tracker_service> service_;
  std::shared_ptr<hub> hub_;
  name_book names_;
  std::shared_ptr<runtime::demand_board> listeners_ = std::make_shared<runtime::demand_board>();
  std::uint64_t refreshed_ms_ = tracker_now_ms();
  std::uint64_t reloaded_ms_ = refreshed_ms_;
  std::mt19937_64 random_{std::random_device{}()};
  runtime::on_loop<kj::Own<runtime::http_front>> http_;
  runtime::on_loop<kj::Promise<void>> chores_;
};

} // namespace

result<running_tracker> spawn_tracker(runtime::loop& home, const tracker_options& options,
                                      const own_peer_options& own) {
  auto service = tracker_service::start(options, own);
  if (!service) return tl::unexpected(service.error());
  running_tracker out;
  out.udp = (*service)->udp_addresses();
  out.http = (*service)->http_addresses();
  out.actor = runtime::spawn_on<tracker>(home, std::move(*service));
  return out;
}

} // namespace interswarm::bittorrent
