#pragma once

#include <caf/error.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace interswarm::bridge {

/// Waits for several answers inside one actor and then goes on once. Each branch calls `done()`
/// exactly once.
template <class T>
class gather {
public:
  using continuation = std::function<void(std::vector<T>&)>;

  /// `then` runs at once when `branches` is 0.
  static std::shared_ptr<gather> of(std::size_t branches, continuation then) {
    auto out = std::make_shared<gather>(branches, std::move(then));
    if (branches == 0) out->then_(out->results_);
    return out;
  }
  gather(std::size_t branches, continuation then) : left_(branches), then_(std::move(then)) {}

  void add(T value) { results_.push_back(std::move(value)); }
  void done() {
    if (--left_ == 0) then_(results_);
  }
  void add_and_done(T value) {
    add(std::move(value));
    done();
  }

private:
  std::size_t left_;
  std::vector<T> results_;
  continuation then_;
};

/// Sends `question` to every handle of `targets` and runs `then(answers, last_error)` when each has
/// answered, failed or taken longer than `timeout`.
template <class Result, class Self, class Handles, class Request, class Then>
void ask_all(Self* self, const Handles& targets, std::chrono::milliseconds timeout,
             const Request& question, Then then) {
  auto failure = std::make_shared<caf::error>();
  auto all = gather<Result>::of(
      targets.size(), [failure, then = std::move(then)](std::vector<Result>& answers) mutable {
        then(answers, *failure);
      });
  for (const auto& target : targets) {
    self->request(target, timeout, question)
        .then([all](Result& answer) { all->add_and_done(std::move(answer)); },
              [all, failure](const caf::error& why) {
                *failure = why;
                all->done();
              });
  }
}

} // namespace interswarm::bridge
