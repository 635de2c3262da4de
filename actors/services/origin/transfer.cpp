#include "actors/services/origin/transfer.hpp"

#include "actors/runtime/reason.hpp"

#include <algorithm>

namespace interswarm::origin {

namespace {

constexpr std::size_t block_bytes = 1U << 18U;
/// So much in one response makes up for earlier failures of the server.
constexpr std::uint64_t success_bytes = 1U << 20U;

kj::Duration to_kj(instant t) { return t.count() * kj::MICROSECONDS; }

} // namespace

transfer::transfer(std::shared_ptr<origin_hub> hub, job j, transfer_owner& owner)
    : hub_(std::move(hub)), job_(std::move(j)), owner_(owner), position_(job_.from) {
  hub_->board().request_began(job_.server, hub_->now());
  work_ = hub_->fetch()
              .get(std::move(job_.request))
              .then([this](fetch_result&& answer) { return start(std::move(answer)); })
              .eagerlyEvaluate([this](kj::Exception&& failed) {
                end({transfer_end::kind::failed,
                     {errc::unavailable, "broke the transfer off: " + runtime::reason_of(failed)}});
              });
}

transfer::~transfer() { hub_->board().request_ended(job_.server); }

pull_window::transfer_view transfer::view() const {
  pull_window::transfer_view out;
  out.at = std::max(position_, job_.from);
  // Until the head is there, what was asked for is what it will bring.
  out.end = body_.get() == nullptr ? job_.asked.to : end_;
  out.from_start_only = !job_.asked.ranged;
  return out;
}

kj::Promise<void> transfer::start(fetch_result&& answer) {
  if (!answer) {
    end({answer.error().definite ? transfer_end::kind::out : transfer_end::kind::failed,
         answer.error().why});
    return kj::READY_NOW;
  }
  chunked_ = answer->head.chunked;
  const auto v = owner_.on_head(*this, answer->head);
  constexpr std::array<transfer_end::kind, 5> ends{
      transfer_end::kind::complete, transfer_end::kind::again, transfer_end::kind::failed,
      transfer_end::kind::out, transfer_end::kind::conflict};
  if (v.what != verdict::kind::take) {
    end({ends[static_cast<std::size_t>(v.what)], v.why, true, v.retry_after});
    return kj::READY_NOW;
  }
  body_ = kj::mv(answer->body);
  position_ = v.begin;
  end_ = v.end;
  if (end_ && position_ >= *end_) return finished();
  return read_on();
}

kj::Promise<void> transfer::read_on() {
  if (ended_) return kj::READY_NOW;
  if (!owner_.wants_more(*this)) {
    auto pause = kj::newPromiseAndFulfiller<void>();
    resume_ = kj::mv(pause.fulfiller);
    paused_since_ = hub_->now();
    stall_ = {};
    paced_ = {};
    pace_.reset();
    return pause.promise.then([this] { return read_on(); });
  }
  const auto wait = hub_->board().byte_wait(job_.server, hub_->now());
  if (wait > instant::zero())
    return hub_->home().timer().afterDelay(to_kj(wait)).then([this] { return read_on(); });
  if (!block_ || block_used_ == block_bytes) {
    block_ = std::shared_ptr<byte[]>(new byte[block_bytes]);
    block_used_ = 0;
  }
  const auto most = std::min(block_bytes - block_used_, hub_->board().byte_step(job_.server));
  reading_since_ = hub_->now();
  return body_->tryRead(block_.get() + block_used_, 1, most).then([this](std::size_t n) {
    return received(n);
  });
}

kj::Promise<void> transfer::received(std::size_t n) {
  count(n);
  if (n == 0) {
    if (!end_ || position_ == *end_) return finished();
    end({transfer_end::kind::failed,
         {errc::unavailable,
          "ended the transfer " + std::to_string(*end_ - position_) + " bytes early"}});
    return kj::READY_NOW;
  }
  const auto fits = end_ ? std::min<std::uint64_t>(n, *end_ - position_) : n;
  deliver(fits);
  if (fits < n) {
    end({transfer_end::kind::failed, {errc::unavailable, "sends more bytes than it said"}});
    return kj::READY_NOW;
  }
  // Chunks have an end of their own, which may be further on.
  if (end_ && position_ == *end_ && !chunked_) return finished();
  return read_on();
}

void transfer::count(std::size_t n) {
  const auto now = hub_->now();
  const auto took = now - reading_since_.value_or(now);
  reading_since_.reset();
  hub_->board().received(job_.server, n, took, now);
  for (auto* s : {&stall_, &paced_}) {
    s->waited += took;
    s->bytes += n;
  }
  if (stall_.bytes >= hub_->options().stall_bytes) stall_ = {};
  if (paced_.waited >= hub_->options().pace_time) {
    pace_ = paced_.bytes * 1'000'000 / static_cast<std::uint64_t>(paced_.waited.count());
    paced_ = {};
  }
  since_success_ += n;
  if (since_success_ < success_bytes) return;
  since_success_ = 0;
  hub_->board().succeeded(job_.server);
}

void transfer::deliver(std::size_t n) {
  const auto skip = position_ < job_.from ? std::min<std::uint64_t>(n, job_.from - position_) : 0;
  const auto at = position_ + skip;
  const auto* const first = block_.get() + block_used_ + skip;
  discarded_ += skip;
  position_ += n;
  block_used_ += n;
  if (n > skip) owner_.on_data(*this, at, slice(block_, byte_view(first, n - skip)));
}

kj::Promise<void> transfer::finished() {
  hub_->board().succeeded(job_.server);
  end({});
  return kj::READY_NOW;
}

void transfer::wake() {
  if (!paused() || ended_ || !owner_.wants_more(*this)) return;
  auto resume = kj::mv(resume_);
  resume->fulfill();
}

void transfer::check() {
  if (ended_ || !reading_since_) return;
  const auto waited = stall_.waited + (hub_->now() - *reading_since_);
  if (waited < hub_->options().stall_timeout) return;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(waited).count();
  work_ = nullptr;
  end({transfer_end::kind::failed,
       {errc::unavailable,
        "sent " + std::to_string(stall_.bytes) + " bytes in " + std::to_string(seconds) + " s"}});
}

void transfer::end(transfer_end e) {
  if (ended_) return;
  ended_ = true;
  owner_.on_end(*this, e);
}

} // namespace interswarm::origin
