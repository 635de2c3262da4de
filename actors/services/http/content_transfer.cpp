#include "actors/services/http/content_transfer.hpp"

#include <kj/debug.h>

namespace interswarm::http {

content_transfer::content_transfer(kj::Timer& timer, reader read, std::vector<body_part> parts,
                                   limits_of_time times, pacer& pace,
                                   std::function<void(std::uint64_t)> sent)
    : timer_(timer), read_(std::move(read)), window_(std::move(parts)), times_(times), pace_(pace),
      sent_(std::move(sent)) {}

void content_transfer::fill() {
  if (failure_) return;
  while (const auto next = window_.next_read()) {
    if (!first_read_) first_read_ = next->id;
    read_(*next, begun_ ? times_.later_reads : times_.first_bytes,
          [self = weak_from_this(), id = next->id](result<slice> got) {
            if (const auto me = self.lock()) me->arrived(id, std::move(got));
          });
  }
  // Of an answer without content nothing has to come first.
  if (!first_read_) begun_ = true;
}

void content_transfer::arrived(std::uint64_t id, result<slice> got) {
  if (failure_) return;
  if (!got)
    failure_ = got.error();
  else if (!window_.arrived(id, std::move(*got)))
    failure_ = error{errc::refuted, "the source gave other bytes than were asked for"};
  else if (id == first_read_)
    begun_ = true;
  if (waiting_.get() != nullptr) waiting_->fulfill();
}

kj::Promise<void> content_transfer::wait() {
  auto paf = kj::newPromiseAndFulfiller<void>();
  waiting_ = kj::mv(paf.fulfiller);
  return kj::mv(paf.promise);
}

kj::Promise<result<void>> content_transfer::first_bytes() {
  fill();
  if (begun_) return result<void>();
  if (failure_) return result<void>(tl::unexpected(*failure_));
  return wait().then([this] { return first_bytes(); });
}

kj::Promise<void> content_transfer::write_to(kj::AsyncOutputStream& out) {
  out_ = window_.take(pace_.write_limit(limits::write_bytes));
  if (out_.bytes > 0) return write_step(out);
  if (window_.finished()) return kj::READY_NOW;
  if (failure_) return KJ_EXCEPTION(DISCONNECTED, "the source failed");
  return wait().then([this, &out] { return write_to(out); });
}

kj::Promise<void> content_transfer::write_step(kj::AsyncOutputStream& out) {
  views_.clear();
  for (const auto& piece : out_.pieces) views_.push_back(kj::arrayPtr(piece.data(), piece.size()));
  return out.write(kj::arrayPtr(views_.data(), views_.size()))
      .then([this, &out]() -> kj::Promise<void> {
        window_.written(out_.bytes);
        if (sent_ && out_.content_bytes > 0) sent_(out_.content_bytes);
        const auto now_us = (timer_.now() - kj::origin<kj::TimePoint>()) / kj::MICROSECONDS;
        const auto wait_us = pace_.wait_us(out_.bytes, static_cast<std::uint64_t>(now_us));
        out_ = {};
        fill();
        if (wait_us == 0) return write_to(out);
        return timer_.afterDelay(static_cast<std::int64_t>(wait_us) * kj::MICROSECONDS)
            .then([this, &out] { return write_to(out); });
      });
}

} // namespace interswarm::http
