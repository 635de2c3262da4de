#pragma once

#include "actors/overlays/ppsp/swarm_party.hpp"
#include "actors/overlays/ppsp/udp_port.hpp"

#include <kj/timer.h>
#include <map>
#include <random>
#include <set>
#include <unordered_map>

namespace interswarm::ppsp {

/// All swarms behind one UDP port: passes each the datagrams that are for it, by channel, or by the
/// swarm id of a first handshake, and wakes it when its time has come. Made, used and destroyed on
/// its loop's thread.
class hub final : kj::TaskSet::ErrorHandler {
public:
  /// What a swarm is here for.
  enum class role : std::uint8_t { gives, takes };

  /// A swarm's place: the hands it is made with. Destroyed before the hub, and after the swarm.
  class seat final : public swarm_hands {
  public:
    explicit seat(hub& h) : hub_(h) {}
    /// For a swarm that `has` tells of from now on.
    seat(hub& h, role r, bytes id) : hub_(h), held_({r, std::move(id)}) {
      hub_.held_.insert(*held_);
    }
    ~seat();
    seat(const seat&) = delete;
    seat& operator=(const seat&) = delete;

    /// From now on the swarm is woken, and dialled under its id. Of two with one id the first one
    /// is dialled, but one that gives before one that only takes.
    void take(swarm_party& party);
    /// The swarm did something outside of its own calls (a want, bytes that were read): what it
    /// made goes out, and its time is looked at anew.
    void stir();

    void send(const endpoint& to, byte_view datagram) override;
    channel_id new_channel() override;
    void channel_ended(channel_id own) override;

  private:
    friend class hub;
    hub& hub_;
    std::optional<std::pair<role, bytes>> held_;
    swarm_party* party_ = nullptr;
  };

  hub(kj::Timer& timer, std::unique_ptr<udp_port> port);
  ~hub() = default;

  const endpoint& listening() const { return port_->listening(); }
  instant now() const;
  /// Whether there is a seat for this.
  bool has(role r, const bytes& id) const { return held_.contains({r, id}); }
  /// Datagrams that are of no swarm here.
  std::uint64_t strays() const { return strays_; }

private:
  void taskFailed(kj::Exception&& e) override;
  void arrived(const endpoint& from, byte_view datagram);
  void settle();
  void wake();
  /// Sees to it that the next swarm is woken in time.
  void arm();

  kj::Timer& timer_;
  std::unique_ptr<udp_port> port_;
  std::vector<seat*> seats_;
  std::multiset<std::pair<role, bytes>> held_;
  std::unordered_map<channel_id, seat*> channels_;
  std::random_device random_;
  std::uint64_t strays_ = 0;
  std::optional<instant> armed_;
  kj::TaskSet tasks_;
};

} // namespace interswarm::ppsp
