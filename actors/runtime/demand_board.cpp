#include "actors/runtime/demand_board.hpp"

#include "actors/runtime/registration.hpp"

namespace interswarm::runtime {

result<msg::tracker_watch_result> demand_board::watch(loop& home,
                                                      msg::demand_listener_actor listener) {
  if (!listener) return fail(errc::malformed, "no listener");
  if (listeners_.size() >= max_listeners)
    return fail(errc::overloaded, "too many listeners at this tracker");
  const auto id = next_++;
  listeners_[id].handle = std::move(listener);
  return msg::tracker_watch_result{spawn_on<registration>(
      home,
      [board = weak_from_this(), id] {
        const auto b = board.lock();
        const bool in = b && b->listeners_.contains(id);
        return msg::registration_check_result{in, in ? "watching" : "the listener is gone"};
      },
      [board = weak_from_this(), id, at = home.weak_from_this()] {
        const auto there = at.lock();
        if (!there) return;
        there->post([board, id] {
          if (const auto b = board.lock()) b->listeners_.erase(id);
        });
      })};
}

void demand_board::answered(const std::weak_ptr<demand_board>& board, std::uint64_t id, bool gone) {
  const auto b = board.lock();
  if (!b) return;
  const auto at = b->listeners_.find(id);
  if (at == b->listeners_.end()) return;
  if (gone)
    b->listeners_.erase(at);
  else
    --at->second.waiting;
}

} // namespace interswarm::runtime
