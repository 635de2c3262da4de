#include "actors/overlays/bittorrent/peer.hpp"

#include "actors/overlays/bittorrent/peer_serving.hpp"
#include "actors/overlays/bittorrent/peer_source.hpp"
#include "actors/runtime/loop_actor.hpp"

namespace interswarm::bittorrent {
namespace {

/// The two sessions. Ending one waits for its network thread, which never waits for a loop.
struct sessions {
  peer_options options;
  std::shared_ptr<runtime::worker_pool> workers;
  std::unique_ptr<serve_session> serving;
  std::unique_ptr<fetch_session> fetching;
};

class peer final : public runtime::loop_actor<msg::peer_actor> {
public:
  peer(caf::actor_config& cfg, runtime::loop& home, std::unique_ptr<sessions> s)
      : loop_actor(cfg, home), sessions_(std::move(s)) {}

  const char* name() const override { return "bittorrent-peer"; }

  behavior_type make_behavior() override {
    return {[this](const msg::peer_serve& ask) -> caf::result<msg::peer_serve_result> {
              auto made = start_serving(home(), *sessions_->serving, ask);
              if (!made) return runtime::make_caf_error(made.error());
              return msg::peer_serve_result{std::move(*made)};
            },
            [this](const msg::peer_fetch& ask) -> caf::result<msg::peer_fetch_result> {
              auto made = start_fetching(home(), *sessions_->fetching, ask);
              if (!made) return runtime::make_caf_error(made.error());
              return msg::peer_fetch_result{std::move(*made)};
            },
            [this](const msg::peer_describe&) { return describe(); }};
  }

  void on_exit() override { sessions_.reset(); }

private:
  msg::peer_describe_result describe() const {
    msg::peer_describe_result out;
    out.overlay = "bittorrent";
    for (const auto& e : sessions_->serving->listening()) {
      const auto add = [&](const ip_address& a) {
        out.listen.push_back({.address = slice::copy_of(a.network_bytes()), .port = e.port});
      };
      if (!e.address.is_unspecified()) {
        add(e.address);
        continue;
      }
      for (const auto& a : sessions_->options.public_addresses)
        if (a.is_v4() == e.address.is_v4()) add(a);
    }
    out.id = slice::copy_of(as_bytes(sessions_->options.peer_id_prefix));
    return out;
  }

  std::unique_ptr<sessions> sessions_;
};

} // namespace

result<msg::peer_actor> spawn_peer(runtime::loop& home, peer_options options) {
  auto s = std::make_unique<sessions>();
  s->options = options;
  s->workers = std::make_shared<runtime::worker_pool>(options.worker_threads);
  auto serving = serve_session::start(options, s->workers);
  if (!serving) return tl::unexpected(serving.error());
  s->serving = std::move(*serving);
  auto fetching = fetch_session::start(std::move(options), s->workers);
  if (!fetching) return tl::unexpected(fetching.error());
  s->fetching = std::move(*fetching);
  return runtime::spawn_on<peer>(home, std::move(s));
}

} // namespace interswarm::bittorrent
