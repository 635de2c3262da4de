#pragma once

#include "actors/overlays/ppsp/arrival_meter.hpp"
#include "actors/overlays/ppsp/channel.hpp"
#include "actors/overlays/ppsp/chunk_picker.hpp"
#include "actors/overlays/ppsp/chunk_sender.hpp"
#include "actors/overlays/ppsp/ledbat.hpp"
#include "actors/overlays/ppsp/live_book.hpp"
#include "schema/ppsp/limits.hpp"

#include <functional>

namespace interswarm::ppsp {

namespace live_timing {

/// HAVEs wait for each other so long.
inline constexpr instant tell_every = std::chrono::milliseconds(40);
inline constexpr instant retell_every = std::chrono::seconds(1);
/// What a parent has not pushed so long after it was signed is pulled.
inline constexpr instant push_grace = std::chrono::milliseconds(400);
/// A request's time, beside four round trips.
inline constexpr instant least_due = std::chrono::milliseconds(400);
inline constexpr instant most_due = std::chrono::seconds(4);
/// A peer that leaves requests unanswered is not asked for so long, and twice that the next time.
inline constexpr instant first_quiet = std::chrono::milliseconds(250);
inline constexpr instant longest_quiet = std::chrono::seconds(2);
/// One that has asked for nothing so long loses its place, if another waits.
inline constexpr instant idle_slot = std::chrono::seconds(10);
/// RFC 7574 §3.10.1: asked no more than once a second.
inline constexpr instant pex_every = std::chrono::seconds(1);
inline constexpr instant pex_asked_every = std::chrono::seconds(30);
inline constexpr std::size_t pex_peers = 20;
/// Addresses that are taken of an answer: nobody makes us greet half the world.
inline constexpr unsigned pex_addresses = 32;

} // namespace live_timing

/// One connection of a live swarm, whose two sides may both give and take.
struct live_peer {
  live_peer(channel c, peer_number n, const ledbat::options& o)
      : line(std::move(c)), number(n), sender(ppsp::limits::max_chunks), flow(o) {}

  channel line;
  peer_number number;
  /// It has heard from us behind the handshakes, which proves our address to it.
  bool greeted = false;

  // What we give.
  chunk_sender sender;
  ledbat flow;
  /// Held and not told of.
  range_set to_tell;
  instant told{-std::chrono::hours(1)};
  /// One behind the newest chunk whose munro it showed to have.
  std::uint64_t knows = 0;
  /// It has one of the places; otherwise it was told that it is choked, once it asked.
  bool served = false;
  bool told_choked = false;
  std::optional<instant> waits_since;
  instant last_asked{};
  instant last_pex{-std::chrono::hours(1)};
  bool pex_due = false;

  // What we take.
  live_heard heard;
  std::map<std::uint64_t, bytes> unproved;
  range_set to_acknowledge;
  range_set to_cancel;
  range_set to_subscribe;
  std::uint64_t delay_us = 0;
  bool chokes = false;
  unsigned wrongs = 0;
  arrival_meter meter;
  /// Requests in a row that came to nothing, and until when it is not asked because of that.
  unsigned unanswered = 0;
  std::optional<instant> quiet_until;
  std::optional<instant> pex_asked;
  /// Addresses that it may still tell, until it is asked again.
  unsigned pex_left = 0;
};

/// Messages to one peer, in as many datagrams as they need.
class outbox {
public:
  /// `pass` gets each whole datagram.
  outbox(channel& line, const dialect& speech, std::size_t most,
         std::function<void(byte_view)> pass)
      : line_(line), speech_(speech), most_(most), pass_(std::move(pass)) {
    line_.begin(out_);
    empty_ = out_.size();
  }
  /// All of them in one datagram.
  void put(std::initializer_list<message> together) {
    bytes more;
    for (const auto& m : together) append_message(more, m, speech_);
    if (out_.size() > empty_ && out_.size() + more.size() > most_) flush();
    append(out_, more);
  }
  bool is_empty() const { return out_.size() == empty_; }
  /// Of the datagram that was begun.
  std::size_t size() const { return out_.size(); }
  const dialect& speech() const { return speech_; }
  /// The datagram that was begun, also when nothing is in it.
  void flush() {
    pass_(out_);
    out_.clear();
    line_.begin(out_);
    empty_ = out_.size();
  }

private:
  channel& line_;
  dialect speech_;
  std::size_t most_;
  std::function<void(byte_view)> pass_;
  bytes out_;
  std::size_t empty_ = 0;
};

} // namespace interswarm::ppsp
