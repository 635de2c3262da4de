#pragma once

#include "actors/runtime/error.hpp"
#include "actors/runtime/loop.hpp"
#include "actors/runtime/on_loop.hpp"

#include <algorithm>
#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace interswarm::runtime {

/// An exception that left a handler: logged, and the actor ends with it as its reason.
caf::error on_handler_exception(const char* actor_name, std::exception_ptr& e);
/// A message that no handler takes: logged, and a request is refused.
caf::result<caf::message> on_unknown_message(const char* actor_name, caf::message_view& message);

/// Marks actors that are destroyed by their loop between two events, whichever thread drops the
/// last handle, so that KJ callbacks may hold the actor's `this`. (When the loop has ended, on that
/// thread; then no callback is left.)
class loop_bound {
public:
  const std::shared_ptr<loop>& bound_to() const { return home_; }

protected:
  explicit loop_bound(loop& home) : home_(home.shared_from_this()) {}
  ~loop_bound() = default;

  /// Gives the request up at that time if it is unanswered. CAF's own clock wakes a thread for each
  /// request and keeps the actor alive until the time has come; this is a list beside one timer of
  /// the loop.
  void expect_answer(caf::message_id response, std::chrono::nanoseconds limit);
  virtual bool waits_for(caf::message_id response) const = 0;
  virtual void give_up(caf::message_id response) = 0;

private:
  struct expectation {
    kj::TimePoint deadline;
    caf::message_id response;
  };
  kj::Promise<void> watch();
  void expire();
  void forget_answered();

  std::shared_ptr<loop> home_;
  std::vector<expectation> expected_;
  std::size_t forget_at_ = 64;
  kj::Maybe<kj::TimePoint> next_check_;
  on_loop<kj::Promise<void>> check_;
};

template <class Handle>
struct actor_base {
  using type = typename Handle::base;
};
template <>
struct actor_base<caf::actor> {
  using type = caf::event_based_actor;
};

/// Base of every actor that does IO: all its handlers, timers and callbacks run on one loop.
/// `Handle` is its interface, such as msg::peer_actor (or caf::actor). The constructor runs on the
/// spawning thread: make KJ objects in `make_behavior` and keep them in on_loop boxes.
template <class Handle>
class loop_actor : public actor_base<Handle>::type, public loop_bound {
public:
  using super = typename actor_base<Handle>::type;

  loop_actor(caf::actor_config& config, loop& home) : super(config), loop_bound(home) {
    this->set_exception_handler(
        [this](std::exception_ptr& e) { return on_handler_exception(this->name(), e); });
    this->set_default_handler([](caf::scheduled_actor* self, caf::message_view& message) {
      return on_unknown_message(self->name(), message);
    });
  }

  using super::enqueue;
  void enqueue(caf::mailbox_element_ptr message, caf::execution_unit*) override {
    super::enqueue(std::move(message), bound_to().get());
  }
  void launch(caf::execution_unit*, bool lazy, bool hide) override {
    super::launch(bound_to().get(), lazy, hide);
  }

  /// As CAF's `request`, with the loop's timer behind the time limit.
  template <caf::message_priority Priority = caf::message_priority::normal, class To, class Rep,
            class Period, class... Ts>
  auto request(const To& to, std::chrono::duration<Rep, Period> limit, Ts&&... xs) {
    if (!home().here())
      return super::template request<Priority>(to, limit, std::forward<Ts>(xs)...);
    auto handle = super::template request<Priority>(to, caf::duration(caf::infinite),
                                                    std::forward<Ts>(xs)...);
    expect_answer(handle.id(), std::chrono::duration_cast<std::chrono::nanoseconds>(limit));
    return handle;
  }
  template <caf::message_priority Priority = caf::message_priority::normal, class To, class... Ts>
  auto request(const To& to, const caf::duration& limit, Ts&&... xs) {
    return super::template request<Priority>(to, limit, std::forward<Ts>(xs)...);
  }

protected:
  loop& home() const { return *bound_to(); }

private:
  bool waits_for(caf::message_id response) const final {
    return this->multiplexed_responses_.count(response) > 0 ||
           std::any_of(this->awaited_responses_.begin(), this->awaited_responses_.end(),
                       [&](const auto& waiting) { return waiting.first == response; });
  }
  void give_up(caf::message_id response) final {
    this->eq_impl(response, this->ctrl(), nullptr, caf::make_error(caf::sec::request_timeout));
  }
};

/// Starts `Actor(caf::actor_config&, loop&, args...)` on `home`; from any thread. Returns its typed
/// handle.
template <class Actor, class... Args>
auto spawn_on(loop& home, Args&&... args) {
  return home.system().template spawn<Actor>(home, std::forward<Args>(args)...);
}

} // namespace interswarm::runtime

/// CAF destroys an actor where its last handle goes; this is its storage class
/// (caf/actor_storage.hpp, same layout) with a destructor that moves to the actor's loop first.
template <class T>
requires std::is_base_of_v<interswarm::runtime::loop_bound, T>
class caf::actor_storage<T> {
public:
  template <class... Us>
  actor_storage(actor_id id, node_id node, actor_system* system, Us&&... args)
      : ctrl(id, node, system, data_dtor, block_dtor) {
    static_assert(sizeof(actor_control_block) < CAF_CACHE_LINE_SIZE);
    new (&data) T(std::forward<Us>(args)...);
  }
  ~actor_storage() {}
  actor_storage(const actor_storage&) = delete;
  actor_storage& operator=(const actor_storage&) = delete;

  actor_control_block ctrl;
  char pad[CAF_CACHE_LINE_SIZE - sizeof(actor_control_block)];
  union {
    T data;
  };
  /// A destruction is on its way. Not in `data`: it is looked at when that may be gone.
  std::atomic<bool> leaving{false};

private:
  static actor_storage& of(actor_control_block* block) {
    return *reinterpret_cast<actor_storage*>(block);
  }
  static void destroy(actor_control_block* block) {
    block->get()->on_destroy();
    of(block).data.~T();
    intrusive_ptr_release_weak(block);
  }
  /// On the loop. Until here KJ callbacks ran on the actor's `this`, and whoever of them sent a
  /// request or kept a handle brought it back to life: then the last of those handles ends it.
  static void destroy_unless_held(actor_control_block* block) {
    of(block).leaving = false;
    if (block->strong_refs.load() == 0 && !of(block).leaving.exchange(true)) destroy(block);
  }
  /// Comes each time the last handle goes.
  static void data_dtor(abstract_actor* actor) {
    auto* const block = actor_control_block::from(actor);
    // CAF takes a weak reference off after each call; the first one's keeps the memory.
    intrusive_ptr_add_weak_ref(block);
    if (of(block).leaving.exchange(true)) return;
    // The actor's own reference to the loop may be the last one.
    const auto home = of(block).data.bound_to();
    // Also on the loop's thread, where one of the actor's own callbacks may be what drops the last
    // handle.
    if (!home->post_last([block] { destroy_unless_held(block); })) destroy(block);
  }
  static void block_dtor(actor_control_block* block) {
    delete reinterpret_cast<actor_storage*>(block);
  }
};
