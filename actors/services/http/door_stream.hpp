#pragma once

#include "schema/base/endpoint.hpp"

#include <kj/async-io.h>
#include <kj/timer.h>
#include <list>
#include <vector>

namespace interswarm::http {

/// A client's connection as kj-http sees it, plain or inside TLS: bounds what kj-http does not, and
/// sends an answer's head together with its first bytes.
class door_stream final : public kj::AsyncIoStream {
public:
  using list = std::list<door_stream*>;

  /// `all` lists the living streams.
  door_stream(kj::Own<kj::AsyncIoStream> inner, const ip_address& peer, std::size_t header_bytes,
              kj::Timer& timer, list& all);
  ~door_stream() noexcept(false);
  KJ_DISALLOW_COPY(door_stream);

  const ip_address& peer() const { return peer_; }
  /// Rejected by `cut`; for the one who serves the stream.
  kj::Promise<void> when_cut() { return kj::mv(cut_promise_); }
  void cut();

  /// From here to `end_request` nothing that is read counts as a request's head.
  void begin_request();
  void end_request() { in_request_ = false; }
  /// The next write is kept and goes out with the one after it, which must follow.
  void hold_next_write() { hold_ = true; }
  /// The other side sees the end of the connection after what is being answered.
  void close_after_answer() { input_ended_ = true; }
  /// When the write that goes on began.
  kj::Maybe<kj::TimePoint> writing_since() const { return writing_since_; }

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t min, std::size_t max) override;
  kj::Promise<void> write(const void* buffer, std::size_t size) override;
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override;
  kj::Promise<void> whenWriteDisconnected() override { return inner_->whenWriteDisconnected(); }
  void shutdownWrite() override { inner_->shutdownWrite(); }
  void abortRead() override { inner_->abortRead(); }

private:
  kj::Promise<std::size_t> refuse_head();
  kj::Promise<void> timed(kj::Promise<void> writing);

  kj::Own<kj::AsyncIoStream> inner_;
  ip_address peer_;
  std::size_t header_bytes_;
  kj::Timer& timer_;
  list& all_;
  list::iterator place_;
  kj::Promise<void> cut_promise_ = nullptr;
  kj::Own<kj::PromiseFulfiller<void>> cut_;
  /// Bytes since the last request began.
  std::size_t read_ = 0;
  bool in_request_ = false;
  bool hold_ = false;
  bool input_ended_ = false;
  std::vector<kj::byte> held_;
  std::vector<kj::ArrayPtr<const kj::byte>> joined_;
  kj::Maybe<kj::TimePoint> writing_since_;
};

} // namespace interswarm::http
