#include "actors/services/stored_face.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/registration.hpp"

namespace interswarm::services {

namespace {

using namespace std::chrono_literals;

constexpr auto open_timeout = 15s;

caf::error nobody_serves() {
  return runtime::make_caf_error(errc::unimplemented,
                                 "contents come into the storage network by being published");
}

class stored_tracker final : public runtime::loop_actor<msg::tracker_actor> {
public:
  stored_tracker(caf::actor_config& config, runtime::loop& home, library_actor shelf)
      : loop_actor(config, home), shelf_(std::move(shelf)) {}

  const char* name() const override { return "stored-tracker"; }
  void on_exit() override { shelf_ = nullptr; }
  behavior_type make_behavior() override {
    return {
        [](const msg::tracker_announce&) -> caf::result<msg::tracker_announce_result> {
          return nobody_serves();
        },
        [this](const msg::tracker_find& x) -> caf::result<msg::tracker_find_result> {
          auto promise = make_response_promise<msg::tracker_find_result>();
          look_up(x.name, [promise](msg::swarm_status s) mutable {
            msg::tracker_find_result out;
            out.status = std::move(s);
            promise.deliver(std::move(out));
          });
          return promise;
        },
        [this](const msg::tracker_scrape& x) { return scrape(x.names); },
        [this](const msg::tracker_watch&) {
          return msg::tracker_watch_result{runtime::spawn_on<runtime::registration>(
              home(),
              [] {
                return msg::registration_check_result{true, {}};
              },
              nullptr)};
        },
        [](const msg::tracker_follow&) {},
    };
  }

private:
  void look_up(const msg::name& name, std::function<void(msg::swarm_status)> then) {
    msg::swarm_status out;
    out.name = name;
    request(shelf_, open_timeout, open_stored{name.key})
        .then(
            [out, then](const opened_stored&) mutable {
              out.known = true;
              out.sources = 1;
              then(std::move(out));
            },
            [out, then](const caf::error&) { then(out); });
  }

  caf::result<msg::tracker_scrape_result> scrape(const std::vector<msg::name>& names) {
    struct gathering {
      msg::tracker_scrape_result out;
      std::size_t missing = 0;
    };
    auto promise = make_response_promise<msg::tracker_scrape_result>();
    auto all = std::make_shared<gathering>();
    all->out.status.resize(names.size());
    all->missing = names.size();
    if (names.empty()) promise.deliver(std::move(all->out));
    for (std::size_t i = 0; i < names.size(); ++i) {
      look_up(names[i], [all, i, promise](msg::swarm_status s) mutable {
        all->out.status[i] = std::move(s);
        if (--all->missing == 0) promise.deliver(std::move(all->out));
      });
    }
    return promise;
  }

  library_actor shelf_;
};

class stored_peer final : public runtime::loop_actor<msg::peer_actor> {
public:
  stored_peer(caf::actor_config& config, runtime::loop& home, library_actor shelf)
      : loop_actor(config, home), shelf_(std::move(shelf)) {}

  const char* name() const override { return "stored-peer"; }
  void on_exit() override { shelf_ = nullptr; }
  behavior_type make_behavior() override {
    return {
        [](const msg::peer_serve&) -> caf::result<msg::peer_serve_result> {
          return nobody_serves();
        },
        [this](const msg::peer_fetch& x) -> caf::result<msg::peer_fetch_result> {
          auto promise = make_response_promise<msg::peer_fetch_result>();
          request(shelf_, open_timeout, open_stored{x.record.name.key})
              .then(
                  [promise](const opened_stored& r) mutable {
                    promise.deliver(msg::peer_fetch_result{r.source});
                  },
                  [promise](const caf::error& e) mutable { promise.deliver(e); });
          return promise;
        },
        [](const msg::peer_describe&) {
          msg::peer_describe_result out;
          out.overlay = stored_overlay;
          return out;
        },
    };
  }

private:
  library_actor shelf_;
};

} // namespace

stored_face spawn_stored_face(runtime::loop& home, library_actor shelf) {
  return {runtime::spawn_on<stored_tracker>(home, shelf),
          runtime::spawn_on<stored_peer>(home, shelf)};
}

} // namespace interswarm::services
