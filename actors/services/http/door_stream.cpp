#include "actors/services/http/door_stream.hpp"

#include <kj/debug.h>
#include <string_view>

namespace interswarm::http {

namespace {

constexpr std::string_view head_too_large =
    "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: "
    "0\r\n\r\n";

} // namespace

door_stream::door_stream(kj::Own<kj::AsyncIoStream> inner, const ip_address& peer,
                         std::size_t header_bytes, kj::Timer& timer, list& all)
    : inner_(kj::mv(inner)), peer_(peer), header_bytes_(header_bytes), timer_(timer), all_(all),
      place_(all.insert(all.end(), this)) {
  auto paf = kj::newPromiseAndFulfiller<void>();
  cut_promise_ = kj::mv(paf.promise);
  cut_ = kj::mv(paf.fulfiller);
}

door_stream::~door_stream() noexcept(false) { all_.erase(place_); }

void door_stream::cut() { cut_->reject(KJ_EXCEPTION(DISCONNECTED, "the client is too slow")); }

void door_stream::begin_request() {
  in_request_ = true;
  read_ = 0;
}

kj::Promise<std::size_t> door_stream::tryRead(void* buffer, std::size_t min, std::size_t max) {
  if (input_ended_) return std::size_t{0};
  if (!in_request_ && read_ >= header_bytes_) return refuse_head();
  return inner_->tryRead(buffer, min, max).then([this](std::size_t got) {
    read_ += got;
    return got;
  });
}

/// kj-http reads a head only when all answers before it are out.
kj::Promise<std::size_t> door_stream::refuse_head() {
  return write(head_too_large.data(), head_too_large.size()).then([]() -> std::size_t {
    kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "a request's head is too large"));
  });
}

kj::Promise<void> door_stream::timed(kj::Promise<void> writing) {
  writing_since_ = timer_.now();
  return writing.then([this] {
    writing_since_ = nullptr;
    held_.clear();
  });
}

kj::Promise<void> door_stream::write(const void* buffer, std::size_t size) {
  const auto* bytes = static_cast<const kj::byte*>(buffer);
  if (hold_) {
    hold_ = false;
    held_.assign(bytes, bytes + size);
    return kj::READY_NOW;
  }
  if (held_.empty()) return timed(inner_->write(buffer, size));
  const auto piece = kj::arrayPtr(bytes, size);
  return write(kj::arrayPtr(&piece, 1));
}

kj::Promise<void> door_stream::write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) {
  if (held_.empty()) return timed(inner_->write(pieces));
  joined_.clear();
  joined_.push_back(kj::arrayPtr(held_.data(), held_.size()));
  joined_.insert(joined_.end(), pieces.begin(), pieces.end());
  return timed(inner_->write(kj::arrayPtr(joined_.data(), joined_.size())));
}

} // namespace interswarm::http
