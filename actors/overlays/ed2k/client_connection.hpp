#pragma once

#include "schema/base/endpoint.hpp"
#include "schema/ed2k/frame.hpp"

#include <chrono>
#include <deque>
#include <kj/async-io.h>
#include <kj/timer.h>
#include <vector>

namespace interswarm::ed2k {

/// One TCP connection with a client: packets in, bytes out in order. On its loop's thread only. Its
/// owner must not destroy it from within a callback.
class client_connection {
public:
  class owner {
  public:
    /// A packet came; false ends the connection.
    virtual bool on_frame(const frame& packet) = 0;
    /// Room for more: what was queued is on its way.
    virtual void on_drained() = 0;
    /// The connection is over, by either side; called once.
    virtual void on_closed(std::string_view why) = 0;

  protected:
    ~owner() = default;
  };

  client_connection(kj::Own<kj::AsyncIoStream> stream, owner& reports_to);
  client_connection(const client_connection&) = delete;
  client_connection& operator=(const client_connection&) = delete;

  void start();
  void send(bytes&& data);
  void send(std::vector<slice>&& pieces);
  struct pacing {
    /// So much goes at once, to the end of a packet, with `question` behind it ...
    std::size_t burst_bytes = 0;
    bytes question;
    /// ... then nothing until `answered`, and this much longer; or until no answer came for so
    /// long.
    std::chrono::milliseconds gap{};
    std::chrono::milliseconds answer_time{};
  };
  /// From now on bursts that exceed a fraction of `burst_bytes` go one by one. `timer` must outlive
  /// this.
  void pace(pacing p, kj::Timer& timer);
  /// The client answered the last question.
  void answered();
  /// Bytes not yet given to the kernel.
  std::size_t queued_bytes() const { return queued_bytes_; }
  /// Ends it; `on_closed` follows at once.
  void close(std::string_view why);
  bool closed() const { return closed_; }

private:
  kj::Promise<void> read_loop();
  kj::Promise<void> write_loop();
  void flush();
  bool take_frames();

  kj::Own<kj::AsyncIoStream> stream_;
  owner* owner_;
  frame_splitter in_{link_kind::client};
  std::deque<slice> out_;
  std::vector<slice> in_flight_;
  std::vector<kj::ArrayPtr<const kj::byte>> pieces_;
  std::size_t queued_bytes_ = 0;
  std::size_t in_flight_bytes_ = 0;
  kj::Promise<void> await_answer();
  void follow(byte_view piece);

  pacing pacing_;
  std::size_t packet_left_ = 0;
  kj::Timer* timer_ = nullptr;
  kj::Own<kj::PromiseFulfiller<void>> answer_;
  bool writing_ = false;
  bool closed_ = false;
  kj::Promise<void> reading_task_ = nullptr;
  kj::Promise<void> writing_task_ = nullptr;
};

} // namespace interswarm::ed2k
