#include "actors/services/content_publish.hpp"

#include "actors/bridge/hash_worker.hpp"
#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/promise.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "actors/services/publish_end.hpp"
#include "schema/base/encoding.hpp"
#include "storage/chunk.hpp"
#include "storage/content_hasher.hpp"

#include <algorithm>
#include <deque>
#include <list>
#include <map>

namespace interswarm::services {

namespace {

using namespace std::chrono_literals;

using instant = std::chrono::steady_clock::time_point;

constexpr auto hash_timeout = 600s;
constexpr auto put_timeout = 120s;
constexpr auto put_pause = 200ms;
/// A chunk that the network would not take this often in a row fails the work.
constexpr std::uint32_t max_put_tries = 20;
constexpr std::uint32_t max_publish_wait_ms = 60'000;

class publish_work final : public runtime::loop_actor<publish_work_actor> {
public:
  publish_work(caf::actor_config& config, runtime::loop& home, publish_context context,
               msg::publication draft, std::uint64_t size, slice holder)
      : loop_actor(config, home), ctx_(std::move(context)), draft_(std::move(draft)), size_(size),
        holder_(std::move(holder)) {
    state_.total_bytes = size;
  }
  ~publish_work() noexcept override = default;

  const char* name() const override { return "publish-work"; }
  void on_exit() override;
  behavior_type make_behavior() override;

private:
  struct chunk_work {
    slice data;
    std::uint32_t tries = 0;
  };
  struct waiter {
    std::uint64_t after = 0;
    instant until{};
    caf::typed_response_promise<msg::publishing_progress_result> promise;
  };

  // What comes in.
  caf::result<void> take(const take_block& x);
  void hash(const slice& data, caf::typed_response_promise<void> promise);
  void cut(slice data);
  void add_chunk(slice data);
  void release_takers();
  caf::result<void> end(std::uint64_t size);
  // What is stored.
  void name_chunk_of(std::size_t index);
  void put(std::size_t index);
  void put_failed(std::size_t index, const error& why);
  // How it ends.
  void go_on();
  void succeed(entered_publication entered);
  void fail_with(const error& why);
  void tell();
  void give_chunks_up();
  void put_ended();
  static instant now() { return std::chrono::steady_clock::now(); }

