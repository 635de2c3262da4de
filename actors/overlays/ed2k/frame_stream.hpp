#pragma once

#include "actors/runtime/reason.hpp"
#include "schema/base/endpoint.hpp"
#include "schema/ed2k/frame.hpp"

#include <deque>
#include <kj/async-io.h>
#include <kj/timer.h>
#include <string>

namespace interswarm::ed2k {

/// The address at the other end; 0.0.0.0:0 when the stream has none.
endpoint peer_of(kj::AsyncIoStream& stream);
endpoint endpoint_of(const struct sockaddr* address, unsigned length);
/// A KJ address for a numeric one.
kj::Own<kj::NetworkAddress> kj_address(kj::Network& network, const endpoint& e);

/// A TCP connection of packets: cuts what comes, queues what goes. A KJ object: all on one loop,
/// and to be destroyed neither from within its listener's calls (defer it by an event) nor after
/// its listener.
class frame_stream final : private kj::TaskSet::ErrorHandler {
public:
  class listener {
  public:
    virtual void on_frame(const frame& packet) = 0;
    /// Nothing more will come: closed, broken, or packets that are none. Comes once.
    virtual void on_end(std::string why) = 0;

  protected:
    ~listener() = default;
  };

  /// A packet longer than `max_frame_bytes` ends the stream.
  frame_stream(kj::Own<kj::AsyncIoStream> stream, link_kind kind, std::size_t max_frame_bytes,
               listener& owner);

  void start();
  /// Queues whole packets.
  void send(bytes packets);
  /// Bytes queued and not yet taken by the kernel.
  std::size_t unsent() const { return unsent_; }
  /// Tells the listener nothing any more, and resolves when what is queued was sent.
  kj::Promise<void> finish();

private:
  kj::Promise<void> read_on();
  kj::Promise<void> write_on();
  void end(std::string why);
  void taskFailed(kj::Exception&& e) override { end(runtime::reason_of(e)); }

  kj::Own<kj::AsyncIoStream> stream_;
  frame_splitter splitter_;
  std::size_t max_frame_bytes_;
  listener* owner_;
  bytes queued_;
  std::size_t unsent_ = 0;
  bool writing_ = false;
  bool broken_ = false;
  kj::Maybe<kj::Own<kj::PromiseFulfiller<void>>> flushed_;
  kj::TaskSet tasks_{*this};
};

} // namespace interswarm::ed2k
