#include "actors/services/pull_work.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "storage/chunk.hpp"

#include <algorithm>
#include <map>

namespace interswarm::services {

namespace {

using namespace std::chrono_literals;

constexpr auto info_wait_ms = 2'000u;
constexpr auto info_timeout = 90s;
constexpr auto read_deadline = 60s;
constexpr auto take_timeout = 600s;
constexpr auto pause = 1s;
/// Without any progress for so long the work is given up.
constexpr auto patience = 600s;
/// Reads on their way, of 4 MiB each: an origin is asked in order.
constexpr std::size_t reads_in_flight = 4;
constexpr std::uint32_t max_wait_ms = 60'000;

bool definite(errc code) {
  return code == errc::denied || code == errc::not_found || code == errc::conflict ||
         code == errc::malformed || code == errc::refuted || code == errc::unimplemented;
}

using instant = std::chrono::steady_clock::time_point;

class pull_work final : public runtime::loop_actor<pull_work_actor> {
public:
  pull_work(caf::actor_config& config, runtime::loop& home, publish_context context,
            msg::publication draft, pulled_source from, slice holder)
      : loop_actor(config, home), ctx_(std::move(context)), draft_(std::move(draft)),
        from_(std::move(from)), holder_(std::move(holder)) {
    state_.total_bytes = msg::unknown_size;
  }
  ~pull_work() noexcept override = default;

  const char* name() const override { return "pull-work"; }
  void on_exit() override {
    waiters_.clear();
    arrived_.clear();
    from_ = {};
    work_ = nullptr;
    ctx_ = {};
  }
  behavior_type make_behavior() override {
    moved_at_ = now();
    ask_size(0);
    return {
        [this](const msg::publishing_progress& x) { return progress(x); },
        [this](const msg::publishing_cancel&) {
          fail_with({errc::cancelled, "it was cancelled"});
        },
        [this](pull_tick) { work_ ? read_more() : ask_size(0); },
    };
  }

private:
  caf::result<msg::publishing_progress_result> progress(const msg::publishing_progress& x) {
    if (work_) return delegate(work_, x);
    auto promise = make_response_promise<msg::publishing_progress_result>();
    if (state_.finished) {
      promise.deliver(msg::publishing_progress_result{state_});
      return promise;
    }
    waiters_.push_back(promise);
    const auto wait = std::min(x.wait_ms, max_wait_ms) * kj::MILLISECONDS;
    home()
        .timer()
        .afterDelay(wait)
        .then([promise, state = state_]() mutable {
          if (promise.pending()) promise.deliver(msg::publishing_progress_result{state});
        })
        .detach([](kj::Exception&&) {});
    return promise;
  }

  void ask_size(std::uint64_t version) {
    if (state_.finished) return;
    if (now() - moved_at_ > patience)
      return fail_with(
          {errc::timed_out, "no origin gave the content in 10 minutes; last: " + state_.note});
    request(from_.source, info_timeout, msg::source_info{version, info_wait_ms})
        .then(
            [this](const msg::source_info_result& r) {
              const bool unmeasured = from_.comes_unmeasured && from_.comes_unmeasured();
              if (r.info.size == msg::unknown_size && !unmeasured) return ask_size(r.info.version);
              begin(r.info.size);
            },
            [this](const caf::error& e) { trouble(runtime::to_error(e)); });
  }

  void begin(std::uint64_t size) {
    if (from_.describe) from_.describe(draft_);
    auto work = spawn_publish_work(home(), ctx_, draft_, size, holder_);
    if (!work) return fail_with(work.error());
    size_ = size;
    work_ = std::move(*work);
    for (auto& w : waiters_)
      if (w.pending()) w.deliver(msg::publishing_progress_result{state_});
    waiters_.clear();
    moved_at_ = now();
    if (size == 0) return finish();
    read_more();
  }

  void read_more() {
    for (auto again = std::exchange(again_, {}); const auto& r : again) read(r);
    // Of an origin that does not say how much there is, one piece after the other.
    const auto most = size_ == msg::unknown_size ? 1 : reads_in_flight;
    while (!state_.finished && next_read_ < size_ &&
           reading_ + again_.size() + arrived_.size() < most) {
      const byte_range r{next_read_, std::min(next_read_ + chunk_bytes, size_)};
      next_read_ = r.end;
      read(r);
    }
  }

