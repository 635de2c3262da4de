#include "actors/overlays/ppsp/offer.hpp"

#include "actors/runtime/log.hpp"
#include "actors/runtime/off_loop.hpp"
#include "schema/base/encoding.hpp"

namespace interswarm::ppsp {

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t read_deadline_ms = 120'000;
constexpr std::uint32_t news_wait_ms = 20'000;
constexpr auto answer_slack = 5s;
constexpr instant after_failure = 1s;
constexpr instant serving_look_every = 1s;
/// A source whose bytes lack or are wrong is asked for the whole tree no more often than this.
constexpr instant tree_again = 10s;

} // namespace

offer::place::~place() {
  if (!swarm) return;
  swarm->close();
  seat.stir();
}

offer::offer(caf::actor_config& config, runtime::loop& at, std::shared_ptr<hub> h,
             const peer_options& options, msg::peer_serve what, swarm_key key)
    : loop_actor(config, at), options_(options), record_(std::move(what.record)),
      key_(std::move(key)), source_(std::move(what.source)), tracker_(std::move(what.tracker)),
      place_(at, std::in_place, std::move(h), key_.id), self_(std::make_shared<offer*>(this)) {}

offer::behavior_type offer::make_behavior() {
  tasks_ = runtime::on_loop<kj::TaskSet>(home(), std::in_place, errors_);
  asked_at_ = place_->port->now();
  if (record_.size == msg::unknown_size)
    learn_size(0);
  else
    take_size(record_.size);
  if (tracker_) {
    finder_ =
        runtime::spawn_on<swarm_finder>(home(), std::exchange(tracker_, nullptr), record_.name,
                                        [self = self_](const std::vector<endpoint>& peers) {
                                          if (*self != nullptr) (*self)->dial(peers);
                                        });
  }
  look();
  return {[this](const msg::serving_status&) { return msg::serving_status_result{state()}; }};
}

void offer::on_exit() {
  *self_ = nullptr;
  tasks_.reset();
  maker_.reset();
  place_.reset();
  if (finder_) caf::anon_send_exit(finder_, caf::exit_reason::user_shutdown);
  finder_ = nullptr;
  source_ = nullptr;
}

msg::serving_state offer::state() const {
  msg::serving_state out;
  if (!place_) return out;
  out.idle_ms = static_cast<std::uint64_t>((place_->port->now() - asked_at_) / 1ms);
  if (!place_->swarm) return out;
  out.clients = static_cast<std::uint32_t>(place_->swarm->clients());
  out.bytes_sent = place_->swarm->counted().bytes_sent;
  out.completed = static_cast<std::uint32_t>(place_->swarm->counted().completed);
  return out;
}

void offer::learn_size(std::uint64_t after) {
  request(source_, std::chrono::milliseconds(news_wait_ms) + answer_slack,
          msg::source_info{after, news_wait_ms})
      .then(
          [this](const msg::source_info_result& got) {
            if (got.info.size == msg::unknown_size) return learn_size(got.info.version);
            take_size(got.info.size);
          },
          [this](const caf::error&) { later(after_failure, [this] { learn_size(0); }); });
}

void offer::take_size(std::uint64_t size) {
  size_ = size;
  if (size == 0) return refute();
  auto known = read_groups(record_, key_, chunks_of(size, key_.chunk_bytes));
  if (known) return begin(std::move(*known));
  make_tree();
}

void offer::make_tree() {
  maker_ = std::make_unique<tree_maker>(
      key_.hash, key_.chunk_bytes, size_,
      tree_maker::hooks{[this](byte_range range, std::function<void(result<slice>)> then) {
                          read(range, false, std::move(then));
                        },
                        [this](std::function<tree_maker::groups()> work,
                               std::function<void(tree_maker::groups)> then) {
                          off_loop(home(), caf::strong_actor_ptr{ctrl()}, std::move(work),
                                   std::move(then));
                        }},
      [this](result<tree_maker::groups> groups) {
        // Not from within the maker, which goes away here.
        later(0us, [this, groups = std::move(groups)]() mutable {
          maker_.reset();
          if (!groups) {
            runtime::log().warn("ppsp: no tree of {}: {}", to_hex(key_.id), groups.error().text);
            return later(tree_again, [this] { make_tree(); });
          }
          if (!groups_fit(*groups, key_, chunks_of(size_, key_.chunk_bytes))) return refute();
          begin(std::move(*groups));
        });
      });
  maker_->start();
}

