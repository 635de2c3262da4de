#include "actors/overlays/ed2k/peer.hpp"

#include "actors/overlays/ed2k/fetching.hpp"
#include "actors/overlays/ed2k/hub.hpp"
#include "actors/overlays/ed2k/serving.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/on_loop.hpp"

#include <algorithm>
#include <future>
#include <random>

namespace interswarm::ed2k {

namespace {

using hub_box = runtime::on_loop<std::shared_ptr<hub>>;

class peer final : public runtime::loop_actor<msg::peer_actor> {
public:
  peer(caf::actor_config& config, runtime::loop& at, std::shared_ptr<hub_box> box)
      : loop_actor(config, at), box_(std::move(box)) {}

  const char* name() const override { return "ed2k-peer"; }

  behavior_type make_behavior() override {
    return {[this](const msg::peer_serve& ask) { return serve(ask); },
            [this](const msg::peer_fetch& ask) { return fetch(ask); },
            [this](const msg::peer_describe&) { return describe(); }};
  }

  void on_exit() override { box_->reset(); }

private:
  caf::result<msg::peer_serve_result> serve(const msg::peer_serve& ask) {
    const auto key = read_name(ask.record.name);
    if (!key) return runtime::make_caf_error(key.error());
    if (ask.record.permission == msg::permission::forbidden) {
      return runtime::make_caf_error(errc::denied, "this content must not cross");
    }
    if (!ask.source) return runtime::make_caf_error(errc::malformed, "nothing to serve from");
    if (key->size == 0)
      return runtime::make_caf_error(errc::malformed, "an empty file has nothing to serve");
    if ((**box_)->offered(key->hash) != nullptr) {
      return runtime::make_caf_error(errc::conflict, "this file is on offer already");
    }
    return msg::peer_serve_result{runtime::spawn_on<serving>(home(), std::weak_ptr<hub>(**box_),
                                                             ask.record, *key, ask.source)};
  }

  caf::result<msg::peer_fetch_result> fetch(const msg::peer_fetch& ask) {
    const auto key = read_name(ask.record.name);
    if (!key) return runtime::make_caf_error(key.error());
    if ((**box_)->download(key->hash) != nullptr) {
      return runtime::make_caf_error(errc::conflict, "this file is being fetched already");
    }
    return msg::peer_fetch_result{runtime::spawn_on<fetching>(home(), std::weak_ptr<hub>(**box_),
                                                              ask.record, *key, ask.tracker)};
  }

  caf::result<msg::peer_describe_result> describe() {
    const auto& h = **box_;
    msg::peer_describe_result out;
    out.overlay = overlay_word;
    const auto& shown = h->options().public_address;
    const auto address = shown.is_unspecified() ? h->listening().address : shown;
    out.listen.push_back({slice::copy_of(address.network_bytes()), h->listening().port});
    out.id = slice::copy_of(h->options().user_hash);
    return out;
  }

  std::shared_ptr<hub_box> box_;
};

void complete(peer_options& options) {
  auto& user = options.user_hash;
  if (std::all_of(user.begin(), user.end(), [](byte b) { return b == 0; })) {
    std::random_device random;
    for (auto& b : user) b = static_cast<byte>(random());
  }
  user = mark_user_hash(user);
}

} // namespace

result<msg::peer_actor> spawn_peer(runtime::loop& home, const peer_options& wanted) {
  auto options = wanted;
  complete(options);
  auto box = std::make_shared<hub_box>();
  auto opened = std::make_shared<std::promise<result<void>>>();
  auto outcome = opened->get_future();
  const bool posted = home.post([&home, box, opened, options] {
    *box = hub_box(home, std::make_shared<hub>(home, options));
    auto& h = **box;
    h->start([opened](result<void> done) { opened->set_value(std::move(done)); });
  });
  if (!posted) return fail(errc::unavailable, "the loop has ended");
  if (auto ok = outcome.get(); !ok) {
    box->reset();
    return tl::unexpected(ok.error());
  }
  return runtime::spawn_on<peer>(home, box);
}

} // namespace interswarm::ed2k
