#include "actors/overlays/bittorrent/peer_serving.hpp"

#include "actors/overlays/bittorrent/peer_limits.hpp"
#include "actors/overlays/bittorrent/peer_record.hpp"
#include "actors/overlays/bittorrent/session_settings.hpp"

#include <caf/send.hpp>

#include <chrono>

namespace interswarm::bittorrent {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t have_wait_ms = 20000;
constexpr auto after_failure = 1s;
constexpr auto seek_again = 60s;

/// The source as the serving session sees it.
class linked_source final : public content_source {
public:
  explicit linked_source(std::shared_ptr<anchor<source_link>> way) : way_(std::move(way)) {}
  void read(byte_range range, std::uint32_t deadline_ms, bool urgent, reply<slice> done) override {
    way_->run([=](source_link& l) { l.read(range, deadline_ms, urgent, done); });
  }
  void judge(byte_range range, bool good) override {
    way_->run([=](source_link& l) { l.judge(range, good); });
  }
  void watch(std::function<void(range_set)> changed) override {
    way_->run([changed = std::move(changed)](source_link& l) { l.watch(changed); });
  }

private:
  std::shared_ptr<anchor<source_link>> way_;
};

} // namespace

source_link::source_link(caf::actor_config& cfg, runtime::loop& home, msg::peer_serve what,
                         std::shared_ptr<anchor<source_link>> way)
    : loop_actor(cfg, home), source_(std::move(what.source)), tracker_(std::move(what.tracker)),
      name_(std::move(what.record.name)), way_(std::move(way)) {
  way_->self = this;
}

caf::behavior source_link::make_behavior() {
  return {[this](link_poll) { poll(); }, [this](link_find) { find(); }};
}

void source_link::on_exit() {
  way_->self = nullptr;
  source_ = nullptr;
  tracker_ = nullptr;
  changed_ = nullptr;
  dial_ = nullptr;
}

void source_link::read(byte_range range, std::uint32_t deadline_ms, bool urgent,
                       reply<slice> answer) {
  request(source_, std::chrono::milliseconds(deadline_ms) + 2s,
          msg::source_read{.range = {.begin = range.begin, .end = range.end},
                           .deadline_ms = deadline_ms,
                           .urgent = urgent})
      .then([answer](const msg::source_read_result& r) { answer(r.data); },
            [answer](const caf::error& e) { answer(tl::unexpected(runtime::to_error(e))); });
}

void source_link::judge(byte_range range, bool good) {
  request(source_, 10s,
          msg::source_judge{.range = {.begin = range.begin, .end = range.end},
                            .verdict = good ? msg::verdict::good : msg::verdict::bad})
      .then([] {}, [](const caf::error&) {});
}

void source_link::watch(std::function<void(range_set)> changed) {
  changed_ = std::move(changed);
  have_version_ = 0;
  poll();
}

void source_link::poll() {
  if (!changed_) return;
  // The first answer comes at once, so that clients hear of the content early.
  const auto wait_ms = have_version_ == 0 ? 0 : have_wait_ms;
  request(source_, std::chrono::milliseconds(wait_ms) + 10s,
          msg::source_have{.after_version = have_version_, .wait_ms = wait_ms})
      .then(
          [this](const msg::source_have_result& r) {
            if (!changed_) return;
            const bool first = have_version_ == 0;
            if (first || r.version != have_version_) changed_(to_range_set(r.ranges));
            // A source whose versions start at 0 must not be asked without a pause.
            have_version_ = std::max<std::uint64_t>(r.version, 1);
            poll();
          },
          [this](const caf::error&) { delayed_send(this, after_failure, link_poll{}); });
}

void source_link::seek(std::function<void(std::vector<endpoint>)> dial) {
  dial_ = std::move(dial);
  find();
}

void source_link::find() {
  if (!dial_ || !tracker_) return;
  request(tracker_, 30s, msg::tracker_find{.name = name_, .want = max_found_peers})
      .then(
          [this](const msg::tracker_find_result& r) {
            if (dial_) dial_(to_endpoints(r.peers));
          },
          [](const caf::error&) {});
  delayed_send(this, seek_again, link_find{});
}

result<msg::serving_actor> start_serving(runtime::loop& home, serve_session& session,
                                         const msg::peer_serve& what) {
  if (!what.source) return fail(errc::malformed, "nothing to serve from");
  const auto name = name_of(what.record);
  if (!name) return tl::unexpected(name.error());
  auto metadata = metadata_of(what.record, *name);
  if (!metadata) return tl::unexpected(metadata.error());
  if (!*metadata)
    return fail(errc::malformed, "without its info dictionary a torrent cannot be served");
  auto way = std::make_shared<anchor<source_link>>(home);
  auto link = runtime::spawn_on<source_link>(home, what, way);
  auto offer = session.serve(*name, std::move(*metadata), std::make_shared<linked_source>(way));
  if (!offer) {
    caf::anon_send_exit(link, caf::exit_reason::user_shutdown);
    return tl::unexpected(offer.error());
  }
  const std::shared_ptr<serving> shared = std::move(*offer);
  way->run([weak = std::weak_ptr<serving>(shared)](source_link& l) {
    l.seek([weak](const std::vector<endpoint>& clients) {
      if (const auto s = weak.lock())
        for (const auto& c : clients) s->dial(c);
    });
  });
  return runtime::spawn_on<serving_actor>(home, shared, std::move(link));
}

serving_actor::serving_actor(caf::actor_config& cfg, runtime::loop& home,
                             std::shared_ptr<serving> offer, caf::actor link)
    : loop_actor(cfg, home), offer_(std::move(offer)), link_(std::move(link)) {}

serving_actor::behavior_type serving_actor::make_behavior() {
  return {[this](const msg::serving_status&) {
    const auto s = offer_->state();
    return msg::serving_status_result{{.clients = s.clients,
                                       .bytes_sent = s.bytes_sent,
                                       .idle_ms = s.idle_ms,
                                       .completed = s.completed}};
  }};
}

void serving_actor::on_exit() {
  offer_.reset();
  if (link_) caf::anon_send_exit(link_, caf::exit_reason::user_shutdown);
  link_ = nullptr;
}

} // namespace interswarm::bittorrent
