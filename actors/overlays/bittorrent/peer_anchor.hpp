#pragma once

#include "actors/runtime/loop.hpp"

#include <functional>
#include <memory>

namespace interswarm::bittorrent {

/// The way from libtorrent's threads to an actor that they must not keep alive.
template <class Actor>
struct anchor : std::enable_shared_from_this<anchor<Actor>> {
  explicit anchor(runtime::loop& l) : home(l.shared_from_this()) {}

  /// Null before the actor was made and once it has ended; only on the loop.
  Actor* self = nullptr;
  std::shared_ptr<runtime::loop> home;

  /// `f(actor)` on the loop, dropped when the actor has ended.
  template <class F>
  void run(F f) {
    home->post([anchor = this->shared_from_this(), f = std::move(f)]() mutable {
      if (anchor->self != nullptr) f(*anchor->self);
    });
  }
};

} // namespace interswarm::bittorrent
