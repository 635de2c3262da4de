#include "actors/overlays/ed2k/client_connection.hpp"

#include "actors/overlays/ed2k/limits.hpp"
#include "schema/base/wire.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

/// What one system call carries: enough to be worth it, few enough not to hold the loop.
constexpr std::size_t max_pieces_a_write = 256;
constexpr std::size_t max_bytes_a_write = 512 * 1024;

} // namespace

client_connection::client_connection(kj::Own<kj::AsyncIoStream> stream, owner& reports_to)
    : stream_(kj::mv(stream)), owner_(&reports_to) {}

void client_connection::start() {
  reading_task_ =
      kj::evalLater([this] { return read_loop(); }).eagerlyEvaluate([this](kj::Exception&& e) {
        close(e.getDescription().cStr());
      });
}

kj::Promise<void> client_connection::read_loop() {
  if (closed_) return kj::READY_NOW;
  const auto room = in_.room(limits::read_buffer_bytes);
  return stream_->tryRead(room.data(), 1, room.size())
      .then([this](std::size_t count) -> kj::Promise<void> {
        if (count == 0) {
          close("closed by the client");
          return kj::READY_NOW;
        }
        in_.commit(count);
        if (!take_frames()) return kj::READY_NOW;
        return read_loop();
      });
}

bool client_connection::take_frames() {
  while (!closed_) {
    const auto next = in_.next();
    if (!next) {
      close(next.error().text);
      return false;
    }
    if (!*next) return true;
    if (!owner_->on_frame(**next)) {
      close("broke the protocol");
      return false;
    }
  }
  return false;
}

void client_connection::send(bytes&& data) {
  if (data.empty() || closed_) return;
  queued_bytes_ += data.size();
  out_.emplace_back(std::move(data));
  flush();
}

void client_connection::send(std::vector<slice>&& pieces) {
  if (closed_) return;
  for (auto& piece : pieces) {
    queued_bytes_ += piece.size();
    out_.push_back(std::move(piece));
  }
  flush();
}

void client_connection::pace(pacing p, kj::Timer& timer) {
  pacing_ = std::move(p);
  timer_ = &timer;
}

void client_connection::answered() {
  if (answer_.get() != nullptr) answer_->fulfill();
}

kj::Promise<void> client_connection::await_answer() {
  auto paf = kj::newPromiseAndFulfiller<void>();
  answer_ = kj::mv(paf.fulfiller);
  return paf.promise
      .then([this] { return timer_->afterDelay(pacing_.gap.count() * kj::MILLISECONDS); })
      .exclusiveJoin(timer_->afterDelay(pacing_.answer_time.count() * kj::MILLISECONDS))
      .then([this] {
        answer_ = nullptr;
        return write_loop();
      });
}

/// Keeps count of where packets end; none has its first five bytes in two pieces.
void client_connection::follow(byte_view piece) {
  while (!piece.empty()) {
    if (packet_left_ == 0)
      packet_left_ = std::size_t{5} + little_endian_reader(piece.subspan(1)).u32();
    const auto count = std::min(packet_left_, piece.size());
    packet_left_ -= count;
    piece = piece.subspan(count);
  }
}

void client_connection::flush() {
  if (writing_ || out_.empty()) return;
  writing_ = true;
  writing_task_ =
      kj::evalLater([this] { return write_loop(); }).eagerlyEvaluate([this](kj::Exception&& e) {
        close(e.getDescription().cStr());
      });
}

kj::Promise<void> client_connection::write_loop() {
  in_flight_.clear();
  pieces_.clear();
  in_flight_bytes_ = 0;
  const auto most = timer_ == nullptr ? max_bytes_a_write : pacing_.burst_bytes;
  while (!out_.empty()) {
    // A question may stand only between two packets.
    const bool may_end = timer_ == nullptr || packet_left_ == 0;
    if (may_end && (in_flight_bytes_ >= most || pieces_.size() >= max_pieces_a_write)) break;
    in_flight_.push_back(std::move(out_.front()));
    out_.pop_front();
    const auto& piece = in_flight_.back();
    pieces_.emplace_back(piece.data(), piece.size());
    in_flight_bytes_ += piece.size();
    if (timer_ != nullptr) follow(piece);
  }
  // Small talk goes as it is: only data fills a socket.
  const bool asks = timer_ != nullptr && in_flight_bytes_ >= pacing_.burst_bytes / 4;
  if (asks) pieces_.emplace_back(pacing_.question.data(), pacing_.question.size());
  if (pieces_.empty() || closed_) {
    writing_ = false;
    return kj::READY_NOW;
  }
  return stream_->write(kj::arrayPtr(pieces_.data(), pieces_.size()))
      .then([this, asks]() -> kj::Promise<void> {
        queued_bytes_ -= in_flight_bytes_;
        if (!closed_) owner_->on_drained();
        return asks ? await_answer() : write_loop();
      });
}

void client_connection::close(std::string_view why) {
  if (closed_) return;
  closed_ = true;
  out_.clear();
  // The other end sees the end at once; the object itself goes later.
  stream_->abortRead();
  try {
    stream_->shutdownWrite();
  } catch (const kj::Exception&) {
    // Already gone.
  }
  owner_->on_closed(why);
}

} // namespace interswarm::ed2k