  publish_context ctx_;
  msg::publication draft_;
  std::uint64_t size_;
  slice holder_;
  msg::publish_state state_;
  std::list<waiter> waiters_;
  bridge::hash_worker_actor worker_;
  std::uint64_t taken_ = 0;
  std::size_t hashing_ = 0;
  bool ended_ = false;
  bool closing_ = false;
  /// Bytes of a chunk that is not whole yet.
  bytes partial_;
  std::vector<slice> names_;
  /// By chunk, for the content id: the bytes are hashed once for both.
  std::vector<slice> leaves_;
  std::size_t next_chunk_ = 0;
  std::map<std::size_t, chunk_work> chunks_;
  /// Asked of the network and not answered.
  std::size_t puts_ = 0;
  /// Takers whose bytes are hashed while too many chunks are on their way.
  std::deque<caf::typed_response_promise<void>> held_takers_;
  caf::actor closer_;
};

publish_work::behavior_type publish_work::make_behavior() {
  auto plan = bridge::plan_for(ctx_.namings, size_);
  plan.bep52 = false;
  worker_ = bridge::spawn_hash_worker(system(), plan);
  return {
      [this](const msg::publishing_progress& x) {
        auto promise = make_response_promise<msg::publishing_progress_result>();
        const auto wait = std::chrono::milliseconds(std::min(x.wait_ms, max_publish_wait_ms));
        waiters_.push_back({x.after_bytes, now() + wait, promise});
        home()
            .timer()
            .afterDelay(wait.count() * kj::MILLISECONDS)
            .then([self = caf::actor_cast<caf::weak_actor_ptr>(this), this] {
              if (caf::actor_cast<caf::strong_actor_ptr>(self)) tell();
            })
            .detach([](kj::Exception&&) {});
        tell();
        return promise;
      },
      [this](const msg::publishing_cancel&) {
        fail_with({errc::cancelled, "it was cancelled"});
      },
      [this](const take_block& x) { return take(x); },
      [this](const take_end& x) { return end(x.size); },
      [this](const abandon_work& x) { fail_with(x.why); },
      [this](const work_note& x) {
        state_.note = x.text;
        tell();
      },
      [this](const chunk_named& x) {
        names_[x.index] = x.name;
        leaves_[x.index] = x.leaves;
        put(x.index);
      },
      [this](const put_again& x) { put(x.index); },
  };
}

void publish_work::on_exit() {
  if (worker_) caf::anon_send_exit(worker_, caf::exit_reason::user_shutdown);
  worker_ = nullptr;
  // Of puts under way the keeper finds what they leave.
  const bool given_up = state_.finished && puts_ == 0;
  puts_ = 0;
  if (!given_up) give_chunks_up();
  closer_ = nullptr;
  waiters_.clear();
  held_takers_.clear();
  chunks_.clear();
  ctx_ = {};
}

caf::result<void> publish_work::take(const take_block& x) {
  if (state_.finished)
    return runtime::make_caf_error(
        errc::cancelled, state_.failure.empty() ? "it is all there already" : state_.failure);
  if (ended_ || x.data.size() > msg::max_read_bytes || x.offset + x.data.size() > size_)
    return runtime::make_caf_error(errc::malformed, "bytes beyond the end that was announced");
  if (x.offset > taken_)
    return runtime::make_caf_error(errc::conflict, "bytes are missing before offset " +
                                                       std::to_string(x.offset) + "; go on at " +
                                                       std::to_string(taken_));
  if (x.offset + x.data.size() <= taken_) return caf::unit;
  if (hashing_ >= blocks_in_flight || held_takers_.size() >= blocks_in_flight)
    return runtime::make_caf_error(errc::overloaded, "too many blocks are on their way");
  auto fresh = x.data.sub(taken_ - x.offset, x.offset + x.data.size() - taken_);
  auto promise = make_response_promise<void>();
  taken_ += fresh.size();
  state_.done_bytes = taken_;
  hash(fresh, promise);
  cut(std::move(fresh));
  tell();
  return promise;
}

void publish_work::hash(const slice& data, caf::typed_response_promise<void> promise) {
  ++hashing_;
  request(worker_, hash_timeout, bridge::hash_block{data})
      .then(
          [this, promise]() mutable {
            --hashing_;
            if (chunks_.size() < chunks_in_flight) {
              runtime::deliver_nothing(promise);
            } else {
              held_takers_.push_back(std::move(promise));
            }
            go_on();
          },
          [this, promise](const caf::error& why) mutable {
            --hashing_;
            promise.deliver(why);
            fail_with(runtime::to_error(why));
          });
}

/// Chunks out of blocks; a block that is one is not copied.
void publish_work::cut(slice data) {
  if (partial_.empty() && data.size() == chunk_bytes) return add_chunk(std::move(data));
  std::size_t at = 0;
  while (at < data.size()) {
    const auto count = std::min<std::size_t>(chunk_bytes - partial_.size(), data.size() - at);
    if (partial_.empty()) partial_.reserve(chunk_bytes);
    const auto part = data.view().subspan(at, count);
    partial_.insert(partial_.end(), part.begin(), part.end());
    at += count;
    if (partial_.size() == chunk_bytes) add_chunk(slice(std::exchange(partial_, {})));
  }
  if (taken_ == size_ && !partial_.empty()) add_chunk(slice(std::exchange(partial_, {})));
}

void publish_work::add_chunk(slice data) {
  const auto index = next_chunk_++;
  names_.resize(next_chunk_);
  leaves_.resize(next_chunk_);
  chunks_[index].data = std::move(data);
  name_chunk_of(index);
}

void publish_work::name_chunk_of(std::size_t index) {
  ctx_.pool->run(
      [self = caf::actor_cast<publish_work_actor>(this), index, data = chunks_[index].data] {
        auto leaves = bep52_leaves(data);
        const auto name = bep52_root(leaves, chunk_leaves);
        caf::anon_send(self, chunk_named{index, slice::copy_of(name), slice(std::move(leaves))});
      });
}

void publish_work::put(std::size_t index) {
  const auto at = chunks_.find(index);
  if (at == chunks_.end() || state_.finished) return;
  ++puts_;
  request(ctx_.network, put_timeout,
          msg::storage_network_put{names_[index], at->second.data, holder_})
      .then(
          [this, index](const msg::storage_network_put_result&) {
            put_ended();
            const auto done_at = chunks_.find(index);
            if (done_at == chunks_.end()) return;
            state_.stored_bytes += done_at->second.data.size();
            state_.note.clear();
            chunks_.erase(done_at);
            release_takers();
            tell();
            go_on();
          },
          [this, index](const caf::error& why) {
            put_ended();
            put_failed(index, runtime::to_error(why));
          });
}

void publish_work::put_ended() {
  if (--puts_ == 0 && state_.finished) give_chunks_up();
}

void publish_work::put_failed(std::size_t index, const error& why) {
  const auto at = chunks_.find(index);
  if (at == chunks_.end() || state_.finished) return;
  if (why.code != errc::overloaded) {
    state_.note = to_string(why);
    if (++at->second.tries >= max_put_tries || why.code == errc::refuted) return fail_with(why);
  }
  delayed_send(this, put_pause * (1 + at->second.tries), put_again{index});
}

void publish_work::release_takers() {
  while (!held_takers_.empty() && chunks_.size() < chunks_in_flight) {
    runtime::deliver_nothing(held_takers_.front());
    held_takers_.pop_front();
  }
}

caf::result<void> publish_work::end(std::uint64_t size) {
  if (state_.finished || ended_) return caf::unit;
  if (taken_ != size || (size_ != msg::unknown_size && size != size_))
    return runtime::make_caf_error(errc::conflict,
                                   "only " + std::to_string(taken_) + " of " +
                                       std::to_string(size_ == msg::unknown_size ? size : size_) +
                                       " bytes came");
  size_ = size;
  state_.total_bytes = size;
  if (!partial_.empty()) add_chunk(slice(std::exchange(partial_, {})));
  ended_ = true;
  go_on();
  return caf::unit;
}

void publish_work::go_on() {
  if (!ended_ || closing_ || state_.finished || hashing_ > 0 || !chunks_.empty()) return;
  closing_ = true;
  bridge::hash_finish rest;
  for (const auto& some : leaves_) append(rest.bep52_leaves, some);
  leaves_.clear();
  request(worker_, hash_timeout, std::move(rest))
      .then(
          [this](const bridge::hash_done& r) {
            publish_ending what{draft_, r.hashes, {}, holder_};
            for (const auto& n : names_)
              what.chunks.insert(what.chunks.end(), n.view().begin(), n.view().end());
            what.draft.published_at = runtime::unix_seconds();
            const auto self = caf::actor_cast<caf::weak_actor_ptr>(this);
            closer_ = end_publication(home(), ctx_, std::move(what),
                                      [this, self](result<entered_publication> x) {
                                        if (!caf::actor_cast<caf::strong_actor_ptr>(self)) return;
                                        if (x) {
                                          succeed(std::move(*x));
                                        } else {
                                          fail_with(x.error());
                                        }
                                      });
          },
          [this](const caf::error& why) { fail_with(runtime::to_error(why)); });
}

void publish_work::succeed(entered_publication entered) {
  if (state_.finished) return;
  runtime::log().info("published {} ({} bytes) for {}", to_hex(entered.what.content_id), size_,
                      printable(draft_.tenant));
  state_.publication = std::move(entered.what);
  state_.records = std::move(entered.records);
  if (ctx_.links) state_.links = ctx_.links(state_.records, state_.publication);
  state_.note.clear();
  state_.finished = true;
  give_chunks_up();
  tell();
}

void publish_work::fail_with(const error& why) {
  if (state_.finished) return;
  state_.failure = to_string(why);
  state_.finished = true;
  for (auto& taker : held_takers_) taker.deliver(runtime::make_caf_error(why));
  held_takers_.clear();
  chunks_.clear();
  give_chunks_up();
  tell();
}

/// Of a content that was published its own holds stay. A put that is under way would hold again.
void publish_work::give_chunks_up() {
  if (ctx_.network && puts_ == 0)
    caf::anon_send(ctx_.network, msg::storage_network_release{holder_});
}

void publish_work::tell() {
  const auto time = now();
  for (auto at = waiters_.begin(); at != waiters_.end();) {
    if (!state_.finished && state_.done_bytes <= at->after && time < at->until) {
      ++at;
      continue;
    }
    at->promise.deliver(msg::publishing_progress_result{state_});
    at = waiters_.erase(at);
  }
}

} // namespace

result<publish_work_actor> spawn_publish_work(runtime::loop& home, publish_context context,
                                              msg::publication draft, std::uint64_t size,
                                              slice holder) {
  const auto plan = bridge::plan_for(context.namings, size);
  if (auto ok = content_hasher::check(plan); !ok) return tl::unexpected(ok.error());
  return runtime::spawn_on<publish_work>(home, std::move(context), std::move(draft), size,
                                         std::move(holder));
}

} // namespace interswarm::services
