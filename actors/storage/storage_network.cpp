#include "actors/runtime/log.hpp"
#include "actors/runtime/reason.hpp"
#include "actors/runtime/registration.hpp"
#include "actors/storage/storage_network_party.hpp"

#include <utility>

namespace interswarm::storage {

namespace {

constexpr auto network_chore_interval = 500 * kj::MILLISECONDS;

} // namespace

storage_network_party::storage_network_party(caf::actor_config& config, runtime::loop& home,
                                             storage_network_options options)
    : loop_actor(config, home), options_(std::move(options)), board_(options_.timing),
      cache_(options_.cache ? options_.cache : std::make_shared<chunk_cache>(options_.cache_bytes)),
      pool_(std::make_unique<runtime::worker_pool>(options_.threads)),
      hub_(std::make_shared<hub>()) {
  hub_->owner = this;
}

void storage_network_party::on_exit() {
  hub_->owner = nullptr;
  chores_.reset();
  watch_.reset();
  pool_.reset();
  nodes_.clear();
  until_complete_.clear();
  const auto ended = runtime::make_caf_error(errc::cancelled, "the storage network ended");
  for (auto& [id, p] : puts_) p.promise.deliver(ended);
  puts_.clear();
  for (auto& [name, r] : reads_) answer(r, ended);
  reads_.clear();
  for (auto& [id, p] : parts_) p.promise.deliver(ended);
  parts_.clear();
}

storage_network_party::behavior_type storage_network_party::make_behavior() {
  chores_ =
      runtime::on_loop<kj::Promise<void>>(home(), chores().eagerlyEvaluate([](kj::Exception&& e) {
        runtime::log().error("the storage network stopped: {}", runtime::reason_of(e));
      }));
  return {
      [this](const msg::storage_network_join& x) { return join(x); },
      [this](const msg::storage_network_put& x) { return put(x); },
      [this](const msg::storage_network_chunk& x) { return chunk(x); },
      [this](const msg::storage_network_open& x) { return open(x); },
      [this](const msg::storage_network_members&) { return members(); },
      [this](const msg::storage_network_hold& x) { return hold(x); },
      [this](const msg::storage_network_release& x) { return release(x); },
      [this](const msg::storage_network_part& x) { return part(x); },
      [this](const msg::storage_network_expect& x) { return expect(x); },
  };
}

caf::result<msg::storage_network_join_result>
storage_network_party::join(const msg::storage_network_join& x) {
  if (!x.node) return runtime::make_caf_error(errc::malformed, "no storage node");
  auto promise = make_response_promise<msg::storage_network_join_result>();
  request(x.node, options_.patience, msg::storage_node_stat{})
      .then(
          [this, promise, node = x.node](const msg::storage_node_stat_result& told) mutable {
            const auto number = board_.joined(told.state, clock_now());
            if (!number) {
              promise.deliver(runtime::make_caf_error(number.error()));
              return;
            }
            if (nodes_.size() <= *number) nodes_.resize(*number + 1);
            auto& m = nodes_[*number];
            m = {node, ++joins_, clock_now(), false};
            runtime::log().info("storage node {} joined, {} chunks", told.state.id,
                                told.state.chunks);
            promise.deliver(msg::storage_network_join_result{membership(*number, m.joined)});
            run_if_complete();
          },
          [promise](const caf::error& e) mutable { promise.deliver(e); });
  return promise;
}

msg::registration_actor storage_network_party::membership(node_board::number n,
                                                          std::uint64_t joined) {
  return runtime::spawn_on<runtime::registration>(
      home(),
      [weak = std::weak_ptr(hub_), n, joined] {
        const auto h = weak.lock();
        const bool in =
            h && h->owner && h->owner->nodes_[n].joined == joined && h->owner->nodes_[n].handle;
        return msg::registration_check_result{in, in ? "a member" : "not a member any more"};
      },
      [weak = std::weak_ptr(hub_), loop = home().weak_from_this(), n, joined] {
        const auto at = loop.lock();
        if (!at) return;
        at->post([weak, n, joined] {
          const auto h = weak.lock();
          if (h && h->owner && h->owner->nodes_[n].joined == joined) h->owner->leave(n, "left");
        });
      });
}

void storage_network_party::leave(node_board::number n, std::string_view why) {
  if (!nodes_[n].handle) return;
  runtime::log().warn("storage node {} {}", board_.state_of(n).id, why);
  nodes_[n].handle = nullptr;
  board_.lost(n);
}

kj::Promise<void> storage_network_party::chores() {
  return home().timer().afterDelay(network_chore_interval).then([this] {
    const auto now = clock_now();
    for (node_board::number n = 0; n < nodes_.size(); ++n) ask_state(n, now);
    run_if_complete();
    return chores();
  });
}

void storage_network_party::ask_state(node_board::number n, instant now) {
  auto& m = nodes_[n];
  if (!m.handle || m.asking || now - m.asked_at < options_.ask_every) return;
  m.asking = true;
  m.asked_at = now;
  request(m.handle, options_.timing.away_after, msg::storage_node_stat{})
      .then(
          [this, n, joined = m.joined](const msg::storage_node_stat_result& told) {
            if (nodes_[n].joined != joined) return;
            nodes_[n].asking = false;
            board_.heard(n, told.state, clock_now());
          },
          [this, n, joined = m.joined](const caf::error& e) {
            if (nodes_[n].joined != joined) return;
            nodes_[n].asking = false;
            note_failure(n, joined, e);
          });
}

void storage_network_party::note_failure(node_board::number n, std::uint64_t joined,
                                         const caf::error& e) {
  if (has_ended(e) && nodes_[n].joined == joined) leave(n, "went away");
}

caf::result<msg::storage_network_members_result> storage_network_party::members() {
  msg::storage_network_members_result out;
  out.copies = static_cast<std::uint8_t>(options_.copies);
  const auto now = clock_now();
  for (node_board::number n = 0; n < board_.size(); ++n) {
    out.members.push_back({board_.state_of(n),
                           static_cast<msg::presence>(board_.presence_of(n, now)),
                           nodes_[n].handle});
  }
  return out;
}

caf::result<void> storage_network_party::expect(const msg::storage_network_expect& x) {
  const auto now = clock_now();
  for (const auto& id : x.ids) board_.expect(id, now);
  return caf::unit;
}

void storage_network_party::when_complete(std::function<void()> work) {
  until_complete_.push_back(std::move(work));
  run_if_complete();
  if (until_complete_.size() == 1)
    runtime::log().info("chunks are kept waiting for storage nodes that have yet to join");
}

void storage_network_party::run_if_complete() {
  if (until_complete_.empty() || !board_.complete(clock_now())) return;
  for (const auto& work : std::exchange(until_complete_, {})) work();
}

msg::storage_network_actor spawn_storage_network(runtime::loop& home,
                                                 storage_network_options options) {
  return runtime::spawn_on<storage_network_party>(home, std::move(options));
}

} // namespace interswarm::storage