  void read(byte_range r) {
    ++reading_;
    msg::source_read question;
    question.range = {r.begin, r.end};
    question.deadline_ms =
        static_cast<std::uint32_t>(std::chrono::milliseconds(read_deadline).count());
    request(from_.source, read_deadline + 5s, std::move(question))
        .then(
            [this, r](const msg::source_read_result& x) {
              --reading_;
              moved_at_ = now();
              arrived_.emplace(r.begin, x.data);
              give_more();
              read_more();
            },
            [this, r](const caf::error& e) {
              --reading_;
              const auto why = runtime::to_error(e);
              if (size_ == msg::unknown_size && why.code == errc::malformed)
                return ask_end(r.begin);
              again_.push_back(r);
              trouble(why);
            });
  }

  /// The read went beyond the end, which is known now.
  void ask_end(std::uint64_t begin) {
    request(from_.source, info_timeout, msg::source_info{0, 0})
        .then(
            [this, begin](const msg::source_info_result& r) {
              if (r.info.size == msg::unknown_size || r.info.size < begin)
                return fail_with(
                    {errc::conflict, "the origin's content ended where it should not"});
              size_ = r.info.size;
              next_read_ = begin;
              if (size_ == next_give_) return finish();
              read_more();
            },
            [this](const caf::error& e) { trouble(runtime::to_error(e)); });
  }

  void give_more() {
    const auto next = arrived_.find(next_give_);
    if (giving_ || next == arrived_.end() || state_.finished) return;
    giving_ = true;
    auto data = std::move(next->second);
    arrived_.erase(next);
    const auto count = data.size();
    request(work_, take_timeout, take_block{next_give_, std::move(data)})
        .then(
            [this, count] {
              giving_ = false;
              next_give_ += count;
              if (next_give_ == size_) return finish();
              give_more();
              read_more();
            },
            [this](const caf::error& e) { fail_with(runtime::to_error(e)); });
  }

  void finish() {
    request(work_, take_timeout, take_end{size_})
        .then([] {}, [this](const caf::error& e) { fail_with(runtime::to_error(e)); });
    from_ = {};
  }

  void trouble(const error& why) {
    if (state_.finished) return;
    if (definite(why.code)) return fail_with(why);
    if (now() - moved_at_ > patience)
      return fail_with({errc::timed_out, "no origin delivered for 10 minutes; last: " + why.text});
    state_.note = to_string(why);
    if (work_) send(work_, work_note{state_.note});
    delayed_send(this, pause, pull_tick{});
  }

  void fail_with(const error& why) {
    if (state_.finished) return;
    state_.failure = to_string(why);
    state_.finished = true;
    from_ = {};
    arrived_.clear();
    if (work_) send(work_, abandon_work{why});
    for (auto& w : waiters_)
      if (w.pending()) w.deliver(msg::publishing_progress_result{state_});
    waiters_.clear();
  }

  static instant now() { return std::chrono::steady_clock::now(); }

  publish_context ctx_;
  msg::publication draft_;
  pulled_source from_;
  slice holder_;
  msg::publish_state state_;
  std::vector<caf::typed_response_promise<msg::publishing_progress_result>> waiters_;
  publish_work_actor work_;
  std::uint64_t size_ = 0;
  std::uint64_t next_read_ = 0;
  std::uint64_t next_give_ = 0;
  std::size_t reading_ = 0;
  bool giving_ = false;
  std::map<std::uint64_t, slice> arrived_;
  /// Reads that failed, for the next try.
  std::vector<byte_range> again_;
  instant moved_at_{};
};

} // namespace

msg::publishing_actor spawn_pull_work(runtime::loop& home, publish_context context,
                                      msg::publication draft, pulled_source from, slice holder) {
  return caf::actor_cast<msg::publishing_actor>(runtime::spawn_on<pull_work>(
      home, std::move(context), std::move(draft), std::move(from), std::move(holder)));
}

} // namespace interswarm::services
