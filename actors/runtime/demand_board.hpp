#pragma once

#include "actors/runtime/loop_actor.hpp"
#include "schema/overlay.gen.hpp"

#include <functional>
#include <map>

namespace interswarm::runtime {

/// Who watches a tracker's demand. One that is gone is forgotten, one that is slow is left out
/// until it has answered: demands come again. Lives on the tracker's loop.
class demand_board : public std::enable_shared_from_this<demand_board> {
public:
  static constexpr std::size_t max_listeners = 64;
  /// Demands that one listener has not answered yet.
  static constexpr std::uint32_t in_flight = 64;

  /// What `Tracker.watch` answers: `overloaded` when there are too many, `malformed` without one.
  result<msg::tracker_watch_result> watch(loop& home, msg::demand_listener_actor listener);

  /// Tells all, by requests of `teller`, the tracker's actor.
  template <class Actor>
  void tell(Actor& teller, const msg::swarm_status& status) {
    for (auto& [id, one] : listeners_) {
      if (one.waiting >= in_flight) continue;
      ++one.waiting;
      teller.request(one.handle, patience, msg::demand_listener_demand{status})
          .then([board = weak_from_this(), id = id] { answered(board, id, false); },
                [board = weak_from_this(), id = id](const caf::error& e) {
                  const auto why = to_error(e).code;
                  answered(board, id, why == errc::unavailable || why == errc::disconnected);
                });
    }
  }
  void clear() { listeners_.clear(); }
  std::size_t size() const { return listeners_.size(); }

private:
  static constexpr std::chrono::seconds patience{10};
  struct watcher {
    msg::demand_listener_actor handle;
    std::uint32_t waiting = 0;
  };

  static void answered(const std::weak_ptr<demand_board>& board, std::uint64_t id, bool gone);

  std::map<std::uint64_t, watcher> listeners_;
  std::uint64_t next_ = 1;
};

} // namespace interswarm::runtime
