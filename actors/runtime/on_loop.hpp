#pragma once

#include "actors/runtime/log.hpp"
#include "actors/runtime/loop.hpp"

#include <utility>

namespace interswarm::runtime {

/// Owns a KJ object of a loop. Made and used on that loop; may be dropped on any thread, also long
/// after the loop has ended: the object is destroyed on its loop, and what still lives when the
/// loop ends is destroyed then, newest first (the box is empty from then on). An exception of a KJ
/// destructor is logged.
template <class T>
class on_loop {
public:
  on_loop() = default;
  /// On the loop's thread. `args` make the T in place.
  template <class... Args>
  explicit on_loop(loop& home, std::in_place_t, Args&&... args)
      : cell_(std::make_shared<cell>(home)) {
    cell_->value = new T(std::forward<Args>(args)...);
    home.enter(*cell_);
  }
  on_loop(loop& home, T value) : on_loop(home, std::in_place, std::move(value)) {}
  on_loop(on_loop&& other) noexcept : cell_(std::move(other.cell_)) {}
  on_loop& operator=(on_loop&& other) noexcept {
    if (this != &other) {
      reset();
      cell_ = std::move(other.cell_);
    }
    return *this;
  }
  ~on_loop() { reset(); }

  explicit operator bool() const { return cell_ && cell_->value != nullptr; }
  T& operator*() const { return *cell_->value; }
  T* operator->() const { return cell_->value; }

  /// At once on the loop's thread, else as soon as the loop comes to it.
  void reset() noexcept {
    if (!cell_) return;
    auto last = std::move(cell_);
    auto& home = *last->home;
    if (home.here()) {
      home.forget(*last);
      last->leave();
    } else {
      home.post_last([last = std::move(last)] {
        last->home->forget(*last);
        last->leave();
      });
    }
  }

private:
  struct cell final : loop_resident {
    explicit cell(loop& at) : home(at.shared_from_this()) {}
    void leave() noexcept override {
      // No smart pointer: theirs must not throw.
      auto* const last = std::exchange(value, nullptr);
      try {
        delete last;
      } catch (const std::exception& e) {
        log().warn("a destructor failed: {}", e.what());
      } catch (const kj::Exception& e) {
        log().warn("a destructor failed: {}", e.getDescription().cStr());
      }
    }
    std::shared_ptr<loop> home;
    T* value = nullptr;
  };
  std::shared_ptr<cell> cell_;
};

} // namespace interswarm::runtime
