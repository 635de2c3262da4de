#pragma once

#include "actors/services/origin/origin_hub.hpp"

namespace interswarm::origin {

class transfer;

/// How a transfer ended.
struct transfer_end {
  enum class kind : std::uint8_t {
    /// All that the response was to bring.
    complete,
    /// The origin fails at present.
    failed,
    /// The mirror is of no use for this content.
    out,
    /// To be asked again, at once.
    again,
    /// The content changed.
    conflict,
  };
  kind what = kind::complete;
  /// Of `failed` and `out` without the server's name, unless it came from a verdict.
  error why{};
  bool judged = false;
  std::optional<std::chrono::seconds> retry_after{};
};

class transfer_owner {
public:
  virtual verdict on_head(transfer& t, const response_head& head) = 0;
  /// `data` is what the content holds from `at` on.
  virtual void on_data(transfer& t, std::uint64_t at, const slice& data) = 0;
  /// Whether more should be read now; if not, `transfer::wake` is called when it should.
  virtual bool wants_more(const transfer& t) = 0;
  /// The last call; the transfer must not be destroyed within it.
  virtual void on_end(transfer& t, const transfer_end& end) = 0;

protected:
  ~transfer_owner() = default;
};

/// One GET whose response is read as far as its owner wants it, at the rate that the board allows.
/// On the hub's loop.
class transfer {
public:
  struct job {
    std::size_t mirror = 0;
    origin_board::number server = 0;
    asked_range asked{};
    /// The first byte that is wanted; what the response holds before it is thrown away.
    std::uint64_t from = 0;
    http_request request{};
  };
  transfer(std::shared_ptr<origin_hub> hub, job j, transfer_owner& owner);
  ~transfer();
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;

  /// It may be wanted again.
  void wake();
  /// Ends it as failed when it has stalled. From a timer.
  void check();
  /// Ends it; `on_end` is called.
  void end(transfer_end e);

  std::size_t mirror() const { return job_.mirror; }
  origin_board::number server() const { return job_.server; }
  const asked_range& asked() const { return job_.asked; }
  std::uint64_t from() const { return job_.from; }
  bool ended() const { return ended_; }
  /// Its response is being read.
  bool delivers() const { return !ended_ && body_.get() != nullptr; }
  bool paused() const { return resume_.get() != nullptr; }
  instant paused_since() const { return paused_since_; }
  pull_window::transfer_view view() const;
  /// The position in the response, also where its bytes are thrown away.
  std::uint64_t position() const { return position_; }
  /// Bytes per second over the last `pace_time`; nothing before that or after a pause.
  std::optional<std::uint64_t> pace() const { return pace_; }
  std::uint64_t discarded() const { return discarded_; }

private:
  struct span {
    instant waited{};
    std::uint64_t bytes = 0;
  };

  kj::Promise<void> start(fetch_result&& answer);
  kj::Promise<void> read_on();
  kj::Promise<void> received(std::size_t n);
  void deliver(std::size_t n);
  void count(std::size_t n);
  kj::Promise<void> finished();

  std::shared_ptr<origin_hub> hub_;
  job job_;
  transfer_owner& owner_;
  kj::Own<kj::AsyncInputStream> body_;
  bool chunked_ = false;
  bool ended_ = false;
  std::uint64_t position_ = 0;
  std::optional<std::uint64_t> end_;
  std::uint64_t discarded_ = 0;
  std::uint64_t since_success_ = 0;
  std::shared_ptr<byte[]> block_;
  std::size_t block_used_ = 0;
  std::optional<instant> reading_since_;
  span stall_;
  span paced_;
  std::optional<std::uint64_t> pace_;
  instant paused_since_{};
  kj::Own<kj::PromiseFulfiller<void>> resume_;
  // Uses all of the above: ends first.
  kj::Promise<void> work_ = nullptr;
};

} // namespace interswarm::origin
