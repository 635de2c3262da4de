#include "actors/overlays/bittorrent/peer_source.hpp"

#include "actors/overlays/bittorrent/peer_limits.hpp"
#include "actors/overlays/bittorrent/peer_record.hpp"
#include "actors/overlays/bittorrent/serve_torrent.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>

namespace interswarm::bittorrent {
namespace {

using namespace std::chrono_literals;

constexpr auto sweep_every = 250ms;

/// The tracker as the fetching session sees it.
class linked_finder final : public peer_finder {
public:
  explicit linked_finder(std::shared_ptr<anchor<tracker_link>> way) : way_(std::move(way)) {}
  void find(std::uint16_t want, reply<std::vector<endpoint>> done) override {
    way_->run([want, done](tracker_link& l) { l.find(want, done); });
  }

private:
  std::shared_ptr<anchor<tracker_link>> way_;
};

byte_range to_range(const msg::range& r) { return {r.begin, r.end}; }

/// Takes the promise of `id` out and fulfils it.
template <class Promises, class Value>
void deliver(Promises& promises, std::uint64_t id, Value value) {
  const auto at = promises.find(id);
  if (at == promises.end()) return;
  auto promise = std::move(at->second);
  promises.erase(at);
  if (value)
    promise.deliver(std::move(*value));
  else
    promise.deliver(runtime::make_caf_error(value.error()));
}

} // namespace

tracker_link::tracker_link(caf::actor_config& cfg, runtime::loop& home, msg::tracker_actor tracker,
                           msg::name name, std::shared_ptr<anchor<tracker_link>> way)
    : loop_actor(cfg, home), tracker_(std::move(tracker)), swarm_(std::move(name)),
      way_(std::move(way)) {
  way_->self = this;
}

caf::behavior tracker_link::make_behavior() {
  return {[](source_sweep) {}};
}

void tracker_link::on_exit() {
  way_->self = nullptr;
  tracker_ = nullptr;
}

void tracker_link::find(std::uint16_t want, reply<std::vector<endpoint>> answer) {
  if (!tracker_) return answer(std::vector<endpoint>{});
  request(tracker_, 30s, msg::tracker_find{.name = swarm_, .want = want})
      .then([answer](const msg::tracker_find_result& r) { answer(to_endpoints(r.peers)); },
            [answer](const caf::error& e) { answer(tl::unexpected(runtime::to_error(e))); });
}

fetch_source::fetch_source(caf::actor_config& cfg, runtime::loop& home, torrent_name name,
                           msg::name_record asked, std::unique_ptr<fetching> fetch, caf::actor link)
    : loop_actor(cfg, home), torrent_(std::move(name)), asked_(std::move(asked)),
      fetch_(std::move(fetch)), link_(std::move(link)),
      way_(std::make_shared<anchor<fetch_source>>(home)) {
  way_->self = this;
}

bool fetch_source::room() const {
  return infos_.size() + haves_.size() + reads_.size() + genuine_.size() < max_waiting_reads;
}

fetch_source::behavior_type fetch_source::make_behavior() {
  fetch_->watch([way = way_](std::uint64_t) { way->run([](fetch_source& s) { s.look(); }); });
  const auto full = [] {
    return runtime::make_caf_error(errc::overloaded, "too many requests are waiting");
  };
  return {
      [this, full](const msg::source_info& r) -> caf::result<msg::source_info_result> {
        if (!room()) return full();
        auto promise = make_response_promise<msg::source_info_result>();
        infos_.push_back({promise, r.after_version, steady_ms() + r.wait_ms});
        look();
        return promise;
      },
      [this, full](const msg::source_have& r) -> caf::result<msg::source_have_result> {
        if (!room()) return full();
        auto promise = make_response_promise<msg::source_have_result>();
        haves_.push_back({promise, r.after_version, steady_ms() + r.wait_ms});
        look();
        return promise;
      },
      [this, full](const msg::source_read& r) -> caf::result<msg::source_read_result> {
        if (!room()) return full();
        auto promise = make_response_promise<msg::source_read_result>();
        const auto id = next_id_++;
        reads_.emplace(id, promise);
        fetch_->read(to_range(r.range), r.deadline_ms, r.urgent,
                     reply<slice>([way = way_, id](result<slice> data) {
                       way->run([id, data = std::move(data)](fetch_source& s) mutable {
                         deliver(s.reads_, id, std::move(data).map([](slice&& d) {
                           return msg::source_read_result{std::move(d)};
                         }));
                       });
                     }));
        return promise;
      },
      [this](const msg::source_judge& r) {
        fetch_->judge(to_range(r.range), r.verdict == msg::verdict::good);
      },
      [this, full](const msg::source_genuine& r) -> caf::result<msg::source_genuine_result> {
        if (!room()) return full();
        auto promise = make_response_promise<msg::source_genuine_result>();
        const auto id = next_id_++;
        genuine_.emplace(id, promise);
        fetch_->genuine(to_range(r.range), r.deadline_ms,
                        reply<genuine_answer>([way = way_, id](result<genuine_answer> answer) {
                          way->run([id, answer = std::move(answer)](fetch_source& s) {
                            deliver(s.genuine_, id, answer.map([](const genuine_answer& a) {
                              return msg::source_genuine_result{
                                  {.begin = a.range.begin, .end = a.range.end},
                                  a.good ? msg::verdict::good : msg::verdict::bad};
                            }));
                          });
                        }));
        return promise;
      },
      [this](source_sweep) {
        sweeping_ = false;
        look();
      },
  };
}

void fetch_source::look() {
  if (infos_.empty() && haves_.empty()) return;
  if (looking_) {
    look_again_ = true;
    return;
  }
  looking_ = true;
  fetch_->state(reply<fetch_state>([way = way_](result<fetch_state> state) {
    way->run([state = std::move(state)](fetch_source& s) { s.seen(state); });
  }));
}

void fetch_source::seen(const result<fetch_state>& state) {
  looking_ = false;
  const auto now = steady_ms();
  const auto why = !state ? std::optional(state.error()) : state->failure;
  const auto due = [&](const auto& w) {
    return why || w.until_ms <= now || state->version > w.after_version;
  };
  const auto answer = [&](auto& list, const auto& value) {
    const auto rest =
        std::stable_partition(list.begin(), list.end(), [&](const auto& w) { return !due(w); });
    for (auto at = rest; at != list.end(); ++at) {
      if (why)
        at->promise.deliver(runtime::make_caf_error(*why));
      else
        at->promise.deliver(value());
    }
    list.erase(rest, list.end());
  };
  answer(infos_, [&] { return msg::source_info_result{to_message(*state, torrent_, asked_)}; });
  answer(haves_, [&] {
    return msg::source_have_result{state->version, to_message(state->have), state->received_bytes};
  });
  if (infos_.empty() && haves_.empty()) {
    look_again_ = false;
    return;
  }
  if (std::exchange(look_again_, false)) return look();
  if (!std::exchange(sweeping_, true)) delayed_send(this, sweep_every, source_sweep{});
}

void fetch_source::on_exit() {
  way_->self = nullptr;
  fetch_.reset();
  const auto gone = runtime::make_caf_error(errc::cancelled, "the fetch was let go");
  for (auto& w : infos_) w.promise.deliver(gone);
  for (auto& w : haves_) w.promise.deliver(gone);
  for (auto& [id, p] : reads_) p.deliver(gone);
  for (auto& [id, p] : genuine_) p.deliver(gone);
  infos_.clear();
  haves_.clear();
  reads_.clear();
  genuine_.clear();
  if (link_) caf::anon_send_exit(link_, caf::exit_reason::user_shutdown);
  link_ = nullptr;
}

result<msg::source_actor> start_fetching(runtime::loop& home, fetch_session& session,
                                         const msg::peer_fetch& what) {
  auto name = name_of(what.record);
  if (!name) return tl::unexpected(name.error());
  auto metadata = metadata_of(what.record, *name);
  if (!metadata) return tl::unexpected(metadata.error());
  auto way = std::make_shared<anchor<tracker_link>>(home);
  auto link = runtime::spawn_on<tracker_link>(home, what.tracker, what.record.name, way);
  auto fetch = session.fetch(*name, std::move(*metadata), std::make_shared<linked_finder>(way));
  if (!fetch) {
    caf::anon_send_exit(link, caf::exit_reason::user_shutdown);
    return tl::unexpected(fetch.error());
  }
  return msg::source_actor(runtime::spawn_on<fetch_source>(home, std::move(*name), what.record,
                                                           std::move(*fetch), std::move(link)));
}

} // namespace interswarm::bittorrent
