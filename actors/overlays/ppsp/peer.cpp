#include "actors/overlays/ppsp/peer.hpp"

#include "actors/overlays/ppsp/fetching.hpp"
#include "actors/overlays/ppsp/offer.hpp"
#include "actors/runtime/loop_actor.hpp"

#include <future>

namespace interswarm::ppsp {

namespace {

using hub_box = runtime::on_loop<std::shared_ptr<hub>>;

/// A content on offer: the handle that the caller holds. What gives it is another actor, because
/// what waits for answers stays alive, which this must not.
class serving final : public runtime::loop_actor<msg::serving_actor> {
public:
  serving(caf::actor_config& config, runtime::loop& at, msg::serving_actor offer)
      : loop_actor(config, at), offer_(std::move(offer)) {}

  const char* name() const override { return "ppsp-serving"; }
  behavior_type make_behavior() override {
    return {[this](const msg::serving_status& ask) -> caf::result<msg::serving_status_result> {
      return delegate(offer_, ask);
    }};
  }
  void on_exit() override {
    caf::anon_send_exit(offer_, caf::exit_reason::user_shutdown);
    offer_ = nullptr;
  }

private:
  msg::serving_actor offer_;
};

class peer final : public runtime::loop_actor<msg::peer_actor> {
public:
  peer(caf::actor_config& config, runtime::loop& at, std::shared_ptr<hub_box> box,
       peer_options options)
      : loop_actor(config, at), box_(std::move(box)), options_(std::move(options)) {}

  const char* name() const override { return "ppsp-peer"; }

  behavior_type make_behavior() override {
    return {[this](const msg::peer_serve& ask) { return serve(ask); },
            [this](const msg::peer_fetch& ask) { return fetch(ask); },
            [this](const msg::peer_describe&) { return describe(); }};
  }

  void on_exit() override { box_->reset(); }

private:
  caf::result<msg::peer_serve_result> serve(const msg::peer_serve& ask) {
    auto key = read_name(ask.record.name);
    if (!key) return runtime::make_caf_error(key.error());
    if (is_live(key->integrity))
      return runtime::make_caf_error(errc::unimplemented, "live swarms are not served yet");
    if (ask.record.permission == msg::permission::forbidden)
      return runtime::make_caf_error(errc::denied, "this content must not cross");
    if (!ask.source) return runtime::make_caf_error(errc::malformed, "nothing to serve from");
    if (ask.record.size == 0)
      return runtime::make_caf_error(errc::malformed, "an empty content has nothing to serve");
    if ((**box_)->has(hub::role::gives, key->id))
      return runtime::make_caf_error(errc::conflict, "this content is on offer already");
    return msg::peer_serve_result{
        runtime::spawn_on<serving>(home(), msg::serving_actor(runtime::spawn_on<offer>(
                                               home(), **box_, options_, ask, std::move(*key))))};
  }

  caf::result<msg::peer_fetch_result> fetch(const msg::peer_fetch& ask) {
    auto key = read_name(ask.record.name);
    if (!key) return runtime::make_caf_error(key.error());
    if (is_live(key->integrity))
      return runtime::make_caf_error(errc::unimplemented, "live swarms are not fetched yet");
    if ((**box_)->has(hub::role::takes, key->id))
      return runtime::make_caf_error(errc::conflict, "this content is being fetched already");
    return msg::peer_fetch_result{runtime::spawn_on<fetching>(home(), **box_, options_, ask.record,
                                                              std::move(*key), ask.tracker)};
  }

  caf::result<msg::peer_describe_result> describe() {
    const auto& at = (**box_)->listening();
    msg::peer_describe_result out;
    out.overlay = overlay_word;
    const auto& shown = options_.public_address;
    const auto address = shown.is_unspecified() ? at.address : shown;
    out.listen.push_back({slice::copy_of(address.network_bytes()), at.port});
    return out;
  }

  std::shared_ptr<hub_box> box_;
  peer_options options_;
};

} // namespace

result<msg::peer_actor> spawn_peer(runtime::loop& home, const peer_options& options) {
  auto box = std::make_shared<hub_box>();
  std::promise<result<void>> opened;
  const bool posted = home.post([&] {
    auto port = udp_port::open(home.io().unixEventPort, options.listen);
    if (port) *box = hub_box(home, std::make_shared<hub>(home.timer(), std::move(*port)));
    opened.set_value(port ? result<void>{} : result<void>(tl::unexpected(port.error())));
  });
  if (!posted) return fail(errc::unavailable, "the loop has ended");
  if (auto ok = opened.get_future().get(); !ok) return tl::unexpected(ok.error());
  return runtime::spawn_on<peer>(home, box, options);
}

} // namespace interswarm::ppsp
