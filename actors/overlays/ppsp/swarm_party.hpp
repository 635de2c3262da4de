#pragma once

#include "actors/overlays/ppsp/channel.hpp"

#include <optional>

namespace interswarm::ppsp {

/// What a swarm needs from outside.
class swarm_hands {
public:
  virtual void send(const endpoint& to, byte_view datagram) = 0;
  /// A random number that no other channel of this port has; its datagrams go to the swarm that
  /// asked for it until `channel_ended`.
  virtual channel_id new_channel() = 0;
  virtual void channel_ended(channel_id own) = 0;

protected:
  ~swarm_hands() = default;
};

/// One swarm behind a port: it is passed the datagrams that are for it, and the time.
class swarm_party {
public:
  virtual ~swarm_party() = default;

  virtual const swarm_terms& terms() const = 0;
  /// A handshake to channel 0 for this swarm, in a datagram of so many bytes: no answer is longer.
  /// Without effect when its options do not suit (RFC 7574 §8.4: no answer) or there are too many.
  virtual void greet(const endpoint& from, const handshake& theirs, std::size_t datagram_bytes,
                     instant now) = 0;
  /// A datagram to one of the swarm's channels.
  virtual void take(channel_id own, const endpoint& from, byte_view datagram, instant now) = 0;
  /// All that came together was passed.
  virtual void settle(instant now) = 0;
  /// When `tick` is due.
  virtual std::optional<instant> deadline() const = 0;
  virtual void tick(instant now) = 0;
  /// Says goodbye to all.
  virtual void close() = 0;
};

} // namespace interswarm::ppsp
