#include "actors/overlays/ppsp/channel.hpp"

#include <algorithm>

namespace interswarm::ppsp {

channel::channel(const swarm_terms& terms, channel_id own, const endpoint& peer, phase p,
                 instant now)
    : terms_(&terms), own_(own), peer_(peer), phase_(p), hears_(terms.speech()), began_(now),
      last_sent_(now), last_heard_(now) {}

channel channel::dial(const swarm_terms& terms, channel_id own, const endpoint& peer, instant now) {
  return {terms, own, peer, phase::opening, now};
}

channel channel::answer(const swarm_terms& terms, channel_id own, const endpoint& peer,
                        const handshake& theirs, instant now) {
  channel out(terms, own, peer, phase::answered, now);
  out.theirs_ = theirs.source;
  out.learn(theirs.options);
  out.answer_is_due_ = true;
  out.answer_tells_chunk_bytes_ = theirs.options.chunk_bytes.has_value();
  return out;
}

void channel::learn(const protocol_options& theirs) {
  hears_ = terms_->speech().with(theirs);
  supported_ = theirs.supported.value_or(message_set::all());
  keeps_ = theirs.live_window;
  if (keeps_ == everything) keeps_.reset();
  // RFC 7574 §7.9: in bytes where chunks are named by theirs.
  if (keeps_ && hears_.address.method == chunk_addressing::byte_ranges_64)
    *keeps_ /= hears_.address.chunk_bytes;
}

void channel::begin(bytes& out) {
  append_channel(out, theirs_);
  if (phase_ == phase::opening) {
    append_message(out, handshake{own_, terms_->opening(tells_chunk_bytes())}, terms_->speech());
  } else if (answer_is_due_) {
    append_message(out, handshake{own_, terms_->answer(answer_tells_chunk_bytes_)},
                   terms_->speech());
  }
}

void channel::sent(instant now) {
  if (phase_ == phase::opening) ++handshakes_;
  answer_is_due_ = false;
  last_sent_ = now;
  ++unanswered_;
}

bool channel::heard(const endpoint& from, instant now) {
  if (phase_ == phase::closed || from != peer_) return false;
  last_heard_ = now;
  unanswered_ = 0;
  // It got our channel's number, which is random: it is where it says.
  if (phase_ == phase::answered) phase_ = phase::open;
  return true;
}

result<void> channel::accept(const handshake& theirs) {
  if (theirs.source == 0) {
    phase_ = phase::closed;
    return {};
  }
  if (theirs_ != 0 && theirs.source != theirs_) {
    phase_ = phase::closed;
    return fail(errc::refuted, peer_.to_string() + " changed its channel");
  }
  if (auto why = terms_->refuses(theirs.options)) {
    phase_ = phase::closed;
    return fail(errc::refuted, peer_.to_string() + ": " + *why);
  }
  theirs_ = theirs.source;
  learn(theirs.options);
  if (phase_ == phase::opening) phase_ = phase::open;
  return {};
}

void channel::close(bytes& out) {
  if (phase_ != phase::closed && theirs_ != 0) {
    append_channel(out, theirs_);
    append_close(out);
  }
  phase_ = phase::closed;
}

std::optional<instant> channel::deadline() const {
  switch (phase_) {
  case phase::opening:
    return last_sent_ + (handshakes_ == 0 ? instant{0} : first_wait * (1 << (handshakes_ - 1)));
  case phase::answered: return began_ + answer_wait;
  case phase::open: {
    const auto alive = last_sent_ + keep_alive_every;
    if (unanswered_ < dead_after_datagrams) return alive;
    return std::min(alive, last_heard_ + dead_after);
  }
  case phase::closed: break;
  }
  return std::nullopt;
}

channel::errand channel::tick(instant now) {
  const auto due = deadline();
  if (!due || now < *due) return errand::nothing;
  switch (phase_) {
  case phase::opening:
    if (handshakes_ < max_handshakes) return errand::handshake;
    phase_ = phase::closed;
    return errand::nothing;
  case phase::open:
    if (unanswered_ >= dead_after_datagrams && now - last_heard_ >= dead_after) {
      phase_ = phase::closed;
      return errand::nothing;
    }
    return errand::keep_alive;
  default: phase_ = phase::closed; return errand::nothing;
  }
}

} // namespace interswarm::ppsp
