#pragma once

#include "schema/base/result.hpp"

#include <functional>
#include <memory>

namespace interswarm::bittorrent {

/// The answer that an asynchronous call owes: called once, from any thread. Copies share it; when
/// the last one goes unanswered the caller gets `cancelled`, so nobody waits for ever.
template <class T>
class reply {
public:
  using function = std::function<void(result<T>)>;

  reply() = default;
  explicit reply(function f) : state_(std::make_shared<state>(std::move(f))) {}

  /// Further calls do nothing.
  void operator()(result<T> value) const {
    if (state_) state_->answer(std::move(value));
  }
  explicit operator bool() const { return state_ != nullptr; }

private:
  struct state {
    explicit state(function f) : f_(std::move(f)) {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() { answer(fail(errc::cancelled, "the work was dropped")); }
    void answer(result<T> value) {
      if (auto f = std::exchange(f_, nullptr)) f(std::move(value));
    }
    function f_;
  };
  std::shared_ptr<state> state_;
};

} // namespace interswarm::bittorrent
