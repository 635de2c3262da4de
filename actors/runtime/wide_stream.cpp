#include "actors/runtime/wide_stream.hpp"

#include <algorithm>
#include <cstring>
#include <kj/debug.h>
#include <kj/vector.h>

namespace interswarm::runtime {

namespace {

constexpr std::size_t step_bytes = std::size_t{128} << 10;

class wide_stream final : public kj::AsyncIoStream {
public:
  explicit wide_stream(kj::Own<kj::AsyncIoStream> inner) : inner_(kj::mv(inner)) {}

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t least, std::size_t most) override {
    auto* const out = static_cast<kj::byte*>(buffer);
    const auto here = std::min(most, read_end_ - read_begin_);
    if (here > 0) std::memcpy(out, read_.begin() + read_begin_, here);
    read_begin_ += here;
    if (here >= least) return here;
    return read_more(out + here, least - here, most - here).then([here](std::size_t more) {
      return here + more;
    });
  }

  kj::Promise<void> write(const void* buffer, std::size_t size) override {
    KJ_IF_MAYBE (e, failure_) return kj::cp(*e);
    const auto* const data = static_cast<const kj::byte*>(buffer);
    const auto room = std::min(size, step_bytes - waiting_.size());
    waiting_.addAll(kj::arrayPtr(data, room));
    flush_later();
    if (room == size) return kj::READY_NOW;
    auto paf = kj::newPromiseAndFulfiller<void>();
    room_ = kj::mv(paf.fulfiller);
    return paf.promise.then([this, data, room, size] { return write(data + room, size - room); });
  }

  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    if (pieces.size() == 0) return kj::READY_NOW;
    return write(pieces[0].begin(), pieces[0].size()).then([this, pieces] {
      return write(pieces.slice(1, pieces.size()));
    });
  }

  kj::Promise<void> whenWriteDisconnected() override { return inner_->whenWriteDisconnected(); }

  void shutdownWrite() override {
    shut_ = true;
    if (!flushing_) inner_->shutdownWrite();
  }
  void abortRead() override { inner_->abortRead(); }
  void getsockopt(int level, int option, void* value, kj::uint* length) override {
    inner_->getsockopt(level, option, value, length);
  }
  void setsockopt(int level, int option, const void* value, kj::uint length) override {
    inner_->setsockopt(level, option, value, length);
  }
  void getsockname(struct sockaddr* address, kj::uint* length) override {
    inner_->getsockname(address, length);
  }
  void getpeername(struct sockaddr* address, kj::uint* length) override {
    inner_->getpeername(address, length);
  }
  kj::Maybe<int> getFd() const override { return inner_->getFd(); }

private:
  /// When nothing is in memory.
  kj::Promise<std::size_t> read_more(kj::byte* out, std::size_t least, std::size_t most) {
    if (most >= step_bytes) return inner_->tryRead(out, least, most);
    if (read_ == nullptr) read_ = kj::heapArray<kj::byte>(step_bytes);
    return inner_->tryRead(read_.begin(), least, step_bytes)
        .then([this, out, most](std::size_t got) {
          read_begin_ = std::min(got, most);
          read_end_ = got;
          std::memcpy(out, read_.begin(), read_begin_);
          return read_begin_;
        });
  }

  void flush_later() {
    if (flushing_) return;
    flushing_ = true;
    flush_ = flush_step()
                 .then(
                     [this] {
                       flushing_ = false;
                       if (shut_) inner_->shutdownWrite();
                     },
                     [this](kj::Exception&& e) {
                       flushing_ = false;
                       failure_ = kj::mv(e);
                       room_again();
                     })
                 .eagerlyEvaluate(nullptr);
  }

  /// After all that is to be done at once: more may come.
  kj::Promise<void> flush_step() {
    return kj::evalLast([this]() -> kj::Promise<void> {
      if (waiting_.size() == 0) return kj::READY_NOW;
      std::swap(waiting_, leaving_);
      waiting_.clear();
      room_again();
      return inner_->write(leaving_.begin(), leaving_.size()).then([this] { return flush_step(); });
    });
  }

  void room_again() {
    if (room_.get() == nullptr) return;
    auto next = kj::mv(room_);
    next->fulfill();
  }

  kj::Own<kj::AsyncIoStream> inner_;
  kj::Array<kj::byte> read_;
  std::size_t read_begin_ = 0;
  std::size_t read_end_ = 0;
  kj::Vector<kj::byte> waiting_;
  kj::Vector<kj::byte> leaving_;
  /// Of a write that waits.
  kj::Own<kj::PromiseFulfiller<void>> room_;
  kj::Maybe<kj::Exception> failure_;
  bool flushing_ = false;
  bool shut_ = false;
  kj::Promise<void> flush_ = nullptr;
};

} // namespace

kj::Own<kj::AsyncIoStream> widen(kj::Own<kj::AsyncIoStream> inner) {
  return kj::heap<wide_stream>(kj::mv(inner));
}

} // namespace interswarm::runtime
