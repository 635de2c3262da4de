#include "actors/overlays/ppsp/hub.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

namespace interswarm::ppsp {

hub::hub(kj::Timer& timer, std::unique_ptr<udp_port> port)
    : timer_(timer), port_(std::move(port)), tasks_(*this) {
  tasks_.add(port_->run([this](const endpoint& from, byte_view d) { arrived(from, d); },
                        [this] { settle(); }));
}

instant hub::now() const {
  return instant((timer_.now() - kj::origin<kj::TimePoint>()) / kj::MICROSECONDS);
}

void hub::taskFailed(kj::Exception&& e) {
  spdlog::error("PPSP port {}: {}", listening().to_string(), e.getDescription().cStr());
}

void hub::arrived(const endpoint& from, byte_view datagram) {
  datagram_reader in(datagram, {});
  if (in.is_broken()) return;
  if (in.destination() != 0) {
    const auto found = channels_.find(in.destination());
    if (found == channels_.end() || found->second->party_ == nullptr) {
      ++strays_;
      return;
    }
    return found->second->party_->take(in.destination(), from, datagram, now());
  }
  const auto first = in.next();
  const auto* const h = first && *first ? std::get_if<handshake>(&**first) : nullptr;
  if (h == nullptr || !h->options.swarm_id) {
    ++strays_;
    return;
  }
  seat* asked = nullptr;
  for (auto* s : seats_) {
    if (s->party_->terms().id != *h->options.swarm_id) continue;
    const bool gives = s->held_ && s->held_->first == role::gives;
    if (asked == nullptr || gives) asked = s;
    if (gives) break;
  }
  if (asked != nullptr) return asked->party_->greet(from, *h, datagram.size(), now());
  // RFC 7574 §8.4: who asks for a swarm that is not here hears nothing.
  ++strays_;
}

void hub::settle() {
  for (auto* s : seats_) s->party_->settle(now());
  arm();
}

void hub::arm() {
  std::optional<instant> next;
  for (const auto* s : seats_) {
    const auto at = s->party_->deadline();
    if (at && (!next || *at < *next)) next = at;
  }
  // A timer that is set already may be early: it looks again then.
  if (!next || (armed_ && *armed_ <= *next)) return;
  armed_ = next;
  const auto wait = std::max(instant{0}, *next - now());
  tasks_.add(timer_.afterDelay(wait.count() * kj::MICROSECONDS).then([this, at = *next] {
    if (armed_ == at) wake();
  }));
}

void hub::wake() {
  armed_.reset();
  // A swarm may end when it is woken, and take its place with it.
  const auto all = seats_;
  for (auto* s : all) {
    if (std::find(seats_.begin(), seats_.end(), s) == seats_.end()) continue;
    const auto at = s->party_->deadline();
    if (at && *at <= now()) s->party_->tick(now());
  }
  port_->flush();
  arm();
}

hub::seat::~seat() {
  std::erase(hub_.seats_, this);
  if (held_) hub_.held_.erase(hub_.held_.find(*held_));
  std::erase_if(hub_.channels_, [this](const auto& c) { return c.second == this; });
}

void hub::seat::take(swarm_party& party) {
  party_ = &party;
  hub_.seats_.push_back(this);
  hub_.arm();
}

void hub::seat::stir() {
  hub_.port_->flush();
  hub_.arm();
}

void hub::seat::send(const endpoint& to, byte_view datagram) { hub_.port_->send(to, datagram); }

channel_id hub::seat::new_channel() {
  while (true) {
    const channel_id own = hub_.random_();
    if (own != 0 && hub_.channels_.try_emplace(own, this).second) return own;
  }
}

void hub::seat::channel_ended(channel_id own) { hub_.channels_.erase(own); }

} // namespace interswarm::ppsp