void offer::refute() {
  runtime::log().warn("ppsp: {} is not served: the source's bytes have another root",
                      to_hex(key_.id));
  request(source_, 10s, msg::source_judge{{0, size_}, msg::verdict::bad})
      .then([] {}, [](const caf::error&) {});
}

void offer::begin(tree_maker::groups groups) {
  swarm_terms terms;
  terms.id = key_.id;
  terms.hash = key_.hash;
  terms.chunk_bytes = key_.chunk_bytes;
  serving_swarm::limits l;
  l.clients = options_.clients;
  auto tree = std::make_shared<const group_tree>(key_.hash, chunks_of(size_, key_.chunk_bytes),
                                                 std::move(groups));
  place_->swarm = std::make_unique<serving_swarm>(
      std::move(terms), std::move(tree), place_->seat,
      [self = self_](std::uint64_t group) {
        if (*self != nullptr) (*self)->read_group(group);
      },
      l);
  place_->swarm->only({});
  place_->seat.take(*place_->swarm);
  watch(0);
}

void offer::read_group(std::uint64_t group) {
  const auto group_bytes = group_tree::group_chunks * key_.chunk_bytes;
  const byte_range range{group * group_bytes, std::min(size_, (group + 1) * group_bytes)};
  read(range, true, [this, group, range](result<slice> data) {
    if (!place_ || !place_->swarm) return;
    if (!data || data->size() != range.size())
      return later(after_failure, [this, group] { place_->swarm->group_lost(group); });
    const auto got = data->view();
    const bool good =
        place_->swarm->group_read(group, bytes(got.begin(), got.end()), place_->port->now());
    if (!good) {
      request(source_, 10s, msg::source_judge{{range.begin, range.end}, msg::verdict::bad})
          .then([] {}, [](const caf::error&) {});
    }
    place_->seat.stir();
  });
}

void offer::read(byte_range range, bool urgent, std::function<void(result<slice>)> then) {
  const auto shared = std::make_shared<std::function<void(result<slice>)>>(std::move(then));
  msg::source_read ask;
  ask.range = {range.begin, range.end};
  ask.deadline_ms = read_deadline_ms;
  ask.urgent = urgent;
  request(source_, std::chrono::milliseconds(read_deadline_ms) + answer_slack, ask)
      .then([shared](const msg::source_read_result& got) { (*shared)(got.data); },
            [shared](const caf::error& e) { (*shared)(tl::unexpected(runtime::to_error(e))); });
}

void offer::watch(std::uint64_t after) {
  request(source_, std::chrono::milliseconds(news_wait_ms) + answer_slack,
          msg::source_have{after, news_wait_ms})
      .then([this](const msg::source_have_result& have) { take_available(have); },
            [this](const caf::error&) { later(after_failure, [this] { watch(0); }); });
}

/// Only whole chunks can be proved.
void offer::take_available(const msg::source_have_result& have) {
  range_set chunks;
  for (const auto& r : have.ranges) {
    const auto end = r.end >= size_ ? chunks_of(size_, key_.chunk_bytes) : r.end / key_.chunk_bytes;
    chunks.add({chunks_of(r.begin, key_.chunk_bytes), end});
  }
  place_->swarm->only(std::move(chunks));
  place_->seat.stir();
  told_ = true;
  dial(std::exchange(dial_first_, {}));
  watch(have.version);
}

void offer::dial(const std::vector<endpoint>& peers) {
  if (!place_ || !place_->swarm || !told_) {
    dial_first_ = peers;
    return;
  }
  for (const auto& p : peers) {
    if (p != place_->port->listening()) place_->swarm->dial(p, place_->port->now());
  }
  place_->seat.stir();
}

void offer::look() {
  if (place_->swarm && place_->swarm->counted().requests != requests_) {
    requests_ = place_->swarm->counted().requests;
    asked_at_ = place_->port->now();
  }
  later(serving_look_every, [this] { look(); });
}

void offer::later(instant delay, std::function<void()> what) {
  tasks_->add(
      home().timer().afterDelay(delay.count() * kj::MICROSECONDS).then([what = std::move(what)] {
        what();
      }));
}

} // namespace interswarm::ppsp
